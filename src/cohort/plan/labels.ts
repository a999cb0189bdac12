import type { AdmissionFact, ChartFacts } from '../cohort-source.js';
import type { Episode } from './episodes.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Deaths this soon could be changed by no alert; results are reported with and without them. */
const EARLY_HOURS = 6;

/** What became of the patient, seen from the index. `null`: the source cannot say. */
export interface Outcome {
  /** Death in (t0, t0 + 7 d]. */
  readonly died7d: boolean | null;
  /** The other reading of an uncertain date: see `ambiguous`. */
  readonly died7dSensitivity: boolean | null;
  /** Day-7 deaths known by date alone, deaths dated the day before the index, same-day deaths where those are not certain. */
  readonly ambiguous: boolean;
  readonly died24h: boolean | null;
  readonly died72h: boolean | null;
  /** Death in the admission of the index. */
  readonly diedInHospital: boolean | null;
  /** Death within 6 h; null where only the date is known. */
  readonly diedWithin6h: boolean | null;
  /** How the death is known: a time, a date, or no death on record. */
  readonly deathKnownBy: 'time' | 'date' | 'none';
  /** Discharged alive within 7 days from a source that sees in-hospital deaths only: "survived" is an assumption. */
  readonly lostBefore7d: boolean;
}

export type DeathBeforeIndex = { readonly kind: 'dead-before-index' };

export interface LabelRule {
  readonly deathsSeen: 'any' | 'in-hospital';
  readonly sameDayDeath: 'event' | 'unlabelled';
  /** Added to a time to get the chart's wall clock, ms: a date of death is a date by that clock. */
  readonly clockOffsetMs: number;
}

/**
 * The labels of an index. A death time inside the index admission counts by the clock; any other death by calendar days,
 * `date(death) − date(t0) ≤ 7`. Day 7 by date alone is ambiguous: an event in the main label, none in the sensitivity label.
 * A death time at or before the index is dead before it, in whatever admission it stands. A date one day before the index is a slip of registration (an event, ambiguous); an earlier one means dead before the index.
 */
export function outcomeOf(
  chart: ChartFacts,
  episode: Pick<Episode, 'indexMs' | 'admissionId'>,
  rule: LabelRule,
): Outcome | DeathBeforeIndex {
  const { indexMs, admissionId } = episode;
  if (chart.admissions.some(({ deathMs }) => deathMs !== undefined && deathMs <= indexMs)) {
    return { kind: 'dead-before-index' };
  }
  const admission = chart.admissions.find((one) => one.admissionId === admissionId);
  const diedInHospital = diedIn(admission);
  if (admission?.deathMs !== undefined) return byTime(admission.deathMs, indexMs, diedInHospital);
  const deathDay = chart.deathDay ?? dayOfLastDeathTime(chart, rule);
  if (deathDay !== undefined) return byDate(deathDay - dayOf(indexMs, rule), diedInHospital, rule);
  const endMs = admission?.endMs;
  const lost = rule.deathsSeen === 'in-hospital' && endMs !== undefined && endMs < indexMs + 7 * DAY_MS;
  if (admission?.isOutcomeUnknown !== true) return { ...SURVIVED, diedInHospital, lostBefore7d: lost };
  return { ...aliveUntil(endMs ?? indexMs, indexMs), diedInHospital, lostBefore7d: lost };
}

/** What is left to say where the time of death is before the index or cannot be: whether the patient died in the admission. */
export function withoutTime({ admissions }: ChartFacts, { admissionId }: Pick<Episode, 'admissionId'>): Outcome {
  return {
    died7d: null,
    died7dSensitivity: null,
    ambiguous: false,
    died24h: null,
    died72h: null,
    diedInHospital: diedIn(admissions.find((one) => one.admissionId === admissionId)),
    diedWithin6h: null,
    deathKnownBy: 'none',
    lostBefore7d: false,
  };
}

function diedIn(admission: AdmissionFact | undefined): boolean | null {
  if (admission === undefined) return null;
  if (admission.deathMs !== undefined || admission.isDeadAtDischarge) return true;
  return admission.isOutcomeUnknown === true ? null : false;
}

/** Known to have lived up to a time and no longer: a window that reaches past it has no label. */
function aliveUntil(lastMs: number, indexMs: number): Omit<Outcome, 'diedInHospital' | 'lostBefore7d'> {
  const within = (hours: number): false | null => (lastMs >= indexMs + hours * HOUR_MS ? false : null);
  return {
    ...SURVIVED,
    died7d: within(168),
    died7dSensitivity: within(168),
    died24h: within(24),
    died72h: within(72),
    diedWithin6h: within(EARLY_HOURS),
  };
}

const SURVIVED = {
  died7d: false,
  died7dSensitivity: false,
  ambiguous: false,
  died24h: false,
  died72h: false,
  diedWithin6h: false,
  deathKnownBy: 'none',
} as const;

function byTime(deathMs: number, indexMs: number, diedInHospital: boolean | null): Outcome | DeathBeforeIndex {
  if (deathMs <= indexMs) return { kind: 'dead-before-index' };
  const within = (hours: number): boolean => deathMs <= indexMs + hours * HOUR_MS;
  return {
    died7d: within(168),
    died7dSensitivity: within(168),
    ambiguous: false,
    died24h: within(24),
    died72h: within(72),
    diedInHospital,
    diedWithin6h: within(EARLY_HOURS),
    deathKnownBy: 'time',
    lostBefore7d: false,
  };
}

function byDate(days: number, diedInHospital: boolean | null, rule: LabelRule): Outcome | DeathBeforeIndex {
  if (days < -1) return { kind: 'dead-before-index' };
  const isUncertainDay = days <= 0 && rule.sameDayDeath === 'unlabelled';
  if (isUncertainDay && days < 0) return { kind: 'dead-before-index' };
  const within = (limit: number): boolean | null => (isUncertainDay ? null : days <= limit);
  // A source that counts survival in whole days has no clock behind its seventh day either way.
  const isEdge = rule.sameDayDeath === 'event' && (days === 7 || days === -1);
  return {
    died7d: within(7),
    died7dSensitivity: isUncertainDay || (!isEdge && days <= 7),
    ambiguous: isEdge || isUncertainDay,
    died24h: within(1),
    died72h: within(3),
    diedInHospital,
    diedWithin6h: days > 0 ? false : null,
    deathKnownBy: 'date',
    lostBefore7d: false,
  };
}

/** A death time of another admission counts by its date. */
function dayOfLastDeathTime({ admissions }: ChartFacts, rule: LabelRule): number | undefined {
  const times = admissions.flatMap(({ deathMs }) => (deathMs === undefined ? [] : [deathMs]));
  return times.length === 0 ? undefined : dayOf(Math.max(...times), rule);
}

/** Days since the epoch by the chart's wall clock. */
export function dayOf(timeMs: number, { clockOffsetMs }: Pick<LabelRule, 'clockOffsetMs'>): number {
  return Math.floor((timeMs + clockOffsetMs) / DAY_MS);
}
