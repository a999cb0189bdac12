import { ServiceError } from '../errors/service-error.js';
import { rowInputs } from './graph-inputs.js';
import type { GoldenRows, LearnerScores, ModelBundle } from './model-bundle.js';
import { calibratedLogit, sigmoid, stackPattern } from './stack.js';
import { rawScore } from './tree-walk.js';

/** Between the TypeScript trees and LightGBM's own score: both in double precision. */
const TREE_TOLERANCE = 1e-9;

type Row = GoldenRows['rows'][number];
type Check = (stage: string, expected: number, found: number, within: number) => void;

/**
 * Scores the rows that training wrote, one by one as the service does, and compares every stage with what training
 * saw: each base learner's logit by ONNX Runtime and by the trees, the gate, the calibrated logit, the probability.
 * Throws ERR_MODEL_BUNDLE naming the row and the stage.
 */
export async function verifyGoldenRows(bundle: ModelBundle, golden: GoldenRows): Promise<void> {
  for (const [index, row] of golden.rows.entries()) {
    await verifyRow(bundle, row, golden.tolerance.logit, (stage, expected, found, within) => {
      if (Math.abs(found - expected) <= within) return;
      throw new ServiceError('ERR_MODEL_BUNDLE', {
        detail: `golden.json: row ${index}, ${stage}: expected ${expected} ± ${within}, found ${found}`,
      });
    });
  }
}

async function verifyRow(bundle: ModelBundle, row: Row, tolerance: number, check: Check): Promise<void> {
  const dimension = bundle.manifest.noteEncoder?.dimension ?? 0;
  check('columns', bundle.spec.tabular.length, row.tabular.length, 0);
  check('note vector', row.noteVector ? dimension : 0, row.noteVector?.length ?? 0, 0);
  const { conceptIds = [], hoursBefore = [], values = [] } = row.series ?? {};
  check('hours of tokens', conceptIds.length, hoursBefore.length, 0);
  check('values of tokens', conceptIds.length, values.length, 0);
  if (conceptIds.length > bundle.spec.series.maxTokens) {
    check('tokens', bundle.spec.series.maxTokens, conceptIds.length, 0);
  }
  const tabular = Float32Array.from(row.tabular, (value) => value ?? NaN);
  const inputs = rowInputs(bundle.spec, dimension, { tabular, series: row.series, noteVector: row.noteVector });
  const logits: Record<string, number> = {};
  for (const [learner, expected] of Object.entries(row.logits)) {
    const scores = await bundle.score(learner, inputs);
    const found = scores.logits[0] ?? NaN;
    check(`logit of ${learner}`, expected, found, tolerance);
    const trees = bundle.trees.get(learner);
    if (trees) check(`trees of ${learner}`, expected, rawScore(trees, tabular), TREE_TOLERANCE);
    checkGate(learner, row, scores, tolerance, check);
    logits[learner] = found;
  }
  const pattern = stackPattern(bundle.stack, Object.keys(row.logits));
  const logit = calibratedLogit(bundle.stack, pattern, logits);
  const sumOfWeights = Object.values(pattern.weights).reduce((sum, weight) => sum + weight, 0);
  const within = 2 * tolerance * bundle.stack.calibration.slope * Math.max(1, sumOfWeights);
  check('calibrated logit', row.calibratedLogit, logit, within);
  check('probability', row.probability, sigmoid(logit), Math.max(tolerance, within / 4));
}

function checkGate(learner: string, row: Row, { gates }: LearnerScores, tolerance: number, check: Check): void {
  if (!gates || !row.gate) return;
  row.gate.forEach((expected, place) => {
    check(`gate of ${learner}, weight ${place}`, expected, gates[place] ?? NaN, tolerance);
  });
}
