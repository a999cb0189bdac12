import type { SourceKey } from '../concepts/concept.js';
import { conceptByKey } from '../concepts/dictionary.js';
import { ServiceError } from '../errors/service-error.js';
import type { FeatureSpec } from '../features/feature-spec.js';
import { mapFeatures } from '../features/map-features.js';
import type { PatientRecord } from '../record/patient-record.js';

/** Sources a serving chart may lack; the Patient itself is always there. */
export const LOSABLE_SOURCES: readonly SourceKey[] = [
  'labs',
  'vitals',
  'bedside',
  'procedures',
  'administrations',
  'encounters',
  'conditions',
];

/**
 * For every column, the sources whose loss empties it. Found by asking the mapping itself: each sample is mapped with
 * and without the source, so training can mask exactly what serving would lose.
 * Throws ERR_DATASET when losing a source turns a value into another value instead of NaN.
 */
export function columnSources(
  spec: FeatureSpec,
  samples: readonly { readonly record: PatientRecord; readonly predictionTimeMs: number }[],
): SourceKey[][] {
  const sources: Set<SourceKey>[] = spec.tabular.map(() => new Set());
  for (const { record, predictionTimeMs } of samples) {
    const whole = mapFeatures(record, spec, { predictionTimeMs }).tabular;
    for (const source of LOSABLE_SOURCES) {
      if (record.coverage[source].kind === 'unavailable') continue;
      const without = mapFeatures(withoutSource(record, source), spec, { predictionTimeMs }).tabular;
      without.forEach((value, column) => {
        if (Object.is(value, whole[column])) return;
        if (!Number.isNaN(value)) {
          const name = spec.tabular[column]?.name ?? '';
          throw new ServiceError('ERR_DATASET', { detail: `column ${name} takes another value without ${source}` });
        }
        sources[column]?.add(source);
      });
    }
  }
  return sources.map((found) => LOSABLE_SOURCES.filter((source) => found.has(source)));
}

/** The record as it is when one source could not be read. */
export function withoutSource(record: PatientRecord, source: SourceKey): PatientRecord {
  return {
    ...record,
    values: record.values.filter(({ concept }) => conceptByKey(concept).source !== source),
    procedures: source === 'procedures' ? [] : record.procedures,
    administrations: source === 'administrations' ? [] : record.administrations,
    encounters: source === 'encounters' ? [] : record.encounters,
    conditions: source === 'conditions' ? [] : record.conditions,
    coverage: { ...record.coverage, [source]: { kind: 'unavailable', reason: 'upstream-error' } },
  };
}
