import type { ConceptKey } from '../concepts/concept.js';
import type { ModelBundle } from '../ensemble/model-bundle.js';
import type { RiskPrediction } from '../ensemble/risk-prediction.js';
import { ServiceError } from '../errors/service-error.js';
import type { TabularColumn } from '../features/feature-spec.js';
import type { FeatureTensors } from '../features/feature-tensors.js';
import type { PartContribution } from './explanation.js';
import { treeShap } from './tree-shap.js';

/**
 * How far the trees' own sum may be from the graph's raw score. The graph adds up in float32; more than this means that
 * `gbm.json` and `gbm.onnx` are not the same model.
 */
const GRAPH_TOLERANCE = 1e-3;

export interface ColumnContribution {
  readonly column: TabularColumn;
  /** Position in the tabular tensor. */
  readonly index: number;
  /** Calibrated log-odds. */
  readonly contribution: number;
}

export interface ConceptContributions {
  /** Calibrated log-odds with no explained column known. */
  readonly base: number;
  /** Columns by the concept they are shown under; concepts in the order of the spec. */
  readonly byConcept: ReadonlyMap<ConceptKey, readonly ColumnContribution[]>;
  /** Scored learners without trees. */
  readonly parts: readonly PartContribution[];
}

/**
 * Contributions to the calibrated log-odds: of the tabular columns, each tree learner's Shapley values; of a learner without
 * trees, its score less its usual one (`references` of the stack). Both times the stack weight and the calibration slope.
 * `base + Σ columns + Σ parts = prediction.logit`.
 * Throws ERR_MODEL_BUNDLE when a learner's trees do not add up to the score its graph gave.
 */
export function conceptContributions(
  bundle: ModelBundle,
  tensors: FeatureTensors,
  prediction: RiskPrediction,
): ConceptContributions {
  const columns = bundle.spec.tabular;
  const sums = new Float64Array(columns.length);
  const parts: PartContribution[] = [];
  for (const { id, logit, weight } of prediction.baseLearners) {
    if (logit === undefined) continue;
    const scale = weight * bundle.stack.calibration.slope;
    const trees = bundle.trees.get(id);
    if (!trees) {
      parts.push({ learner: id, contribution: scale * (logit - (bundle.stack.references?.[id] ?? 0)) });
      continue;
    }
    const { contributions, base } = treeShap(trees, tensors.tabular);
    const own = contributions.reduce((sum, share) => sum + share, base);
    if (!(Math.abs(own - logit) <= GRAPH_TOLERANCE * Math.max(1, Math.abs(logit)))) {
      throw new ServiceError('ERR_MODEL_BUNDLE', { detail: `the trees and the graph of base learner ${id} disagree` });
    }
    contributions.forEach((share, index) => {
      sums[index] = (sums[index] ?? 0) + share * scale;
    });
  }

  const byConcept = new Map<ConceptKey, ColumnContribution[]>();
  columns.forEach((column, index) => {
    const entry = { column, index, contribution: sums[index] ?? 0 };
    const known = byConcept.get(column.concept);
    if (known) known.push(entry);
    else byConcept.set(column.concept, [entry]);
  });
  const explained = parts.reduce((sum, { contribution }) => sum + contribution, 0);
  return { base: prediction.logit - sums.reduce((sum, share) => sum + share, explained), byConcept, parts };
}
