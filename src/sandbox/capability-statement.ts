import { MAXIMUM_COUNT } from './search-query.js';
import { RESOURCE_TYPES } from './search-parameters.js';

const SECURITY = { security: { description: 'A bearer token is needed for everything but this page.' } };

/** JSON text of the CapabilityStatement: exactly the types and parameters of the table. */
export function capabilityStatement(baseUrl: string, needsToken: boolean): string {
  return JSON.stringify({
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: '2026-11-01',
    kind: 'instance',
    software: { name: 'Hemolens sandbox' },
    implementation: {
      description: `In-memory FHIR server for trying and testing; pages of at most ${MAXIMUM_COUNT}`,
      url: baseUrl,
    },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'json'],
    rest: [
      {
        mode: 'server',
        ...(needsToken && SECURITY),
        interaction: [{ code: 'transaction' }, { code: 'batch' }],
        resource: [...RESOURCE_TYPES].map(([type, { parameters }]) => ({
          type,
          versioning: 'versioned',
          readHistory: false,
          updateCreate: true,
          conditionalCreate: true,
          conditionalUpdate: false,
          interaction: ['read', 'create', 'update', 'delete', 'search-type'].map((code) => ({ code })),
          searchParam: [
            { name: '_id', type: 'token' },
            { name: '_lastUpdated', type: 'date' },
            ...[...parameters].map(([name, { kind }]) => ({ name, type: kind })),
          ],
        })),
      },
    ],
  });
}
