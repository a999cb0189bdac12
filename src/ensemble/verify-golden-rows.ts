import { ServiceError } from '../errors/service-error.js';
import type { GoldenRows, ModelBundle } from './model-bundle.js';
import { calibratedLogit, sigmoid, stackPattern } from './stack.js';
import { rawScore } from './tree-walk.js';

/** Between the TypeScript trees and LightGBM's own score: both in double precision. */
const TREE_TOLERANCE = 1e-9;

/**
 * Scores the rows that training wrote, one by one as the service does, and compares every stage with what training
 * saw: each base learner's logit by ONNX Runtime and by the trees, the calibrated logit, the probability.
 * Throws ERR_MODEL_BUNDLE naming the row and the stage.
 */
export async function verifyGoldenRows(bundle: ModelBundle, golden: GoldenRows): Promise<void> {
  const tolerance = golden.tolerance.logit;
  for (const [index, row] of golden.rows.entries()) {
    const check = (stage: string, expected: number, found: number, within: number): void => {
      if (Math.abs(found - expected) <= within) return;
      throw new ServiceError('ERR_MODEL_BUNDLE', {
        detail: `golden.json: row ${index}, ${stage}: expected ${expected} ± ${within}, found ${found}`,
      });
    };
    check('columns', bundle.spec.tabular.length, row.tabular.length, 0);
    const tabular = Float32Array.from(row.tabular, (value) => value ?? NaN);
    const logits: Record<string, number> = {};
    for (const [learner, expected] of Object.entries(row.logits)) {
      const found = (await bundle.score(learner, tabular, 1))[0] ?? NaN;
      check(`logit of ${learner}`, expected, found, tolerance);
      const trees = bundle.trees.get(learner);
      if (trees) check(`trees of ${learner}`, expected, rawScore(trees, tabular), TREE_TOLERANCE);
      logits[learner] = found;
    }
    const pattern = stackPattern(bundle.stack, Object.keys(row.logits));
    const logit = calibratedLogit(bundle.stack, pattern, logits);
    check('calibrated logit', row.calibratedLogit, logit, 2 * tolerance * bundle.stack.calibration.slope);
    check('probability', row.probability, sigmoid(logit), tolerance);
  }
}
