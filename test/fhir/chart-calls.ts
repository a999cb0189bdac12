import type { FhirAuthorization, HookRequest, Prefetched } from '../../src/cds-hooks/hook-request.js';
import { SOURCE_KEYS, type SourceKey } from '../../src/concepts/concept.js';
import type { GatherOptions } from '../../src/fhir/gather-chart.js';
import { heartRate, observation, patient, PATIENT_ID, searchset, T0 } from '../support/fhir-resources.js';
import type { StubAnswer, StubRequest } from '../support/fhir-stub.js';

export const TOKEN = 'secret-token-1';
export const authorization: FhirAuthorization = {
  accessToken: TOKEN,
  tokenType: 'Bearer',
  expiresInSeconds: 300,
  scope: 'patient/*.rs',
  subject: 'cds',
  patient: PATIENT_ID,
};

interface CallOptions {
  readonly fhirServer?: string;
  readonly prefetch?: Partial<Record<SourceKey, Prefetched>>;
  /** What all other keys are; absent unless given. */
  readonly others?: Prefetched;
  readonly token?: FhirAuthorization | null;
}

/** A hook call for the synthetic patient; with a token unless `token` is null. */
export function hookCall({ fhirServer, prefetch = {}, others, token = authorization }: CallOptions = {}): HookRequest {
  return {
    hook: 'order-sign',
    hookInstance: '7e1f0c3a-0d43-4a4e-9a55-3f6a4a2f0b11',
    ...(fhirServer === undefined ? {} : { fhirServer }),
    ...(token === null || fhirServer === undefined ? {} : { fhirAuthorization: token }),
    context: {
      userId: 'Practitioner/dr1',
      patientId: PATIENT_ID,
      draftOrders: { resourceType: 'Bundle', type: 'collection' },
    },
    prefetch: new Map(
      SOURCE_KEYS.map((key): [string, Prefetched] => [key, prefetch[key] ?? others ?? { kind: 'absent' }]),
    ),
  };
}

export const options: GatherOptions = { predictionTimeMs: T0, mode: 'development', loopbackAllowed: true };

export const patientData: Prefetched = { kind: 'data', resource: patient() };
export const labsData: Prefetched = { kind: 'data', resource: searchset([observation()]) };

/** A small chart: the Patient, one haemoglobin, one heart rate; everything else is empty. */
export function smallChart({ source }: StubRequest): StubAnswer {
  switch (source) {
    case 'patient':
      return { body: patient() };
    case 'labs':
      return { body: searchset([observation()]) };
    case 'vitals':
      return { body: searchset([heartRate(1)]) };
    default:
      return { body: searchset([]) };
  }
}
