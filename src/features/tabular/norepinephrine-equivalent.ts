import { conceptByKey } from '../../concepts/dictionary.js';
import type { Administration } from '../../record/patient-record.js';
import { HOUR_MS, RUNNING_WINDOW_HOURS, touchesWindow, windowStart } from '../time-windows.js';
import type { VisibleRecord } from '../visible-record.js';
import { isNoneWhenSilent } from './stays.js';

export const NEE_MEASURES: readonly string[] = ['now', 'max'];

/** Norepinephrine equivalents per unit of each drug's rate. @see mimic-code `norepinephrine_equivalent_dose.sql` */
const NEE_FACTOR: Readonly<Record<string, number>> = {
  norepinephrine: 1,
  epinephrine: 1,
  phenylephrine: 0.1,
  dopamine: 0.01,
  vasopressin: 2.5,
};

interface Infusion {
  readonly agent: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Norepinephrine equivalent, ug/kg/min; NaN where the rate is not known. */
  readonly dose: number;
}

/**
 * Norepinephrine equivalents, ug/kg/min. `now`: the rates running at the prediction time. `max`: the highest sum at any moment
 * of the window. No vasopressor in a covered ICU is a dose of 0: pumps are charted, so none charted is none given. NaN outside an
 * ICU, where administrations do not cover the window (not read is not none), and where all that is known of a vasopressor is that it ran:
 * its rate cannot be read or is outside the keep range, or, for `now`, it was charted as a moment of the last hours.
 * @see mimic-code `norepinephrine_equivalent_dose.sql` (a drug without a row adds 0), after Goradia et al. 2020; `score/sofa.sql`
 *   (without a row of any drug, blood pressure alone grades)
 */
export function norepinephrineEquivalent(record: VisibleRecord, measure: string, windowHours: number): number {
  const fromMs = windowStart(record.predictionTimeMs, windowHours);
  const infusions = record.administrations.flatMap(infusionOf).sort(byStart);
  const highest = measure === 'now' ? doseAt(infusions, record.predictionTimeMs) : highestSince(infusions, fromMs);
  if (highest > 0) return highest;
  const isUnknown = measure === 'now' ? mayBeRunning(infusions, record) : hasUnknownDoseSince(infusions, fromMs);
  return isUnknown || !isNoneWhenSilent(record, 'administrations', fromMs) ? NaN : highest;
}

/** A vasopressor with its dose; nothing for other drugs, nor for a push: it has no rate and no duration. */
function infusionOf({ kind, agent, startMs, endMs = Infinity, rate }: Administration): Infusion[] {
  if (kind !== 'vasopressor' || (rate === undefined && endMs === startMs)) return [];
  const dose = (rate?.value ?? NaN) * (NEE_FACTOR[agent] ?? NaN);
  const { range } = conceptByKey('nee');
  return [{ agent, startMs, endMs, dose: range && dose > range.high ? NaN : dose }];
}

/** By dose at last, so that sums do not depend on the order of the record; an unknown dose is never summed. */
function byStart(a: Infusion, b: Infusion): number {
  return a.startMs - b.startMs || a.endMs - b.endMs || (a.dose || 0) - (b.dose || 0);
}

/** Sum of the known doses at a moment. An end does not belong to a row, since the next rate begins there; a moment is its own row. */
function doseAt(infusions: readonly Infusion[], timeMs: number): number {
  return infusions.reduce(
    (sum, { startMs, endMs, dose }) =>
      startMs <= timeMs && (timeMs < endMs || timeMs === startMs) && !Number.isNaN(dose) ? sum + dose : sum,
    0,
  );
}

function highestSince(infusions: readonly Infusion[], fromMs: number): number {
  const starts = infusions.map(({ startMs }) => startMs).filter((startMs) => startMs >= fromMs);
  return Math.max(...[fromMs, ...starts].map((timeMs) => doseAt(infusions, timeMs)));
}

function hasUnknownDoseSince(infusions: readonly Infusion[], fromMs: number): boolean {
  return infusions.some((infusion) => Number.isNaN(infusion.dose) && touchesWindow(infusion, fromMs));
}

/** Does a drug of unknown dose run now, or is the newest that was charted of one a rate above 0 at a moment of the last hours? */
function mayBeRunning(infusions: readonly Infusion[], { predictionTimeMs }: VisibleRecord): boolean {
  const recentMs = predictionTimeMs - RUNNING_WINDOW_HOURS * HOUR_MS;
  return infusions.some(({ agent, startMs, endMs, dose }) => {
    if (Number.isNaN(dose) && predictionTimeMs < endMs) return true;
    const isMoment = startMs === endMs && startMs >= recentMs;
    return isMoment && dose !== 0 && !infusions.some((later) => later.agent === agent && later.startMs > startMs);
  });
}
