import type { Administration } from '../../record/patient-record.js';
import { HOUR_MS, windowStart } from '../time-windows.js';
import type { VisibleRecord } from '../visible-record.js';
import { isNoneWhenSilent } from './stays.js';

export const EXPOSURE_PRODUCTS = ['rbc', 'platelets', 'plasma', 'cryo'] as const;
export const EXPOSURE_MEASURES: readonly string[] = [
  ...EXPOSURE_PRODUCTS.map((product) => `units:${product}`),
  ...['hours_since_last', 'massive', 'cell_salvage_ml'],
];

/** Millilitres a unit of each product holds: medians of MIMIC-IV's charted volumes, rounded. */
const ML_PER_UNIT: Readonly<Record<string, number>> = {
  rbc: 350,
  'whole-blood': 350,
  plasma: 300,
  platelets: 250,
  cryo: 110,
};
/** Whole blood carries red cells. */
const RED_CELLS: ReadonlySet<string> = new Set(['rbc', 'whole-blood']);
/** A transfusion whose product the chart does not say: it may be any. @see `record/administration-code-table.ts` */
const UNSPECIFIED = 'unspecified';

const MASSIVE_RED_CELL_UNITS = 4;

/**
 * Begun in the window and before the prediction time: a product that begins just then is the one the prediction is about.
 * `units:<product>`: units (volume over the usual volume, at least one; one where the volume is not known yet); whole blood
 * counts as red cells. `hours_since_last`: since any product began. `massive`: four or more red cell units begun within one
 * hour. `cell_salvage_ml`: volume returned so far. NaN instead of 0 outside an ICU, where administrations do not cover the window, where a
 * product the chart does not say may have been the one, and where only the volume of cell salvage is not known.
 * @see reference table of exposures: rows with a start before t0
 */
export function priorExposure(record: VisibleRecord, measure: string, windowHours: number): number {
  const fromMs = windowStart(record.predictionTimeMs, windowHours);
  const given = record.administrations.filter(({ startMs }) => startMs >= fromMs && startMs < record.predictionTimeMs);
  const blood = given.filter(({ kind }) => kind === 'blood');
  const isRead = isNoneWhenSilent(record, 'administrations', fromMs);
  switch (measure) {
    case 'hours_since_last':
      return blood.length === 0
        ? NaN
        : (record.predictionTimeMs - Math.max(...blood.map(({ startMs }) => startMs))) / HOUR_MS;
    case 'massive':
      if (isMassive(blood.filter(isRed))) return 1;
      return isRead && !isMassive(blood.filter((one) => isRed(one) || isUnspecified(one))) ? 0 : NaN;
    case 'cell_salvage_ml':
      return salvagedMl(given, isRead);
    default: {
      const product = measure.slice('units:'.length);
      const units = sumUnits(blood.filter(product === 'rbc' ? isRed : ({ agent }) => agent === product));
      return units > 0 || (isRead && !blood.some(isUnspecified)) ? units : NaN;
    }
  }
}

function isRed({ agent }: Administration): boolean {
  return RED_CELLS.has(agent);
}

function isUnspecified({ agent }: Administration): boolean {
  return agent === UNSPECIFIED;
}

function isMassive(red: readonly Administration[]): boolean {
  return red.some(
    ({ startMs }) =>
      sumUnits(red.filter((other) => other.startMs >= startMs && other.startMs < startMs + HOUR_MS)) >=
      MASSIVE_RED_CELL_UNITS,
  );
}

function salvagedMl(given: readonly Administration[], isRead: boolean): number {
  const salvage = given.filter(({ kind }) => kind === 'cell-salvage');
  const volumes = salvage.flatMap(({ volumeMl }) => (volumeMl === undefined ? [] : [volumeMl]));
  if (volumes.length === 0) return salvage.length === 0 && isRead ? 0 : NaN;
  return volumes.sort((a, b) => a - b).reduce((a, b) => a + b, 0);
}

function sumUnits(given: readonly Administration[]): number {
  return given.reduce(
    (sum, { agent, volumeMl }) =>
      sum + (volumeMl === undefined ? 1 : Math.max(1, Math.round(volumeMl / (ML_PER_UNIT[agent] ?? 350)))),
    0,
  );
}
