import { SOURCE_KEYS } from '../concepts/concept.js';
import { conceptByKey } from '../concepts/dictionary.js';
import type { FeatureSpec } from '../features/feature-spec.js';
import { CONCEPT_STATES, type FeatureTensors } from '../features/feature-tensors.js';
import type { PatientRecord } from '../record/patient-record.js';
import type { Contribution, UnavailableSource } from './explanation.js';

/**
 * Display names of measurements the model reads that were looked for and not found; those whose absence moved this
 * prediction most come first, then the spec's order.
 * Treatments that were not given are no gap and are not listed, nor is anything of a source that could not be read.
 */
export function absentConcepts(
  spec: FeatureSpec,
  tensors: FeatureTensors,
  contributions: readonly Contribution[],
): readonly string[] {
  const share = new Map(contributions.map(({ concept, contribution }) => [concept, Math.abs(contribution)]));
  return spec.states
    .filter((_key, index) => CONCEPT_STATES[tensors.states[index] ?? -1] === 'absent')
    .toSorted((a, b) => (share.get(b) ?? 0) - (share.get(a) ?? 0))
    .map((key) => conceptByKey(key))
    .filter(({ source }) => source === 'labs' || source === 'vitals' || source === 'bedside' || source === 'patient')
    .map(({ display }) => display);
}

/** Sources of the chart that could not be read, with the reason. */
export function unavailableSources({ coverage }: PatientRecord): readonly UnavailableSource[] {
  return SOURCE_KEYS.flatMap((source) => {
    const state = coverage[source];
    return state.kind === 'unavailable' ? [{ source, reason: state.reason }] : [];
  });
}
