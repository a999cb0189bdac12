import type { ObservedValue } from './patient-record.js';
import { UCUM } from './code-systems.js';
import { child, children, number, text, type Element } from './element.js';

type Comparator = NonNullable<ObservedValue['comparator']>;

/** What an Observation or one of its components says. */
export type Reading =
  | { readonly kind: 'number'; readonly value: number; readonly unit?: string; readonly comparator?: Comparator }
  /** No value, or `dataAbsentReason`. */
  | { readonly kind: 'none' }
  /** A score that could not be given because of a tube in the airway ("1T"). */
  | { readonly kind: 'intubated' }
  | { readonly kind: 'not-numeric' };

const COMPARATORS: ReadonlyMap<string, Comparator> = new Map([
  ['<', '<'],
  ['<=', '<='],
  ['≤', '<='],
  ['>', '>'],
  ['>=', '>='],
  ['≥', '>='],
]);
const NUMBER_IN_TEXT = /^\s*(<=|>=|[<>≤≥])?\s*([+-]?\d+(?:\.\d+)?)\s*([A-Za-zµμ%[{].*?)?\s*$/;
/** "1T", "1 T", "No Response-ETT", "intubated", "tracheostomy". Words only ever take a score away. */
const TUBE = /^\s*\d+\s*-?\s*T(?![a-z])|\bETT\b|\b(?:in|en)tubat|\btracheos?t|\bendotracheal\b/i;

/**
 * The number in `value[x]`: valueQuantity with its comparator, valueInteger, valueDecimal as some servers send it, or a
 * valueString that holds a number (">150", "<0.5 mg/L"). The unit is the UCUM code, or the unit's text where the quantity
 * names no UCUM code; undefined where the value has none.
 */
export function readValue(element: Element): Reading {
  const quantity = child(element, 'valueQuantity');
  if (quantity) return readQuantity(quantity);
  const integer = number(element, 'valueInteger') ?? number(element, 'valueDecimal');
  if (integer !== undefined) return { kind: 'number', value: integer };
  const string = text(element, 'valueString');
  if (string !== undefined) return TUBE.test(string) ? { kind: 'intubated' } : readText(string);
  const concept = child(element, 'valueCodeableConcept');
  if (!concept) return hasOtherValue(element) ? { kind: 'not-numeric' } : { kind: 'none' };
  const words = children(concept, 'coding').flatMap((coding) => [text(coding, 'code'), text(coding, 'display')]);
  return [...words, text(concept, 'text')].some((word) => word !== undefined && TUBE.test(word))
    ? { kind: 'intubated' }
    : { kind: 'not-numeric' };
}

function readQuantity(quantity: Element): Reading {
  const value = number(quantity, 'value');
  if (value === undefined) return { kind: 'none' };
  const sign = text(quantity, 'comparator');
  const comparator = sign === undefined ? undefined : COMPARATORS.get(sign);
  if (sign !== undefined && comparator === undefined) return { kind: 'not-numeric' };
  return numeric(value, unitOf(quantity), comparator);
}

/** The unit of a Quantity: its UCUM code, else its text. */
export function unitOf(quantity: Element | undefined): string | undefined {
  const code = text(quantity, 'code');
  if (code !== undefined && text(quantity, 'system') === UCUM) return code;
  return text(quantity, 'unit') ?? code;
}

function readText(string: string): Reading {
  const [, sign, digits, unit] = NUMBER_IN_TEXT.exec(string) ?? [];
  if (digits === undefined) return { kind: 'not-numeric' };
  return numeric(Number(digits), unit, sign === undefined ? undefined : COMPARATORS.get(sign));
}

function numeric(value: number, unit: string | undefined, comparator: Comparator | undefined): Reading {
  return {
    kind: 'number',
    value,
    ...(unit === undefined ? {} : { unit }),
    ...(comparator === undefined ? {} : { comparator }),
  };
}

function hasOtherValue(element: Element): boolean {
  return Object.keys(element).some((name) => /^value[A-Z]/.test(name));
}
