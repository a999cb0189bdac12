import { HOUR_MS, windowStart } from '../time-windows.js';
import type { Reading, VisibleRecord } from '../visible-record.js';
import { lastWithin } from './record-columns.js';

/** Oxygen tension and inspired oxygen belong together only this near in time. @see mimic-code `bg.sql` */
const PAIRING_WINDOW_HOURS = 4;

/** Value of a formula of the feature spec over the window; NaN where a part is missing. */
export const DERIVED_COLUMNS: Readonly<Record<string, (record: VisibleRecord, windowHours: number) => number>> = {
  /** HR / SBP, newest of each. */
  shock_index: (record, hours) => lastWithin(record, 'hr', hours) / lastWithin(record, 'sbp', hours),
  /** SBP − DBP, newest of each, mmHg. */
  pulse_pressure: (record, hours) => lastWithin(record, 'sbp', hours) - lastWithin(record, 'dbp', hours),
  /** Newest arterial pO2 over the inspired fraction at most 4 h before it, mmHg. */
  pf_ratio: (record, hours) => oxygenRatio(record, 'po2', hours),
  /** Newest SpO2 over the inspired fraction at most 4 h before it, %. */
  sf_ratio: (record, hours) => oxygenRatio(record, 'spo2', hours),
};

/** Concepts each formula needs; a spec without all of them has no such column. */
export const FORMULA_PARTS: Readonly<Record<string, readonly string[]>> = {
  shock_index: ['hr', 'sbp'],
  pulse_pressure: ['sbp', 'dbp'],
  pf_ratio: ['po2', 'fio2'],
  sf_ratio: ['spo2', 'fio2'],
};

function oxygenRatio(record: VisibleRecord, numerator: string, hours: number): number {
  const from = windowStart(record.predictionTimeMs, hours);
  const oxygen = (record.readings.get(numerator) ?? []).at(-1);
  if (!oxygen || oxygen.timeMs < from) return NaN;
  const near = (reading: Reading): boolean =>
    reading.timeMs <= oxygen.timeMs && reading.timeMs >= oxygen.timeMs - PAIRING_WINDOW_HOURS * HOUR_MS;
  const inspired = (record.readings.get('fio2') ?? []).filter(near).at(-1);
  const value = lastWithin(record, numerator, hours);
  return inspired ? value / (inspired.value / 100) : NaN;
}
