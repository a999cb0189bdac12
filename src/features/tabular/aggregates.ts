import type { ConceptKey } from '../../concepts/concept.js';
import { conceptByKey } from '../../concepts/dictionary.js';
import { HOUR_MS, windowStart } from '../time-windows.js';
import type { VisibleRecord } from '../visible-record.js';
import { NEE_MEASURES, norepinephrineEquivalent } from './norepinephrine-equivalent.js';
import { EXPOSURE_MEASURES, priorExposure } from './prior-exposure.js';
import { lastWithin } from './record-columns.js';

/** Measures of each aggregate concept. */
export const AGGREGATE_MEASURES: Readonly<Record<string, readonly string[]>> = {
  urine_mlkgh: ['rate'],
  urine_24h: ['rate'],
  nee: NEE_MEASURES,
  prior_exposure: EXPOSURE_MEASURES,
};

/** Value of an aggregate column over the window; NaN where it is not known. `measure` as in the feature spec. */
export const AGGREGATE_COLUMNS: Readonly<
  Record<string, (record: VisibleRecord, measure: string, windowHours: number) => number>
> = {
  urine_mlkgh: urineRate,
  urine_24h: urineTotalRate,
  nee: norepinephrineEquivalent,
  prior_exposure: priorExposure,
};

/**
 * Millilitres a kilogram an hour: net volumes in the window over the newest weight of 30 days and over the hours that were
 * observed, from the first bedside reading in 48 h on (at most the window, at least one hour). Only the source of the
 * volumes themselves says since when it was observed: readings of another source may be missing for other reasons.
 */
function urineRate(record: VisibleRecord, _measure: string, windowHours: number): number {
  const from = windowStart(record.predictionTimeMs, windowHours);
  const volumes = (record.readings.get('urine_mlkgh') ?? []).filter(({ timeMs }) => timeMs >= from);
  if (volumes.length === 0) return NaN;
  const firstMs = firstBedsideMs(record);
  const hours = Math.max(1, Math.min(windowHours, (record.predictionTimeMs - firstMs) / HOUR_MS));
  const total = volumes.reduce((sum, { value }) => sum + value, 0);
  return keptRate('urine_mlkgh', total / lastWithin(record, 'weight', 720) / hours);
}

function firstBedsideMs({ readings, predictionTimeMs }: VisibleRecord): number {
  const earliest = windowStart(predictionTimeMs, 48);
  let firstMs = predictionTimeMs;
  for (const [key, own] of readings) {
    const first = conceptByKey(key).source === 'bedside' ? own.find(({ timeMs }) => timeMs >= earliest) : undefined;
    if (first && first.timeMs < firstMs) firstMs = first.timeMs;
  }
  return firstMs;
}

/** The newest 24 h total that ended in the window, over the newest weight of 30 days. */
function urineTotalRate(record: VisibleRecord, _measure: string, windowHours: number): number {
  return keptRate('urine_24h', lastWithin(record, 'urine_24h', windowHours) / lastWithin(record, 'weight', 720) / 24);
}

/** A rate inside the concept's feature range, else NaN. */
function keptRate(key: ConceptKey, rate: number): number {
  const range = conceptByKey(key).featureRange;
  return range && (rate < range.low || rate > range.high) ? NaN : rate;
}
