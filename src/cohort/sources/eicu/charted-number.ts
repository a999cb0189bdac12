import type { Concept } from '../../../concepts/concept.js';
import { concepts } from '../../../concepts/dictionary.js';
import { toCanonical } from '../../../concepts/units.js';
import type { ObservedValue } from '../../../record/patient-record.js';
import type { RejectionTally } from '../../../record/rejection-tally.js';
import { unitMs, type UnitClock } from './eicu-time.js';

/** A number charted under a name of the dictionary. Times: minutes since the admission to the unit. */
export interface ChartedNumber {
  readonly concept: Concept;
  /** NaN where the cell holds no number. */
  readonly value: number;
  /** As charted, or what the table documents. */
  readonly unit: string | undefined;
  readonly comparator?: NonNullable<ObservedValue['comparator']>;
  readonly minutes: number;
  /** When it was filed; the charting time where the table has no time of filing. */
  readonly filedMinutes: number;
  readonly evidence: string;
}

const byName = new Map(concepts.flatMap((concept) => concept.eicu.map((name) => [name, concept] as const)));

/** The concept of an eICU name (`Hgb`, `heartrate`), or undefined. */
export function conceptByEicuName(name: string): Concept | undefined {
  return byName.get(name);
}

/** A charted number as a value of the record; none, and counted, where it is no number, no known unit or out of range. */
export function observedValue(number: ChartedNumber, clock: UnitClock, tally: RejectionTally): ObservedValue[] {
  const { concept, value, unit, comparator, minutes, filedMinutes, evidence } = number;
  if (Number.isNaN(value)) {
    tally.add('not-numeric', concept.key);
    return [];
  }
  const converted = toCanonical(concept, value, unit);
  if (converted.kind === 'rejected') {
    tally.add(converted.reason, concept.key);
    return [];
  }
  return [
    {
      concept: concept.key,
      value: converted.value,
      timeMs: unitMs(clock, minutes),
      availableMs: unitMs(clock, Math.max(minutes, filedMinutes)),
      ...(comparator === undefined ? {} : { comparator }),
      evidence,
    },
  ];
}
