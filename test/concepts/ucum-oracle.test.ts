import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import { concepts } from '../../src/concepts/dictionary.js';
import { UNITS, type UnitDefinition } from '../../src/concepts/unit-table.js';

/** The part of @lhncbc/ucum-lhc (it ships no types) that this test uses. */
interface UcumUtilities {
  validateUnitString(text: string): { readonly status: string };
  convertUnitTo(
    from: string,
    value: number,
    to: string,
    options?: { readonly molecularWeight?: number; readonly charge?: number },
  ): { readonly status: string; readonly toVal: number | null };
}

const loaded = createRequire(import.meta.url)('@lhncbc/ucum-lhc') as {
  readonly UcumLhcUtils: { getInstance(): UcumUtilities };
};
const ucum = loaded.UcumLhcUtils.getInstance();

const RELATIVE_TOLERANCE = 1e-12;
/** Factors of the reference are given to four digits. */
const MOLAR_TOLERANCE = 1e-3;

const G_PER_MOL = {
  creatinine: 113.12,
  lactate: 90.08,
  bun: 28.014,
  glucose: 180.156,
  ical: 40.078,
  mg: 24.305,
  phos: 30.974,
  bili: 584.66,
};

describe('the unit table against a full UCUM implementation', () => {
  test('every unit is a valid UCUM code', () => {
    for (const code of Object.keys(UNITS))
      expect(`${code} ${ucum.validateUnitString(code).status}`).toBe(`${code} valid`);
  });

  test('converts between units of one dimension as UCUM does', () => {
    let compared = 0;
    for (const [from, source] of Object.entries(UNITS)) {
      for (const [to, target] of Object.entries(UNITS)) {
        if (from === to || source.dimension !== target.dimension) continue;
        const { status, toVal } = ucum.convertUnitTo(from, 37, to);
        expect(`${from} ${to} ${status}`).toBe(`${from} ${to} succeeded`);
        const ours = convert(37, source, target);
        expect(Math.abs((toVal ?? NaN) - ours)).toBeLessThanOrEqual(RELATIVE_TOLERANCE * Math.max(1, Math.abs(ours)));
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(150);
  });

  test.each(Object.entries(G_PER_MOL))('moles of %s are converted by its molar mass', (key, molecularWeight) => {
    const concept = concepts.find((one) => one.key === key);
    const molar = concept?.conversions.filter(({ from }) => from.endsWith('mol/L') || concept.unit === 'mmol/L') ?? [];
    const mass = molar.filter(({ from }) => from !== 'meq/L');
    expect(mass.length).toBeGreaterThan(0);
    for (const { from, factor } of mass) {
      const { toVal } = ucum.convertUnitTo(from, 1, concept?.unit ?? '', { molecularWeight });
      expect(Math.abs(factor / (toVal ?? NaN) - 1)).toBeLessThan(MOLAR_TOLERANCE);
    }
  });
});

function convert(value: number, source: UnitDefinition, target: UnitDefinition): number {
  return ((value + (source.offset ?? 0)) * source.factor) / target.factor - (target.offset ?? 0);
}
