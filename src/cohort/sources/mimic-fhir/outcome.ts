import { text, type Element } from '../../../record/element.js';
import { instantMs, latestInstantMs } from '../../../record/fhir-time.js';
import type { AdmissionFact, ChartFacts } from '../../cohort-source.js';
import type { Tally } from './tally.js';

/** What a Patient says of the death: a time, a day (days since the epoch), that there was one, or nothing. */
export type RecordedDeath =
  | { readonly kind: 'time'; readonly ms: number; readonly day: number }
  | { readonly kind: 'day'; readonly day: number }
  | { readonly kind: 'undated' }
  | { readonly kind: 'none' };

const DAY_MS = 86_400_000;
const WHOLE_DATE = /^\d{4}-\d{2}-\d{2}$/;

/** `deceasedDateTime` to the day or closer, else `deceasedBoolean`. */
export function readDeath(patient: Element): RecordedDeath {
  const when = text(patient, 'deceasedDateTime');
  const ms = instantMs(when);
  const day = Math.floor(Date.parse(when?.slice(0, 10) ?? '') / DAY_MS);
  if (ms !== undefined) return { kind: 'time', ms, day };
  if (when !== undefined && WHOLE_DATE.test(when) && latestInstantMs(when) !== undefined) return { kind: 'day', day };
  return when !== undefined || patient['deceasedBoolean'] === true ? { kind: 'undated' } : { kind: 'none' };
}

/** The admissions of a patient, and what is needed to place a date among them. */
export interface PlacedAdmissions {
  readonly admissions: readonly AdmissionFact[];
  /** Ids of those that do not say how the patient left. */
  readonly withoutDisposition: ReadonlySet<string>;
  /** Added to a time to get the wall clock that dates of death are dates by. */
  readonly clockOffsetMs: number;
}

/**
 * Puts a death into the facts. A time inside an admission (its ends included) is that admission's death time; any other time,
 * and every date, is a day. Where the day lies within an admission that does not say how the patient left, nobody knows whether
 * it was a death in hospital. An admission left dead of a patient without any date of death ended with it. A death that nothing
 * dates makes the outcome unusable.
 */
export function withDeath(
  placed: PlacedAdmissions,
  death: RecordedDeath,
  tally: Tally,
): Pick<ChartFacts, 'admissions' | 'deathDay' | 'impossibleOutcome'> {
  const { admissions } = placed;
  switch (death.kind) {
    case 'time': {
      const last = admissions.findLast(({ startMs, endMs }) => startMs <= death.ms && death.ms <= (endMs ?? Infinity));
      if (!last) return { admissions, deathDay: death.day };
      const died = { ...last, deathMs: death.ms, isDeadAtDischarge: true };
      return { admissions: admissions.map((one) => (one === last ? died : one)), deathDay: death.day };
    }
    case 'day': {
      const undated = admissions.filter(({ isDeadAtDischarge }) => isDeadAtDischarge).length;
      tally.add('Encounter: dead at discharge without a death time (counted by date)', undated);
      return { admissions: admissions.map((one) => diedSometimeIn(one, death.day, placed)), deathDay: death.day };
    }
    case 'undated':
    case 'none':
      return withoutDate(admissions, death.kind, tally);
  }
}

/** The admission, its outcome unknown where the patient died on one of its days and it does not say how the patient left. */
function diedSometimeIn(
  admission: AdmissionFact,
  deathDay: number,
  { withoutDisposition, clockOffsetMs }: PlacedAdmissions,
): AdmissionFact {
  const { admissionId, startMs, endMs = Infinity } = admission;
  const dayOf = (timeMs: number): number => Math.floor((timeMs + clockOffsetMs) / DAY_MS);
  const isWithin = dayOf(startMs) <= deathDay && deathDay <= dayOf(endMs);
  return isWithin && withoutDisposition.has(admissionId) ? { ...admission, isOutcomeUnknown: true } : admission;
}

function withoutDate(
  admissions: readonly AdmissionFact[],
  kind: 'undated' | 'none',
  tally: Tally,
): Pick<ChartFacts, 'admissions' | 'impossibleOutcome'> {
  const left = admissions.findLast(({ isDeadAtDischarge }) => isDeadAtDischarge);
  if (left?.endMs !== undefined) {
    const died = { ...left, deathMs: left.endMs };
    tally.add('Patient: no date of death (the end of the admission that was left dead counts)');
    return { admissions: admissions.map((one) => (one === left ? died : one)) };
  }
  if (kind === 'none' && !left) return { admissions };
  tally.add('Patient: dead, and nothing says since which day');
  return { admissions, impossibleOutcome: 'dead, and nothing says since which day' };
}
