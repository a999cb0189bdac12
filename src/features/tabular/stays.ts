import type { SourceKey } from '../../concepts/concept.js';
import { conceptByKey } from '../../concepts/dictionary.js';
import type { EncounterInterval } from '../../record/patient-record.js';
import { hoursBefore, windowStart } from '../time-windows.js';
import { isCovered, type VisibleRecord } from '../visible-record.js';

export const ADMISSION_LEVELS = ['icu', 'emergency-department', 'elective', 'urgent', 'emergency'] as const;
export const STAY_LEVELS = ['hospital', 'icu'] as const;

/** Stays in a hospital; an outpatient or home care episode left open is none. */
const HOSPITAL: ReadonlySet<EncounterInterval['setting']> = new Set(['inpatient', 'icu', 'emergency']);

/** A stay open for longer than the keep range is one that nobody closed. */
const LONGEST_STAY_HOURS = conceptByKey('hours_since_admission').range?.high ?? Infinity;

/**
 * 1 where an open hospital stay is of that kind (`icu`, `emergency-department`) or admission type, 0 where none is. NaN where
 * encounters do not reach back as far as a stay may have begun, and for types where the open stays say none.
 */
export function admissionLevel(record: VisibleRecord, level: string): number {
  const open = openStays(record);
  if (open.some((stay) => isOfLevel(stay, level))) return 1;
  const isType = level !== 'icu' && level !== 'emergency-department';
  if (isType && open.length > 0 && open.every(({ admissionType }) => admissionType === undefined)) return NaN;
  const fromMs = windowStart(record.predictionTimeMs, LONGEST_STAY_HOURS);
  return isCovered(record.source, 'encounters', fromMs) ? 0 : NaN;
}

function isOfLevel({ setting, admissionType }: EncounterInterval, level: string): boolean {
  if (level === 'icu') return setting === 'icu';
  return level === 'emergency-department' ? setting === 'emergency' : admissionType === level;
}

/** log1p of the hours since the earliest open stay in hospital (`hospital`) or in intensive care (`icu`) began; NaN outside any. */
export function hoursSinceAdmission(record: VisibleRecord, level: string): number {
  const isIcu = level === 'icu';
  const open = openStays(record).filter(({ setting }) => (setting === 'icu') === isIcu);
  if (open.length === 0) return NaN;
  return Math.log1p(hoursBefore(record.predictionTimeMs, Math.min(...open.map(({ startMs }) => startMs))));
}

/**
 * Does a source of what was given, done or running since then mean "none" by saying nothing? Only where it covers the time and
 * the patient lies in an ICU, where all of it is charted. Elsewhere a drug, a transfusion or oxygen may be charted in another place
 * or not at all (MIMIC-IV and eICU chart ICU stays only): nothing said is nothing known.
 */
export function isNoneWhenSilent(record: VisibleRecord, source: SourceKey, fromMs: number): boolean {
  return isCovered(record.source, source, fromMs) && openStays(record).some(({ setting }) => setting === 'icu');
}

function openStays({ encounters, predictionTimeMs }: VisibleRecord): readonly EncounterInterval[] {
  return encounters.filter(
    ({ endMs, setting, startMs }) =>
      endMs === undefined && HOSPITAL.has(setting) && startMs >= windowStart(predictionTimeMs, LONGEST_STAY_HOURS),
  );
}
