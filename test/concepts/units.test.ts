import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { conceptByKey, conceptByLoinc, concepts } from '../../src/concepts/dictionary.js';
import { UNIT_ALIASES, UNITS } from '../../src/concepts/unit-table.js';
import { toCanonical, ucumUnit } from '../../src/concepts/units.js';

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
    ['sbp', 16, 'kPa', 120.010200867],
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
    ['plt', 92, 'K/mcL', 92],
    ['plt', 92, '10*3/uL{plt}', 92],
    ['hr', 88, '{beats}/min', 88],
    ['hr', 88, 'Beats/Min', 88],
    ['rr', 18, 'insp/min', 18],
    ['pco2', 40, 'mm Hg', 40],
    ['temp', 37.2, 'º C', 37.2],
    ['temp', 37.2, '&#176;C', 37.2],
    ['ptt', 33, 'sec', 33],
    ['inr', 1.4, '1', 1.4],
    ['gcs_motor', 5, '1', 5],
    ['ph', 7.31, '1', 7.31],
    ['ldh', 4, 'ukat/L', 240],
    ['urine_24h', 1.8, 'L/d', 1800],
    ['wbc', 12, 'x10^9/L', 12],
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
    ['hr', Number.NaN, '/min', 'out-of-range'],
    ['map', Number.POSITIVE_INFINITY, 'mmHg', 'out-of-range'],
    ['temp', 98.6, 'Cel', 'out-of-range'],
    ['temp', 37, undefined, 'unit-missing'],
    ['temp', 37, '°F', 'out-of-range'],
    ['fio2', 0.2, '1', 'out-of-range'],
    ['fio2', 15, '%', 'out-of-range'],
    ['spo2', 96, undefined, 'unit-missing'],
    ['plt', 92, 'K', 'unit-unknown'],
    ['plt', 92, 'fL', 'unit-unknown'],
    ['inr', 70, '%', 'unit-unknown'],
    ['gcs_total', 15, '%', 'unit-unknown'],
    ['gcs_total', 15, '{INR}', 'unit-unknown'],
    ['sodium', 140, 'mg/dL', 'unit-unknown'],
    ['alt', 40, 'constructor', 'unit-unknown'],
    ['prior_exposure', 2, 'toString', 'unit-unknown'],
    ['sex', 1, '1', 'unit-unknown'],
  ])('%s %p %s is not used: %s', (key, number, unit, reason) => {
    expect(value(key, number, unit)).toBe(reason);
  });

  test.each([
    ['22664-7', 10, 'mmol/L', 28.01],
    ['22664-7', 60, 'mg/dL', 28.0373831776],
    ['3091-6', 60, 'mg/dL', 28.0373831776],
    ['3091-6', 0.6, 'g/L', 28.0373831776],
    ['3094-0', 28, 'mg/dL', 28],
  ])('urea is not urea nitrogen: %s %p %s is %p mg/dL of urea nitrogen', (code, number, unit, expected) => {
    const concept = conceptByLoinc(code);
    expect(concept?.key).toBe('bun');
    expect(concept && toCanonical(concept, number, unit)).toEqual({ kind: 'ok', value: expected });
  });

  test('under a code of urea a unit that is not listed is not read', () => {
    const urea = conceptByLoinc('3091-6');
    expect(urea && toCanonical(urea, 600, 'mg/L')).toEqual({ kind: 'rejected', reason: 'unit-unknown' });
  });

  test('one quantity in two units is one number, bit for bit', () => {
    expect(value('hb', 78, 'g/L')).toBe(7.8);
    expect(value('temp', 98.6, '°F')).toBe(37);
    expect(value('plt', 92, '10*9/L')).toBe(92);
    expect(Object.is(value('base_excess', -0, 'mEq/L'), 0)).toBe(true);
  });

  test('units MIMIC-IV, eICU and clinicians write are understood', () => {
    const written =
      'mmHg|mm Hg|bpm|insp/min|°F|°C|K/uL|K/mcL|k/uL|mEq/L|g/dl|mg/dl|Inch|kg|cmH2O|cm H2O|%|L/min|IU/L|Units/L|sec|ug/kg/min|mcg/kg/min|units/hour|ng/mL|pg/mL|mmol/L|ratio|/min|ml';
    for (const text of written.split('|')) expect(Object.keys(UNITS)).toContain(ucumUnit(text));
    for (const text of ['', ' ', 'units', 'None']) expect(ucumUnit(text)).toBeUndefined();
    for (const text of ['m/uL', 'furlong']) expect(Object.keys(UNITS)).not.toContain(ucumUnit(text));
  });

  test('no string from outside makes it throw, and the same call gives the same answer', () => {
    fc.assert(
      fc.property(fc.constantFrom(...concepts), fc.double(), fc.string(), (concept, number, text) => {
        expect(toCanonical(concept, number, text)).toEqual(toCanonical(concept, number, text));
      }),
    );
  });

  test('what is kept lies in the keep range, whatever the unit', () => {
    const texts = [...Object.keys(UNITS), ...Object.keys(UNIT_ALIASES), undefined];
    fc.assert(
      fc.property(
        fc.constantFrom(...concepts),
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.constantFrom(...texts),
        (concept, number, text) => {
          const result = toCanonical(concept, number, text);
          if (result.kind === 'rejected' || !concept.range) return;
          expect(result.value).toBeGreaterThanOrEqual(concept.range.low);
          expect(result.value).toBeLessThanOrEqual(concept.range.high);
        },
      ),
    );
  });

  test('every alias names a unit of the table', () => {
    for (const [alias, code] of Object.entries(UNIT_ALIASES)) {
      expect(Object.keys(UNITS)).toContain(code);
      expect(`${alias} ${ucumUnit(alias) ?? ''}`).toBe(`${alias} ${code}`);
    }
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
