import { SOURCE_KEYS, type SourceKey } from '../../src/concepts/concept.js';
import type { ObservedValue, PatientRecord, SourceCoverage } from '../../src/record/patient-record.js';

export const HOUR_MS = 3_600_000;
/** A prediction time in the middle of a day, in UTC. */
export const T0 = Date.UTC(2026, 2, 8, 14, 30);

const covered: SourceCoverage = { kind: 'covered', sinceMs: null, origin: 'dataset' };

export function coverage(changes: Partial<Record<SourceKey, SourceCoverage>> = {}): Record<SourceKey, SourceCoverage> {
  return {
    ...(Object.fromEntries(SOURCE_KEYS.map((key) => [key, covered])) as Record<SourceKey, SourceCoverage>),
    ...changes,
  };
}

export function record(changes: Partial<PatientRecord> = {}): PatientRecord {
  return {
    birthDate: '1960-05-02',
    sex: 'female',
    values: [],
    administrations: [],
    procedures: [],
    encounters: [],
    conditions: [],
    notes: [],
    orders: [],
    coverage: coverage(),
    rejections: [],
    ...changes,
  };
}

/** A value taken so many hours before T0 and available when it was taken. */
export function observed(
  concept: string,
  value: number,
  hoursBefore: number,
  changes: Partial<ObservedValue> = {},
): ObservedValue {
  const timeMs = T0 - hoursBefore * HOUR_MS;
  return { concept, value, timeMs, availableMs: timeMs, evidence: `Observation/${concept}-${hoursBefore}`, ...changes };
}
