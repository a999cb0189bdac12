import type { ConceptKey } from '../../../concepts/concept.js';
import { concepts } from '../../../concepts/dictionary.js';
import { buildFeatureSpec } from '../../../features/build-feature-spec.js';
import type { FeatureSpec } from '../../../features/feature-spec.js';

export const ICU_BASELINE_ID = 'icu-baseline';

/**
 * Left out although Challenge 2012 has a name for them, because whether and how often they are there would tell the source:
 * - spo2: SaO2 there is the saturation of a blood gas, two values in two days; bedside charts hold pulse oximetry hourly;
 * - rr: RespRate there is charted in no stay with ventilation and in about half of the others; bedside charts always hold it.
 */
const MISSING_TELLS_THE_SOURCE: readonly ConceptKey[] = ['spo2', 'rr'];

/**
 * The feature spec of the first model: only concepts that Challenge 2012 observes, so that a missing value never stands
 * for "this is the training data" (no haemoglobin, INR, aPTT, drugs, diagnoses).
 */
export function icuBaselineSpec(): FeatureSpec {
  const observable = concepts
    .filter(({ key, challenge2012 }) => challenge2012.length > 0 && !MISSING_TELLS_THE_SOURCE.includes(key))
    .map(({ key }) => key);
  // The source says whether a patient was ventilated and nothing about other support: other levels would be guesses.
  const levels = { resp_support: ['invasive-ventilation'] };
  return buildFeatureSpec({ id: ICU_BASELINE_ID, concepts: observable, levels });
}
