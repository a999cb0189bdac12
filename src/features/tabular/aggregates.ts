import type { ConceptKey } from '../../concepts/concept.js';
import { conceptByKey } from '../../concepts/dictionary.js';
import { HOUR_MS, windowStart } from '../time-windows.js';
import { isCovered, type VisibleRecord } from '../visible-record.js';
import { lastWithin } from './record-columns.js';

/** Millilitres a unit of each product holds: medians of MIMIC-IV's charted volumes, rounded. */
const ML_PER_UNIT: Readonly<Record<string, number>> = {
  rbc: 350,
  'whole-blood': 350,
  plasma: 300,
  platelets: 250,
  cryo: 110,
};
export const EXPOSURE_PRODUCTS = ['rbc', 'platelets', 'plasma', 'cryo'] as const;

/** Norepinephrine equivalents per unit of each drug's rate. @see mimic-code `norepinephrine_equivalent_dose.sql` */
const NEE_FACTOR: Readonly<Record<string, number>> = {
  norepinephrine: 1,
  epinephrine: 1,
  phenylephrine: 0.1,
  dopamine: 0.01,
  vasopressin: 2.5,
};

const MASSIVE_RED_CELL_UNITS = 4;

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

/**
 * Norepinephrine equivalents, ug/kg/min. `now`: the rates running at the prediction time. `max`: the highest sum at any moment
 * of the window. No vasopressor in a covered window is a dose of 0: pumps are charted, so none charted is none given.
 * NaN where administrations do not cover the window: not read is not none.
 * @see mimic-code `norepinephrine_equivalent_dose.sql` (a drug without a row adds 0), after Goradia et al. 2020; `score/sofa.sql`
 *   (without a row of any drug, blood pressure alone grades)
 */
function norepinephrineEquivalent(record: VisibleRecord, measure: string, windowHours: number): number {
  const from = windowStart(record.predictionTimeMs, windowHours);
  const infusions = record.administrations
    .flatMap(({ agent, startMs, endMs, rate }) => {
      const factor = NEE_FACTOR[agent];
      return factor === undefined || !rate ? [] : [{ startMs, endMs: endMs ?? Infinity, dose: rate.value * factor }];
    })
    .sort((a, b) => a.startMs - b.startMs || a.dose - b.dose || a.endMs - b.endMs);
  const sumAt = (timeMs: number): number =>
    infusions.reduce((sum, { startMs, endMs, dose }) => (startMs <= timeMs && timeMs < endMs ? sum + dose : sum), 0);
  const moments =
    measure === 'now'
      ? [record.predictionTimeMs]
      : [from, ...infusions.map(({ startMs }) => startMs).filter((startMs) => startMs >= from)];
  const highest = Math.max(...moments.map(sumAt));
  return highest > 0 || isCovered(record.source, 'administrations', from) ? highest : NaN;
}

/**
 * `units:<product>`: units begun in the window (volume over the usual volume, at least one; one where the volume is not known
 * yet). `hours_since_last`: since any product began. `massive`: four or more red cell units begun within one hour.
 * `cell_salvage_ml`: volume returned.
 */
function priorExposure(record: VisibleRecord, measure: string, windowHours: number): number {
  const from = windowStart(record.predictionTimeMs, windowHours);
  const given = record.administrations.filter(({ startMs }) => startMs >= from);
  const covered = isCovered(record.source, 'administrations', from);
  const blood = given.filter(({ kind }) => kind === 'blood');
  if (measure === 'hours_since_last') {
    const last = Math.max(...blood.map(({ startMs }) => startMs));
    return blood.length === 0 ? NaN : (record.predictionTimeMs - last) / HOUR_MS;
  }
  if (measure === 'cell_salvage_ml') {
    const volumes = given.flatMap(({ kind, volumeMl }) =>
      kind === 'cell-salvage' && volumeMl !== undefined ? [volumeMl] : [],
    );
    const total = volumes.sort((a, b) => a - b).reduce((a, b) => a + b, 0);
    return total > 0 || covered ? total : NaN;
  }
  if (measure === 'massive') {
    const red = blood.filter(({ agent }) => agent === 'rbc' || agent === 'whole-blood');
    const isMassive = red.some(
      ({ startMs }) =>
        sumUnits(red.filter((other) => other.startMs >= startMs && other.startMs < startMs + HOUR_MS)) >=
        MASSIVE_RED_CELL_UNITS,
    );
    return isMassive ? 1 : covered ? 0 : NaN;
  }
  const product = measure.slice('units:'.length);
  const units = sumUnits(blood.filter(({ agent }) => agent === product));
  return units > 0 || covered ? units : NaN;
}

function sumUnits(given: readonly { readonly agent: string; readonly volumeMl?: number }[]): number {
  return given.reduce(
    (sum, { agent, volumeMl }) =>
      sum + (volumeMl === undefined ? 1 : Math.max(1, Math.round(volumeMl / (ML_PER_UNIT[agent] ?? 350)))),
    0,
  );
}
