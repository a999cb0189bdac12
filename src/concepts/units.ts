import type { Concept } from './concept.js';
import { UNIT_ALIASES, UNITS } from './unit-table.js';

export type Conversion =
  | { readonly kind: 'ok'; readonly value: number }
  | { readonly kind: 'rejected'; readonly reason: 'unit-unknown' | 'unit-missing' | 'out-of-range' };

/** Units whose quantity has no dimension: a number without a unit can only mean one thing. */
const MAY_LACK_UNIT: ReadonlySet<string | null> = new Set(['{score}', '[pH]', '{INR}']);
/** MIMIC writes `units` for pH; it says nothing, so it counts only where no unit is needed. */
const SAYS_NOTHING: ReadonlySet<string> = new Set(['units', 'unit', 'none', '']);

/**
 * The value of a result in the concept's canonical UCUM unit, or why it may not be used: the unit is not understood or
 * not given, or the value is outside the keep range (in the canonical unit; dropped, never clipped).
 * Nothing is guessed from the size of a number, with one exception: inspired oxygen without a unit is a fraction from
 * 0.21 to 1 and a percentage from 21 to 100 (the ranges do not meet; mimic-code bg.sql does the same).
 * Deterministic; every adapter of every source calls this.
 */
export function toCanonical(concept: Concept, value: number, unitText: string | undefined): Conversion {
  if (concept.unit === null || !Number.isFinite(value)) return { kind: 'rejected', reason: 'unit-unknown' };
  const unit = ucumUnit(unitText);
  if (unit === undefined) return withoutUnit(concept, value);
  const converted = convert(concept, value, unit);
  return converted === undefined ? { kind: 'rejected', reason: 'unit-unknown' } : inRange(concept, converted);
}

/** The UCUM code a unit string stands for; undefined when it says nothing; the string itself when it is not understood. */
export function ucumUnit(text: string | undefined): string | undefined {
  const trimmed = text?.trim() ?? '';
  if (trimmed in UNITS) return trimmed;
  const key = trimmed.toLowerCase().replaceAll(/\s/g, '');
  if (SAYS_NOTHING.has(key)) return undefined;
  return UNIT_ALIASES[key] ?? trimmed;
}

function withoutUnit(concept: Concept, value: number): Conversion {
  if (MAY_LACK_UNIT.has(concept.unit)) return inRange(concept, value);
  if (concept.key === 'fio2') return inRange(concept, value <= 1 ? value * 100 : value);
  return { kind: 'rejected', reason: 'unit-missing' };
}

function convert(concept: Concept, value: number, unit: string): number | undefined {
  if (unit === concept.unit) return value;
  for (const { from, factor, offset } of concept.conversions) {
    if (from === unit) return (value + (offset ?? 0)) * factor;
  }
  const source = UNITS[unit];
  const target = UNITS[concept.unit ?? ''];
  if (!source || source.dimension !== target?.dimension) return undefined;
  const ratio = source.factor / target.factor;
  return (value + (source.offset ?? 0)) * ratio - (target.offset ?? 0);
}

function inRange({ range }: Concept, value: number): Conversion {
  if (range && (value < range.low || value > range.high)) return { kind: 'rejected', reason: 'out-of-range' };
  return { kind: 'ok', value };
}
