import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { conceptByKey, concepts } from '../../src/concepts/dictionary.js';
import { UNIT_ALIASES, UNITS } from '../../src/concepts/unit-table.js';
import { toCanonical } from '../../src/concepts/units.js';

const RELATIVE_TOLERANCE = 1e-9;

function value(key: string, number: number, unit: string | undefined): number | string {
  const result = toCanonical(conceptByKey(key), number, unit);
  return result.kind === 'ok' ? result.value : result.reason;
}

describe('units', () => {
  test.each([
    ['hb', 78, 'g/L', 7.8],
    ['hb', 5, 'mmol/L', 8.055],
    ['hct', 0.234, 'L/L', 23.4],
    ['hct', 0.234, '1', 23.4],
    ['creatinine', 141.472, 'umol/L', 1.6],
    ['creatinine', 141.472, 'µmol/L', 1.6],
    ['bili', 34.2, 'umol/L', 2],
    ['bun', 10, 'mmol/L', 28.01],
    ['glucose', 5, 'mmol/L', 90.08],
    ['lactate', 18.02, 'mg/dL', 2],
    ['plt', 92, '10*9/L', 92],
    ['plt', 92000, '/uL', 92],
    ['plt', 92, 'K/uL', 92],
    ['temp', 98.6, '°F', 37],
    ['temp', 98.6, '[degF]', 37],
    ['temp', 310.15, 'K', 37],
    ['sbp', 16, 'kPa', 120.00986923266718],
    ['map', 70, 'mmHg', 70],
    ['hr', 88, 'bpm', 88],
    ['spo2', 0.96, '1', 96],
    ['fio2', 0.4, '1', 40],
    ['fio2', 40, '%', 40],
    ['fio2', 0.4, undefined, 40],
    ['fio2', 40, undefined, 40],
    ['weight', 176, 'lbs', 79.83225712],
    ['height', 70, 'Inch', 177.8],
    ['sodium', 140, 'mEq/L', 140],
    ['ical', 2.2, 'meq/L', 1.1],
    ['alt', 40, 'IU/L', 40],
    ['ph', 7.31, 'units', 7.31],
    ['inr', 1.4, undefined, 1.4],
    ['gcs_total', 15, '', 15],
    ['troponin_t', 52, 'ng/L', 0.052],
    ['crp', 1.2, 'mg/dL', 12],
    ['peep', 5, 'cmH2O', 5],
    ['albumin', 29, 'g/L', 2.9],
  ])('%s %p %s is %p in the canonical unit', (key, number, unit, expected) => {
    expect(value(key, number, unit)).toBeCloseTo(expected, 6);
  });

  test.each([
    ['potassium', 4.4, 'furlong', 'unit-unknown'],
    ['hb', 7.8, 'mg/furlong', 'unit-unknown'],
    ['creatinine', 1.1, 'mm[Hg]', 'unit-unknown'],
    ['creatinine', 1.1, undefined, 'unit-missing'],
    ['glucose', 110, '', 'unit-missing'],
    ['hb', 78, 'g/dL', 'out-of-range'],
    ['fio2', 5, 'L/min', 'unit-unknown'],
    ['fio2', 6, undefined, 'out-of-range'],
    ['fio2', 0.4, '%', 'out-of-range'],
    ['glucose', 999999, 'mg/dL', 'out-of-range'],
    ['spo2', 12, '%', 'out-of-range'],
    ['hr', Number.NaN, '/min', 'unit-unknown'],
    ['sex', 1, '1', 'unit-unknown'],
  ])('%s %p %s is not used: %s', (key, number, unit, reason) => {
    expect(value(key, number, unit)).toBe(reason);
  });

  test('every alias names a unit of the table', () => {
    for (const code of Object.values(UNIT_ALIASES)) expect(Object.keys(UNITS)).toContain(code);
  });

  test('a value sent in any unit of its dimension comes back as the same number (round trip)', () => {
    const numeric = concepts.filter(({ unit, range }) => unit !== null && unit in UNITS && range);
    fc.assert(
      fc.property(fc.constantFrom(...numeric), fc.double({ min: 0.001, max: 0.999, noNaN: true }), (concept, share) => {
        const target = UNITS[concept.unit ?? ''];
        const { low, high } = concept.range ?? { low: 0, high: 1 };
        const canonical = low + share * (high - low);
        for (const [code, from] of Object.entries(UNITS)) {
          if (!target || from.dimension !== target.dimension || concept.conversions.some((c) => c.from === code))
            continue;
          const sent = ((canonical + (target.offset ?? 0)) * target.factor) / from.factor - (from.offset ?? 0);
          const got = toCanonical(concept, sent, code);
          const near = Math.abs((got.kind === 'ok' ? got.value : NaN) - canonical);
          expect(near).toBeLessThanOrEqual(RELATIVE_TOLERANCE * Math.max(1, Math.abs(canonical)));
        }
      }),
    );
  });
});
