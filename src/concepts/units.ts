import type { Concept } from './concept.js';
import { UNIT_ALIASES, UNITS, type UnitDefinition } from './unit-table.js';

export type Conversion =
  | { readonly kind: 'ok'; readonly value: number }
  | { readonly kind: 'rejected'; readonly reason: 'unit-unknown' | 'unit-missing' | 'out-of-range' };

/** How a number in one unit becomes one in the concept's unit. */
type Rule =
  | { readonly kind: 'same' }
  /** `(value + offset) * factor - shift` */
  | { readonly kind: 'scale'; readonly offset: number; readonly factor: number; readonly shift: number }
  | { readonly kind: 'oxygen' }
  | { readonly kind: 'rejected'; readonly reason: 'unit-unknown' | 'unit-missing' };

const UNKNOWN: Rule = { kind: 'rejected', reason: 'unit-unknown' };
const MISSING: Rule = { kind: 'rejected', reason: 'unit-missing' };

const units: ReadonlyMap<string, UnitDefinition> = new Map(Object.entries(UNITS));
const aliases: ReadonlyMap<string, string> = new Map(Object.entries(UNIT_ALIASES));

/** Units whose quantity has no dimension: a number without a unit can only mean one thing. */
const MAY_LACK_UNIT: ReadonlySet<string | null> = new Set(['{score}', '[pH]', '{INR}']);
/** MIMIC writes `units` for pH; it says nothing, so it counts only where no unit is needed. */
const SAYS_NOTHING: ReadonlySet<string> = new Set(['units', 'unit', 'none', '']);

/** Digits a converted number is rounded to: 78 g/L and 7.8 g/dL are then the same number, bit for bit. */
const SIGNIFICANT_DIGITS = 12;
/** Spellings remembered per concept; a chart with more of them is read all the same, only slower. */
const MAX_REMEMBERED_SPELLINGS = 100;

const rulesOf = new WeakMap<Concept, Map<string, Rule>>();

/**
 * The value of a result in the concept's canonical UCUM unit, or why it may not be used: the unit is not understood or
 * not given, or the value is outside the keep range (in the canonical unit; dropped, never clipped).
 * Nothing is guessed from the size of a number, with one exception: inspired oxygen without a unit is a fraction up to 1
 * and a percentage above (the keep range, 21 to 100, leaves nothing in between; mimic-code bg.sql does the same).
 * Deterministic; every adapter of every source calls this.
 * @see docs/adr/0004-units.md
 */
export function toCanonical(concept: Concept, value: number, unitText: string | undefined): Conversion {
  const rule = ruleFor(concept, unitText ?? '');
  switch (rule.kind) {
    case 'rejected':
      return { kind: 'rejected', reason: rule.reason };
    case 'same':
      return inRange(concept, value);
    case 'oxygen':
      return inRange(concept, value <= 1 ? rounded(value * 100) : value);
    case 'scale':
      return inRange(concept, rounded((value + rule.offset) * rule.factor - rule.shift));
  }
}

/** The UCUM code a unit string stands for; undefined when it says nothing; the string itself when it is not understood. */
export function ucumUnit(text: string | undefined): string | undefined {
  const trimmed = text?.trim() ?? '';
  if (units.has(trimmed)) return trimmed;
  const spelled = spelling(trimmed);
  if (SAYS_NOTHING.has(spelled)) return undefined;
  const bare = withoutAnnotation(trimmed);
  return aliases.get(spelled) ?? (units.has(bare) ? bare : (aliases.get(spelling(bare)) ?? trimmed));
}

/** Lower case, no blanks, one spelling for micro, degree and times. Letters decide, so `K/uL` is never kelvin. */
function spelling(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/\s/g, '')
    .replaceAll(/[µμ]/g, 'u')
    .replaceAll(/º|&#176;|&deg;/g, '°')
    .replaceAll('×', 'x');
}

/** UCUM annotations (`10*3/uL{plt}`) carry no unit; a unit that is nothing but an annotation stays as it is. */
function withoutAnnotation(text: string): string {
  const bare = text.replaceAll(/\{[^{}]*\}/g, '');
  return bare === '' ? text : bare;
}

function ruleFor(concept: Concept, unitText: string): Rule {
  let rules = rulesOf.get(concept);
  if (!rules) rulesOf.set(concept, (rules = new Map<string, Rule>()));
  const known = rules.get(unitText);
  if (known) return known;
  const rule = findRule(concept, unitText);
  if (rules.size < MAX_REMEMBERED_SPELLINGS) rules.set(unitText, rule);
  return rule;
}

function findRule({ key, unit: canonical, conversions, hasClosedUnits }: Concept, unitText: string): Rule {
  if (canonical === null) return UNKNOWN;
  const unit = ucumUnit(unitText);
  if (unit === undefined) {
    if (MAY_LACK_UNIT.has(canonical)) return { kind: 'same' };
    return key === 'fio2' ? { kind: 'oxygen' } : MISSING;
  }
  const own = conversions.find(({ from }) => from === unit);
  if (own) return { kind: 'scale', offset: own.offset ?? 0, factor: own.factor, shift: 0 };
  if (hasClosedUnits === true) return UNKNOWN;
  if (unit === canonical) return { kind: 'same' };
  const source = units.get(unit);
  const target = units.get(canonical);
  if (!source || source.dimension !== target?.dimension) return UNKNOWN;
  const factor = source.factor / target.factor;
  return { kind: 'scale', offset: source.offset ?? 0, factor, shift: target.offset ?? 0 };
}

function rounded(value: number): number {
  return Number(value.toPrecision(SIGNIFICANT_DIGITS));
}

function inRange({ range }: Concept, value: number): Conversion {
  const isKept = Number.isFinite(value) && (range === null || (value >= range.low && value <= range.high));
  // + 0 turns −0 into 0: they are one number, and must be one bit pattern in a tensor.
  return isKept ? { kind: 'ok', value: value + 0 } : { kind: 'rejected', reason: 'out-of-range' };
}
