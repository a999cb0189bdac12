import type { ConceptKey } from '../../concepts/concept.js';
import type { Administration } from '../../record/patient-record.js';
import { HOUR_MS, touchesWindow } from '../time-windows.js';
import type { Reading, VisibleRecord } from '../visible-record.js';
import { pfRatioAt } from './inspired-oxygen.js';

/**
 * The six components of the SOFA score, each 0 (normal) to 4: the worst since `fromMs`, NaN where not measured.
 * @see Vincent et al., Intensive Care Med 1996;22:707, table 3; mimic-code `score/sofa.sql`
 */

const VENTILATION: ReadonlySet<string> = new Set(['invasive-ventilation', 'noninvasive-ventilation']);
const MOST_WITHOUT_SUPPORT = 2;

/**
 * PaO2/FiO2 in mmHg: every arterial pO2 with the FiO2 of its time, room air where that can be told. Grades 3 and 4 are "with
 * respiratory support": invasive or non-invasive ventilation at the time of the gas (mimic-code: invasive alone).
 */
export function respiration(record: VisibleRecord, fromMs: number): number {
  const graded = since(record, 'po2', fromMs).map((gas) => {
    const points = pointsBelow(pfRatioAt(record, gas, fromMs), [400, 300, 200, 100]);
    return isVentilatedAt(record, gas.timeMs) ? points : Math.min(points, MOST_WITHOUT_SUPPORT);
  });
  return highest(graded);
}

function isVentilatedAt({ procedures }: VisibleRecord, timeMs: number): boolean {
  return procedures.some(
    ({ kind, startMs, endMs }) => VENTILATION.has(kind) && startMs <= timeMs && timeMs <= (endMs ?? Infinity),
  );
}

/** Platelets, 10*3/uL. */
export function coagulation(record: VisibleRecord, fromMs: number): number {
  return highest(since(record, 'plt', fromMs).map(({ value }) => pointsBelow(value, [150, 100, 50, 20])));
}

/** Bilirubin, mg/dL. */
export function liver(record: VisibleRecord, fromMs: number): number {
  return highest(since(record, 'bili', fromMs).map(({ value }) => pointsFrom(value, [1.2, 2, 6, 12])));
}

/** Points by rate in ug/kg/min; a rate nobody can tell is NaN. */
const POINTS_BY_DRUG: Readonly<Record<string, (rate: number) => number>> = {
  epinephrine: (rate) => (rate > 0.1 ? 4 : 3),
  norepinephrine: (rate) => (rate > 0.1 ? 4 : 3),
  dopamine: (rate) => (rate > 15 ? 4 : rate > 5 ? 3 : 2),
  dobutamine: () => 2,
};
const WORST = 4;

/**
 * The worst drug rate, else MAP below 70 mmHg. A drug that ran at a rate nobody can tell leaves the grade open, unless
 * another makes it the worst. Vasopressin and phenylephrine are not in the score; a push is no infusion.
 */
export function cardiovascular(record: VisibleRecord, fromMs: number): number {
  const byDrug = record.administrations.filter((given) => isInfusionSince(given, fromMs)).map(drugPoints);
  const most = Math.max(0, ...byDrug.filter((points) => !Number.isNaN(points)));
  if (most < WORST && byDrug.some(Number.isNaN)) return NaN;
  return most > 0 ? most : highest(since(record, 'map', fromMs).map(({ value }) => pointsBelow(value, [70])));
}

function isInfusionSince(given: Administration, fromMs: number): boolean {
  return (given.rate !== undefined || given.endMs !== given.startMs) && touchesWindow(given, fromMs);
}

function drugPoints({ agent, rate }: Administration): number {
  const points = POINTS_BY_DRUG[agent];
  if (!points || rate?.value === 0) return 0;
  return rate === undefined && agent !== 'dobutamine' ? NaN : points(rate?.value ?? NaN);
}

/** Glasgow coma score; it is not known while a tube keeps the verbal response from being scored. */
export function cns(record: VisibleRecord, fromMs: number): number {
  return highest(since(record, 'gcs_total', fromMs).map(({ value }) => pointsBelow(value, [15, 13, 10, 6])));
}

/** Creatinine in mg/dL or urine in mL a day, whichever is worse. */
export function renal(record: VisibleRecord, fromMs: number): number {
  const creatinine = since(record, 'creatinine', fromMs).map(({ value }) => pointsFrom(value, [1.2, 2, 3.5, 5]));
  const urineMl = urineMlPerDay(record, fromMs);
  return highest([...creatinine, urineMl < 200 ? 4 : urineMl < 500 ? 3 : urineMl >= 500 ? 0 : NaN]);
}

/** A day of urine was observed when this many hours lie between the charting before it and its last. @see `sofa.sql` */
const OBSERVED_HOURS = { least: 22, most: 30 };

/**
 * Single volumes charted after `fromMs`, over the hours since the charting before them, mL in 24 h. NaN where those hours
 * are not about a day (less would look like little urine), and where irrigant in exceeds what came out.
 */
function urineMlPerDay({ readings }: VisibleRecord, fromMs: number): number {
  const all = readings.get('urine_mlkgh') ?? [];
  const volumes = all.filter(({ timeMs }) => timeMs > fromMs);
  const before = all.filter(({ timeMs }) => timeMs <= fromMs).at(-1);
  const hours = ((volumes.at(-1)?.timeMs ?? NaN) - (before?.timeMs ?? NaN)) / HOUR_MS;
  if (!(hours >= OBSERVED_HOURS.least && hours <= OBSERVED_HOURS.most)) return NaN;
  const totalMl = volumes.reduce((sum, { value }) => sum + value, 0);
  return totalMl < 0 ? NaN : (totalMl / hours) * 24;
}

function since({ readings }: VisibleRecord, concept: ConceptKey, fromMs: number): readonly Reading[] {
  return (readings.get(concept) ?? []).filter(({ timeMs }) => timeMs >= fromMs);
}

/** How many of the limits the value is below; NaN without a value. */
function pointsBelow(value: number, limits: readonly number[]): number {
  return Number.isNaN(value) ? NaN : limits.filter((limit) => value < limit).length;
}

/** How many of the limits the value reaches; NaN without a value. */
function pointsFrom(value: number, limits: readonly number[]): number {
  return Number.isNaN(value) ? NaN : limits.filter((limit) => value >= limit).length;
}

/** The most points known; NaN where none are. */
function highest(points: readonly number[]): number {
  const known = points.filter((one) => !Number.isNaN(one));
  return known.length === 0 ? NaN : Math.max(...known);
}
