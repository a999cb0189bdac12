import { HOUR_MS, touchesWindow, windowStart } from '../time-windows.js';
import { isCovered, type VisibleRecord } from '../visible-record.js';
import { lastWithin, RESPIRATORY_LEVELS } from './record-columns.js';

/** Inspired oxygen of room air, %. */
const ROOM_AIR_PERCENT = 21;

/** Oxygen in the blood and inspired oxygen belong together only this near in time. @see mimic-code `measurement/bg.sql` */
const PAIRING_WINDOW_HOURS = 4;

/**
 * Newest charted FiO2 of the window, %; where none was charted, 21 if the patient was seen to need no oxygen. NaN where
 * that cannot be told: oxygen was given at a fraction nobody charted, or a source does not cover the window.
 * @see ricu `pafi`, `sofa_pafi` (`fix_na_fio2`: a missing FiO2 is 21), here only where no oxygen or support was charted
 */
export function fio2OrRoomAir(record: VisibleRecord, windowHours: number): number {
  const charted = lastWithin(record, 'fio2', windowHours);
  if (!Number.isNaN(charted)) return charted;
  return isOnRoomAir(record, windowStart(record.predictionTimeMs, windowHours)) ? ROOM_AIR_PERCENT : NaN;
}

/**
 * FiO2 charted at most 4 h before the time, %, the highest of those charted at once; NaN without one.
 * @see mimic-code `measurement/bg.sql`: MAX per charting time, the newest at most 4 h before the gas
 */
export function chartedFio2At(record: VisibleRecord, timeMs: number): number {
  const fromMs = timeMs - PAIRING_WINDOW_HOURS * HOUR_MS;
  const near = (record.readings.get('fio2') ?? []).filter((fio2) => fio2.timeMs >= fromMs && fio2.timeMs <= timeMs);
  return near.at(-1)?.value ?? NaN;
}

/** FiO2 charted near the time, else 21 where nothing from 4 h before it up to the prediction time says more, %; else NaN. */
export function fio2OrRoomAirAt(record: VisibleRecord, timeMs: number, windowFromMs: number): number {
  const charted = chartedFio2At(record, timeMs);
  if (!Number.isNaN(charted)) return charted;
  return isOnRoomAir(record, Math.min(windowFromMs, timeMs - PAIRING_WINDOW_HOURS * HOUR_MS)) ? ROOM_AIR_PERCENT : NaN;
}

/** Newest value of the numerator in the window over the inspired fraction at its time; NaN where either is missing. */
export function oxygenRatio(
  record: VisibleRecord,
  numerator: 'po2' | 'spo2',
  windowHours: number,
  fio2At: (record: VisibleRecord, timeMs: number, windowFromMs: number) => number,
): number {
  const fromMs = windowStart(record.predictionTimeMs, windowHours);
  const newest = (record.readings.get(numerator) ?? []).at(-1);
  if (!newest || newest.timeMs < fromMs) return NaN;
  return lastWithin(record, numerator, windowHours) / (fio2At(record, newest.timeMs, fromMs) / 100);
}

/** No charted FiO2 or PEEP, no oxygen flow above 0 and no respiratory support since then, and both sources would say so. */
function isOnRoomAir(record: VisibleRecord, fromMs: number): boolean {
  const { readings, procedures, source } = record;
  if (!isCovered(source, 'bedside', fromMs) || !isCovered(source, 'procedures', fromMs)) return false;
  const isCharted = (concept: string, above: number): boolean =>
    (readings.get(concept) ?? []).some(({ timeMs, value }) => timeMs >= fromMs && value > above);
  if (isCharted('fio2', 0) || isCharted('o2_flow', 0) || isCharted('peep', -Infinity)) return false;
  return !procedures.some((done) => RESPIRATORY_LEVELS.includes(done.kind) && touchesWindow(done, fromMs));
}
