import { describe, expect, test } from '@jest/globals';
import { auroc, aurocWithInterval, quantile, seededRandom } from '../../src/replay/metrics.js';

const call = (score: number, event: boolean, cluster = String(score)) => ({ score, event, cluster });

describe('AUROC', () => {
  test('is the share of pairs in the right order, ties counting half (worked by hand)', () => {
    expect(auroc([call(0.1, false), call(0.4, false), call(0.35, true), call(0.8, true)])).toBeCloseTo(0.75, 12);
    expect(auroc([call(1, true), call(1, false)])).toBe(0.5);
    expect(auroc([call(2, true), call(1, false)])).toBe(1);
  });

  test('is not a number without deaths or without survivors', () => {
    expect(auroc([call(1, false)])).toBeNaN();
    expect(auroc([])).toBeNaN();
  });

  test('the interval resamples patients, holds the value, and is the same for the same seed', () => {
    const random = seededRandom(3);
    const calls = Array.from({ length: 120 }, (_, i) => {
      const event = i % 4 === 0;
      return call(random() + (event ? 0.4 : 0), event, `patient-${i % 30}`);
    });
    const interval = aurocWithInterval(calls, { resamples: 200 });
    expect(interval.low).toBeLessThan(interval.value);
    expect(interval.high).toBeGreaterThan(interval.value);
    expect(interval).toMatchObject({ n: 120, events: 30 });
    expect(aurocWithInterval(calls, { resamples: 200 })).toEqual(interval);
  });

  test('one patient repeated makes the interval wider than as many patients', () => {
    const base = Array.from({ length: 40 }, (_, i) => call((i * 7) % 40, i % 3 === 0, `p${i}`));
    const apart = aurocWithInterval([...base, ...base.map((one) => ({ ...one, cluster: `${one.cluster}b` }))]);
    const together = aurocWithInterval([...base, ...base]);
    expect(together.high - together.low).toBeGreaterThan(apart.high - apart.low);
  });

  test('quantiles interpolate', () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantile([], 0.5)).toBeNaN();
  });
});
