import { conceptByKey } from '../concepts/dictionary.js';
import type { PatientRecord } from '../record/patient-record.js';
import type { NotScoredReason } from './risk-assessment.js';

const ADULT_YEARS = 18;
const RECENT_MS = 24 * 3_600_000;
const PARTIAL_DATE = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/;

/**
 * Why a patient is not scored, or undefined: under 18, age not known to be 18 or more, or neither a haemoglobin nor a
 * vital sign in the 24 h before the prediction time.
 */
export function whyNotScored(record: PatientRecord, predictionTimeMs: number): NotScoredReason | undefined {
  const adulthood = adultFrom(record.birthDate);
  if (!adulthood) return 'age-unknown';
  if (predictionTimeMs < adulthood.earliestMs) return 'under-18';
  if (predictionTimeMs < adulthood.latestMs) return 'age-unknown';
  return hasRecentSigns(record, predictionTimeMs) ? undefined : 'too-little-data';
}

/** The first and the last moment (UTC) at which a possibly partial birth date lets the patient turn 18. */
function adultFrom(birthDate: string | undefined): { earliestMs: number; latestMs: number } | undefined {
  const parts = PARTIAL_DATE.exec(birthDate ?? '');
  if (!parts) return undefined;
  const [, year, month, day] = parts;
  const turns = Number(year) + ADULT_YEARS;
  if (month === undefined) return { earliestMs: Date.UTC(turns, 0, 1), latestMs: Date.UTC(turns, 11, 31) };
  const index = Number(month) - 1;
  if (index < 0 || index > 11) return undefined;
  if (day === undefined) return { earliestMs: Date.UTC(turns, index, 1), latestMs: Date.UTC(turns, index + 1, 0) };
  const exactMs = Date.UTC(turns, index, Number(day));
  return { earliestMs: exactMs, latestMs: exactMs };
}

function hasRecentSigns({ values }: PatientRecord, predictionTimeMs: number): boolean {
  return values.some(
    ({ concept, timeMs, availableMs }) =>
      timeMs >= predictionTimeMs - RECENT_MS &&
      timeMs <= predictionTimeMs &&
      availableMs <= predictionTimeMs &&
      (concept === 'hb' || conceptByKey(concept).source === 'vitals'),
  );
}

/** Was the patient in an ICU at that time? undefined where no encounter of that time could be read. */
export function wasInIcu({ encounters }: PatientRecord, predictionTimeMs: number): boolean | undefined {
  const open = encounters.filter(
    ({ startMs, endMs }) => startMs <= predictionTimeMs && (endMs === undefined || endMs > predictionTimeMs),
  );
  return open.length === 0 ? undefined : open.some(({ setting }) => setting === 'icu');
}
