import type { Administration } from './patient-record.js';

type Rate = NonNullable<Administration['rate']>;

/** To micrograms, and to international or USP units (milliunits are written mU). */
const MASS_UG: ReadonlyMap<string, number> = new Map([
  ['ng', 0.001],
  ['ug', 1],
  ['mcg', 1],
  ['µg', 1],
  ['μg', 1],
  ['mg', 1000],
  ['g', 1_000_000],
]);
const UNITS: ReadonlyMap<string, number> = new Map([
  ['u', 1],
  ['[u]', 1],
  ["[usp'u]", 1],
  ['[iu]', 1],
  ['iu', 1],
  ['unit', 1],
  ['units', 1],
  ['{unit}', 1],
  ['mu', 0.001],
  ['m[iu]', 0.001],
]);
const MINUTES: ReadonlyMap<string, number> = new Map([
  ['min', 1],
  ['minute', 1],
  ['h', 60],
  ['hr', 60],
  ['hour', 60],
  ['d', 1440],
  ['day', 1440],
]);

/**
 * An infusion rate as the record holds it: vasopressin in U/min, every other agent in ug/kg/min. Undefined for a rate
 * that cannot be put so (a dose by the hour without body weight, a volume by the hour): it is not used, never guessed.
 * `unit` is UCUM (`ug/kg/min`, `[U]/h`) or the words charts use for it (`mcg/kg/hour`, `units/hour`).
 * Both the FHIR and the CSV road call exactly this.
 */
export function infusionRate(agent: string, value: number, unit: string | undefined): Rate | undefined {
  if (unit === undefined || !Number.isFinite(value) || value < 0) return undefined;
  const parts = unit
    .trim()
    .toLowerCase()
    .replace(/\/1(?=[a-z])/g, '/')
    .split(/[/.](?=[a-z{[µμ])/);
  const [amount, ...rest] = parts;
  const time = rest.at(-1);
  const minutes = time === undefined ? undefined : MINUTES.get(time);
  if (amount === undefined || minutes === undefined) return undefined;
  if (agent === 'vasopressin') {
    const units = UNITS.get(amount);
    return units === undefined || rest.length !== 1 ? undefined : { value: (value * units) / minutes, unit: 'U/min' };
  }
  const ug = MASS_UG.get(amount);
  if (ug === undefined || rest.length !== 2 || rest[0] !== 'kg') return undefined;
  return { value: (value * ug) / minutes, unit: 'ug/kg/min' };
}
