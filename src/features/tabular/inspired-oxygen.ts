import type { ConceptKey } from '../../concepts/concept.js';
import { HOUR_MS, touchesWindow, windowStart } from '../time-windows.js';
import type { Reading, VisibleRecord } from '../visible-record.js';
import { lastWithin, RESPIRATORY_LEVELS } from './record-columns.js';
import { isNoneWhenSilent } from './stays.js';

/** Inspired oxygen of room air, %. */
const ROOM_AIR_PERCENT = 21;

/**
 * Oxygen pressure of moist room air at sea level, (760 − 47) · 0.21 mmHg: no arterial pO2 can be above it on room air.
 * @see the alveolar gas equation, as in mimic-code `measurement/bg.sql` (`aado2_calc`)
 */
const INSPIRED_ON_ROOM_AIR_MMHG = (760 - 47) * 0.21;

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

/** Newest value of the numerator in the window over the inspired fraction charted at most 4 h before it; else NaN. */
export function chartedOxygenRatio(record: VisibleRecord, numerator: 'po2' | 'spo2', windowHours: number): number {
  const timeMs = newestTimeMs(record, numerator, windowHours);
  return lastWithin(record, numerator, windowHours) / (chartedFio2At(record, timeMs) / 100);
}

/** Newest arterial pO2 of the window over the inspired fraction of its time, charted or of room air, mmHg; else NaN. */
export function pfRatioOrRoomAir(record: VisibleRecord, windowHours: number): number {
  const timeMs = newestTimeMs(record, 'po2', windowHours);
  const fromMs = windowStart(record.predictionTimeMs, windowHours);
  return pfRatioAt(record, { value: lastWithin(record, 'po2', windowHours), timeMs }, fromMs);
}

/**
 * An arterial pO2 over its inspired fraction, mmHg: the one charted at most 4 h before it, else that of room air where nothing
 * from 4 h before it (or from `fromMs`, if earlier) up to the prediction time says more, nor the gas itself.
 */
export function pfRatioAt(record: VisibleRecord, po2: Pick<Reading, 'value' | 'timeMs'>, fromMs: number): number {
  const charted = chartedFio2At(record, po2.timeMs);
  if (!Number.isNaN(charted)) return po2.value / (charted / 100);
  if (!(po2.value <= INSPIRED_ON_ROOM_AIR_MMHG)) return NaN;
  const looksBackTo = Math.min(fromMs, po2.timeMs - PAIRING_WINDOW_HOURS * HOUR_MS);
  return isOnRoomAir(record, looksBackTo) ? po2.value / (ROOM_AIR_PERCENT / 100) : NaN;
}

/**
 * FiO2 charted at most 4 h before the time, %, the highest of those charted at once; NaN without one.
 * @see mimic-code `measurement/bg.sql`: MAX per charting time, the newest at most 4 h before the gas
 */
function chartedFio2At(record: VisibleRecord, timeMs: number): number {
  const fromMs = timeMs - PAIRING_WINDOW_HOURS * HOUR_MS;
  const near = (record.readings.get('fio2') ?? []).filter((fio2) => fio2.timeMs >= fromMs && fio2.timeMs <= timeMs);
  return near.at(-1)?.value ?? NaN;
}

/** Time of the newest reading; NaN where it is before the window or there is none. */
function newestTimeMs({ readings, predictionTimeMs }: VisibleRecord, concept: ConceptKey, windowHours: number): number {
  const timeMs = (readings.get(concept) ?? []).at(-1)?.timeMs ?? NaN;
  return timeMs >= windowStart(predictionTimeMs, windowHours) ? timeMs : NaN;
}

/** No charted FiO2 or PEEP, no oxygen flow above 0 and no respiratory support since then, in an ICU whose sources would say so. */
function isOnRoomAir(record: VisibleRecord, fromMs: number): boolean {
  const { readings, procedures } = record;
  if (!isNoneWhenSilent(record, 'bedside', fromMs) || !isNoneWhenSilent(record, 'procedures', fromMs)) return false;
  const isCharted = (concept: string, above: number): boolean =>
    (readings.get(concept) ?? []).some(({ timeMs, value }) => timeMs >= fromMs && value > above);
  if (isCharted('fio2', 0) || isCharted('o2_flow', 0) || isCharted('peep', -Infinity)) return false;
  return !procedures.some((done) => RESPIRATORY_LEVELS.includes(done.kind) && touchesWindow(done, fromMs));
}
