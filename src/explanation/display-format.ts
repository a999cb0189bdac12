import type { Concept, ConceptKey } from '../concepts/concept.js';

/** How clinicians print a UCUM unit; a unit that is not here is printed as it is, annotations not at all. */
const PRINTED_UNITS: ReadonlyMap<string, string> = new Map([
  ['mm[Hg]', 'mmHg'],
  ['cm[H2O]', 'cmH2O'],
  ['Cel', '°C'],
  ['10*3/uL', '×10³/µL'],
  ['10*9/L', '×10⁹/L'],
  ['ug/kg/min', 'µg/kg/min'],
  ['[pH]', ''],
  ['1', ''],
  ['a', 'years'],
  ['u', 'units'],
]);

/** Digits after the point, as laboratories and charts print them; concepts not named here follow their size. */
const DECIMALS: ReadonlyMap<ConceptKey, number> = new Map([
  ['ph', 2],
  ['ical', 2],
  ['troponin_t', 2],
  ['nee', 2],
  ['shock_index', 2],
  ['lactate', 1],
  ['creatinine', 1],
  ['hb', 1],
  ['potassium', 1],
  ['bili', 1],
  ['albumin', 1],
  ['inr', 1],
  ['temp', 1],
  ['mg', 1],
  ['phos', 1],
  ['rdw', 1],
  ['base_excess', 1],
  ['urine_mlkgh', 1],
  ['urine_24h', 1],
  ['hct', 0],
  ['ptt', 0],
  ['sodium', 0],
  ['chloride', 0],
  ['bicarb', 0],
  ['age', 0],
]);

/** `mmHg` for `mm[Hg]`; an empty string for scores and ratios that are printed without a unit. */
export function printedUnit(ucum: string | null | undefined): string {
  if (!ucum) return '';
  const known = PRINTED_UNITS.get(ucum);
  return known ?? ucum.replace(/\{[^}]*\}/g, '');
}

/** The number with the digits usual for the concept, never `-0`. */
export function printedNumber(concept: ConceptKey, value: number): string {
  const decimals = DECIMALS.get(concept) ?? decimalsBySize(value);
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? text.replace(/^-/, '') : text;
}

function decimalsBySize(value: number): number {
  const size = Math.abs(value);
  if (Number.isInteger(value) || size >= 20) return 0;
  return size >= 1 ? 1 : 2;
}

/** `6.1 mmol/L`, `118/min`, `88 %`. */
export function printedValue(concept: ConceptKey, value: number, ucum: string | null | undefined): string {
  const unit = printedUnit(ucum);
  const number = printedNumber(concept, value);
  if (unit === '') return number;
  return unit.startsWith('/') ? `${number}${unit}` : `${number} ${unit}`;
}

/** `35 min ago`, `2 h ago`, `3 d ago`: minutes below one hour, hours below two days. */
export function printedAge(hoursBefore: number): string {
  const minutes = Math.round(hoursBefore * 60);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.round(hoursBefore);
  return hours < 48 ? `${hours} h ago` : `${Math.round(hoursBefore / 24)} d ago`;
}

/** `24 h`, `7 d`: a look-back in the unit it is spoken of. */
export function printedWindow(hours: number): string {
  return hours > 72 && hours % 24 === 0 ? `${hours / 24} d` : `${hours} h`;
}

const PROPER_NAMES = /^(Glasgow|Richmond|Charlson)\b/;

/** A dictionary display inside a sentence: `Lactate` becomes `lactate`, `INR` and `Glasgow` stay. */
export function nameInSentence({ display }: Pick<Concept, 'display'>): string {
  const isPlainWord = /^[A-Z][a-z]/.test(display) && !PROPER_NAMES.test(display);
  return isPlainWord ? display.charAt(0).toLowerCase() + display.slice(1) : display;
}
