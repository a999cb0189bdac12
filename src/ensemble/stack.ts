import { ServiceError } from '../errors/service-error.js';
import type { StackSpec } from './model-bundle.js';

/** The affine map from base learners' logits to the calibrated logit, for one availability pattern. */
export interface StackPattern {
  readonly weights: Readonly<Record<string, number>>;
  readonly intercept: number;
}

/**
 * The stack's weights for exactly these available base learners.
 * Throws ERR_MODEL_BUNDLE when the bundle has none for the pattern: nothing is guessed for an absent modality.
 */
export function stackPattern(stack: StackSpec, available: readonly string[]): StackPattern {
  const wanted = [...available].sort().join('+');
  const pattern = stack.patterns.find((p) => [...p.learners].sort().join('+') === wanted);
  if (!pattern) {
    throw new ServiceError('ERR_MODEL_BUNDLE', {
      detail: `stack.json has no weights for the base learners available now (${wanted || 'none'})`,
    });
  }
  return { weights: pattern.weights, intercept: pattern.intercept };
}

/** Calibrated log-odds from base learners' raw log-odds: affine at both steps, so contributions stay additive. */
export function calibratedLogit(
  stack: StackSpec,
  pattern: StackPattern,
  logits: Readonly<Record<string, number>>,
): number {
  let stacked = pattern.intercept;
  for (const [learner, weight] of Object.entries(pattern.weights)) stacked += weight * (logits[learner] ?? NaN);
  return stack.calibration.slope * stacked + stack.calibration.intercept;
}

/** Probability of a log-odds value. */
export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
