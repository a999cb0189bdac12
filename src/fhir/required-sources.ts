import type { ErrorCode } from '../errors/error-codes.js';
import { ServiceError } from '../errors/service-error.js';
import type { SourceKey } from '../concepts/concept.js';
import type { ChartResources } from '../record/chart-resources.js';
import type { UnavailableReason } from '../record/patient-record.js';
import type { FhirReport } from './fhir-report.js';

interface Missing {
  readonly key: SourceKey;
  readonly reason: UnavailableReason;
}

/**
 * Throws a ServiceError with status 412 where the Patient, or both labs and vitals, could neither be prefetched nor
 * obtained: ERR_FHIR_TIMEOUT, ERR_FHIR_UNAUTHORIZED or ERR_FHIR_ORIGIN where that is the whole reason, else
 * ERR_CHART_UNAVAILABLE. A record that merely holds no data is no error.
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
  const named = lacking.map(({ key, reason }) => `${key} (${reason})`).join(', ');
  throw new ServiceError(codeOf(lacking, report), {
    detail: `the chart could not be read: ${named}`,
    expression: lacking.map(({ key }) => `prefetch.${key}`).join(' | '),
  });
}

function codeOf(lacking: readonly Missing[], { flags }: FhirReport): ErrorCode {
  const allFor = (...reasons: readonly UnavailableReason[]): boolean =>
    lacking.every(({ reason }) => reasons.includes(reason));
  if (allFor('timeout')) return 'ERR_FHIR_TIMEOUT';
  if (allFor('unauthorized', 'not-in-scope')) return 'ERR_FHIR_UNAUTHORIZED';
  if (allFor('no-access') && flags['server-not-allowed'] !== undefined) return 'ERR_FHIR_ORIGIN';
  return 'ERR_CHART_UNAVAILABLE';
}
