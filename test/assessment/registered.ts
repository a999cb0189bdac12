import type { CdsClient } from '../../src/clients/cds-client.js';
import type { RegisteredClient } from '../../src/clients/registered-client.js';

/** A client that is registered with nothing set against its cards; `changes` replace members of its registration. */
export function registered(changes: Partial<RegisteredClient> = {}): CdsClient {
  return {
    id: 'ehr',
    registration: {
      id: 'ehr',
      iss: 'https://ehr.example.org',
      keys: { kind: 'jku', jku: 'https://ehr.example.org/jwks.json' },
      algorithms: ['ES384'],
      tenants: [],
      fhirBases: [],
      mode: 'cards',
      isEnabled: true,
      dialect: { cardDetail: 'markdown', audiences: [] },
      suppression: { userRoles: [], encounterClasses: [], locations: [] },
      cooldownHours: 0,
      callOptions: [],
      limits: { requestsPerMinute: 600, concurrent: 16 },
      ...changes,
    },
  };
}
