import type { ErrorCode } from '../errors/error-codes.js';
import { ServiceError } from '../errors/service-error.js';
import type { SourceKey } from '../concepts/concept.js';
import type { ChartResources } from '../record/chart-resources.js';
import type { UnavailableReason } from '../record/patient-record.js';
import { readPatientLinks } from '../record/patient-links.js';
import type { FhirFlag, FhirReport } from './fhir-report.js';

/** The server may not be called, or not with a token. */
const ORIGIN_FLAGS: readonly FhirFlag[] = ['server-not-allowed', 'token-over-http', 'address-refused'];

/** What the integrator is told to change, by what was noticed. */
export const FHIR_HINTS: Readonly<Partial<Record<FhirFlag, string>>> = {
  'server-not-allowed':
    'fhirServer is none of the FHIR bases this client may name: list it in the registration of the client, or, without registered clients, in HEMOLENS_FHIR_ALLOWED_BASES',
  'token-over-http': 'fhirServer is plain http and a token was sent for it: name the server by https',
  'token-expired': 'fhirAuthorization.expires_in is 0: send a token that is still valid',
  'address-refused':
    'the host of fhirServer leads to an address that may not be called: a FHIR server on a private network or on this machine needs HEMOLENS_FHIR_PRIVATE_NETWORKS=true',
  'not-r4': 'the FHIR server does not speak FHIR R4 (4.0): name an R4 base',
  'asked-to-wait': 'the FHIR server asked to be called later: try again then, or send the prefetch',
  'server-spared': 'the FHIR server asked to be called later: try again then, or send the prefetch',
  'server-down': 'the FHIR server failed many times in a row and is left alone for some seconds: try again then',
  'chart-too-large': 'the chart is over HEMOLENS_MAX_CHART_RESOURCES',
  'response-too-large': 'an answer, or all of them together (HEMOLENS_MAX_CHART_BYTES), were over the size limit',
};

/**
 * Throws ServiceError ERR_PATIENT_MERGED (412) where the Patient was replaced by another record: what this one still holds
 * is not the chart. @see ADR 0028
 */
export function refuseReplacedPatient({ sources }: Pick<ChartResources, 'sources'>): void {
  const [patient] = sources.patient.resources;
  if (!readPatientLinks(patient).isReplaced) return;
  throw new ServiceError('ERR_PATIENT_MERGED', {
    detail:
      'the patient of the context was replaced by another record (Patient.link of type replaced-by): sign the order on that one',
    expression: 'context.patientId',
  });
}

interface Missing {
  readonly key: SourceKey;
  readonly reason: UnavailableReason;
}

/**
 * Throws a ServiceError with status 412 where the Patient, or both labs and vitals, could neither be prefetched nor
 * obtained: ERR_FHIR_TIMEOUT, ERR_FHIR_UNAUTHORIZED, ERR_FHIR_ORIGIN, ERR_FHIR_VERSION or ERR_FHIR_BUSY where that is the
 * whole reason, else ERR_CHART_UNAVAILABLE. A record that merely holds no data is no error.
 * @see requirement 26
 */
export function requireReadableChart({ sources }: ChartResources, report: FhirReport): void {
  const missing = (key: SourceKey): readonly Missing[] => {
    const { coverage } = sources[key];
    return coverage.kind === 'unavailable' ? [{ key, reason: coverage.reason }] : [];
  };
  const [labs, vitals] = [missing('labs'), missing('vitals')];
  const measured = labs.length > 0 && vitals.length > 0 ? [...labs, ...vitals] : [];
  const lacking = [...missing('patient'), ...measured];
  if (lacking.length === 0) return;
  const hint = Object.entries(FHIR_HINTS).find(([flag]) => flag in report.flags)?.[1];
  const named = lacking.map(({ key, reason }) => `${key} (${reason})`).join(', ');
  throw new ServiceError(codeOf(lacking, report), {
    detail: `the chart could not be read: ${named}${hint === undefined ? '' : `; ${hint}`}`,
    expression: lacking.map(({ key }) => `prefetch.${key}`).join(' | '),
  });
}

function codeOf(lacking: readonly Missing[], { flags }: FhirReport): ErrorCode {
  const allFor = (...reasons: readonly UnavailableReason[]): boolean =>
    lacking.every(({ reason }) => reasons.includes(reason));
  if (allFor('timeout')) return 'ERR_FHIR_TIMEOUT';
  if (allFor('unauthorized', 'not-in-scope')) return 'ERR_FHIR_UNAUTHORIZED';
  if (allFor('no-access') && ORIGIN_FLAGS.some((flag) => flags[flag] !== undefined)) return 'ERR_FHIR_ORIGIN';
  if (allFor('not-r4')) return 'ERR_FHIR_VERSION';
  if (allFor('server-busy')) return 'ERR_FHIR_BUSY';
  return 'ERR_CHART_UNAVAILABLE';
}
