import { fullFeatureSpec } from '../../src/features/build-feature-spec.js';
import { CONCEPT_STATES, type FeatureTensors } from '../../src/features/feature-tensors.js';
import { mapFeatures } from '../../src/features/map-features.js';
import type { PatientRecord } from '../../src/record/patient-record.js';
import { HOUR_MS, record, T0 } from '../support/record-builder.js';

export const spec = fullFeatureSpec();

/** A chart mapped at T0, in an ICU unless told, by the full feature spec, columns and states by name. */
export interface MappedChart {
  readonly tensors: FeatureTensors;
  readonly column: (name: string) => number;
  readonly state: (key: string) => string;
}

/** An ICU stay that is still open: where nothing charted is nothing given. */
export const IN_ICU = { setting: 'icu', startMs: T0 - 400 * HOUR_MS, evidence: 'Encounter/icu' } as const;

export function map(changes: Partial<PatientRecord>): MappedChart {
  const tensors = mapFeatures(record({ encounters: [IN_ICU], ...changes }), spec, { predictionTimeMs: T0 });
  const column = (name: string): number => {
    const index = spec.tabular.findIndex((one) => one.name === name);
    if (index < 0) throw new Error(`no column ${name}`);
    return tensors.tabular[index] ?? NaN;
  };
  const state = (key: string): string => CONCEPT_STATES[tensors.states[spec.states.indexOf(key)] ?? -1] ?? 'none';
  return { tensors, column, state };
}
