import { windowStart } from '../time-windows.js';
import { isCovered, type VisibleRecord } from '../visible-record.js';
import { lastWithin } from './record-columns.js';

/** Haematocrit in % over haemoglobin in g/dL. */
const HCT_PER_HB = 3;

/**
 * Newest haemoglobin of the window, g/dL; where none was measured, a third of the newest haematocrit (%). The threefold
 * conversion reads some tenths of a g/dL high, more so in anaemia: a column of its own, the charted ones stay as they are.
 * NaN with neither, or where the laboratory does not cover the window: then it is not known that there is no haemoglobin.
 * @see Quintó et al., Trop Med Int Health 2006;11:1295 (the conversion); Malar J 2007;6:67 (its bias)
 */
export function hbOrHctThird(record: VisibleRecord, windowHours: number): number {
  const measured = lastWithin(record, 'hb', windowHours);
  if (!Number.isNaN(measured)) return measured;
  if (!isCovered(record.source, 'labs', windowStart(record.predictionTimeMs, windowHours))) return NaN;
  return lastWithin(record, 'hct', windowHours) / HCT_PER_HB;
}
