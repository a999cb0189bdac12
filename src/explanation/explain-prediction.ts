import { conceptByKey } from '../concepts/dictionary.js';
import type { ModelBundle } from '../ensemble/model-bundle.js';
import type { RiskPrediction } from '../ensemble/risk-prediction.js';
import { CONCEPT_STATES, type FeatureTensors } from '../features/feature-tensors.js';
import type { PatientRecord } from '../record/patient-record.js';
import { conceptContributions, type ColumnContribution } from './concept-contributions.js';
import { describeDriver } from './driver-wording.js';
import type { Contribution, Driver, Explanation } from './explanation.js';
import { absentConcepts, unavailableSources } from './missing-data.js';

export interface ExplainOptions {
  /** Three to five; default five. */
  readonly maxDrivers?: number;
}

const FEWEST_DRIVERS = 3;
const MOST_DRIVERS = 5;
/** After the third, a driver is named only when it moves the odds by about a tenth. */
const NOTABLE_LOG_ODDS = 0.1;

/**
 * Why the prediction is what it is: signed shares of clinical concepts in the calibrated log-odds, the largest of them in
 * words, the share of each network, and what was not measured or could not be read.
 * `base + Σ contributions + Σ parts = prediction.logit` within 1e-6.
 * Throws ERR_MODEL_BUNDLE when the trees do not add up to the score.
 */
export function explainPrediction(
  bundle: ModelBundle,
  tensors: FeatureTensors,
  prediction: RiskPrediction,
  record: PatientRecord,
  { maxDrivers = MOST_DRIVERS }: ExplainOptions = {},
): Explanation {
  const { base, byConcept, parts } = conceptContributions(bundle, tensors, prediction);
  const contributions = [...byConcept]
    .map(([concept, columns]) => ({ concept, contribution: columns.reduce((sum, c) => sum + c.contribution, 0) }))
    .filter(({ contribution }) => contribution !== 0)
    .sort(largestFirst);
  const states = new Map(bundle.spec.states.map((key, index) => [key, CONCEPT_STATES[tensors.states[index] ?? 0]]));
  const drivers = chooseDrivers(contributions, maxDrivers).map((share): Driver => {
    const concept = conceptByKey(share.concept);
    const columns = (byConcept.get(share.concept) ?? []).toSorted(largestShareFirst);
    const state = states.get(share.concept) ?? 'observed';
    const evidence = tensors.evidence.get(share.concept);
    const described = describeDriver({ concept, state, columns, evidence, tensors, record });
    return { ...share, display: concept.display, ...described };
  });
  return {
    base,
    contributions,
    parts,
    drivers,
    absent: absentConcepts(bundle.spec, tensors, contributions),
    unavailable: unavailableSources(record),
  };
}

function largestFirst(a: Contribution, b: Contribution): number {
  const difference = Math.abs(b.contribution) - Math.abs(a.contribution);
  return difference !== 0 ? difference : a.concept < b.concept ? -1 : 1;
}

function chooseDrivers(sorted: readonly Contribution[], maxDrivers: number): readonly Contribution[] {
  const most = Math.min(MOST_DRIVERS, Math.max(FEWEST_DRIVERS, maxDrivers));
  return sorted
    .slice(0, most)
    .filter(({ contribution }, rank) => rank < FEWEST_DRIVERS || Math.abs(contribution) >= NOTABLE_LOG_ODDS);
}

function largestShareFirst(a: ColumnContribution, b: ColumnContribution): number {
  return Math.abs(b.contribution) - Math.abs(a.contribution) || a.index - b.index;
}
