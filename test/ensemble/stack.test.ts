import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { StackSpec } from '../../src/ensemble/model-bundle.js';
import { riskTier } from '../../src/ensemble/risk-tier.js';
import { calibratedLogit, sigmoid, stackPattern } from '../../src/ensemble/stack.js';
import { ServiceError } from '../../src/errors/service-error.js';

const stack: StackSpec = {
  kind: 'affine-logit',
  patterns: [
    { learners: ['gbm'], intercept: 0.1, weights: { gbm: 0.9 } },
    { learners: ['gbm', 'notes'], intercept: 0, weights: { gbm: 0.6, notes: 0.4 } },
  ],
  calibration: { slope: 1.2, intercept: -0.3 },
};

describe('stack and calibration', () => {
  test('each availability pattern has its own weights, whatever the order of the learners', () => {
    expect(stackPattern(stack, ['notes', 'gbm']).weights).toEqual({ gbm: 0.6, notes: 0.4 });
    expect(stackPattern(stack, ['gbm']).weights).toEqual({ gbm: 0.9 });
  });

  test('fault: a pattern the bundle has no weights for is refused, not guessed', () => {
    expect(() => stackPattern(stack, ['notes'])).toThrow(ServiceError);
    expect(() => stackPattern(stack, ['notes'])).toThrow(/no weights for the base learners available now \(notes\)/);
    expect(() => stackPattern(stack, [])).toThrow(/none/);
  });

  test('is affine on the logit scale at both steps', () => {
    const pattern = stackPattern(stack, ['gbm', 'notes']);
    expect(calibratedLogit(stack, pattern, { gbm: -2, notes: 1 })).toBeCloseTo(1.2 * (0.6 * -2 + 0.4 * 1) - 0.3, 12);
  });

  test('a learner of the pattern without a logit gives no number rather than a wrong one', () => {
    expect(calibratedLogit(stack, stackPattern(stack, ['gbm', 'notes']), { gbm: -2 })).toBeNaN();
  });
});

describe('risk tiers', () => {
  test.each([
    [0, 'low'],
    [0.0299999, 'low'],
    [0.03, 'moderate'],
    [0.0999999, 'moderate'],
    [0.1, 'high'],
    [0.2499999, 'high'],
    [0.25, 'very-high'],
    [1, 'very-high'],
  ] as const)('a probability of %p is %s', (probability, tier) => {
    expect(riskTier(probability)).toBe(tier);
  });

  test('a higher logit never falls into a lower tier', () => {
    const rank = ['low', 'moderate', 'high', 'very-high'];
    const logit = fc.double({ min: -12, max: 12, noNaN: true });
    fc.assert(
      fc.property(logit, logit, (a, b) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        expect(rank.indexOf(riskTier(sigmoid(high)))).toBeGreaterThanOrEqual(rank.indexOf(riskTier(sigmoid(low))));
      }),
    );
  });
});
