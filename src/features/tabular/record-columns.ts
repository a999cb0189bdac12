import type { ProcedureKind } from '../../record/patient-record.js';
import { RUNNING_WINDOW_HOURS, touchesWindow, windowStart } from '../time-windows.js';
import type { VisibleRecord } from '../visible-record.js';
import { ageYears } from './age.js';
import { CHARLSON_LEVELS, charlsonLevel } from './comorbidity.js';
import { ORDER_LEVELS, orderedProduct } from './ordered-product.js';
import { ADMISSION_LEVELS, admissionLevel, hoursSinceAdmission, isNoneWhenSilent, STAY_LEVELS } from './stays.js';

const DAY_HOURS = 24;
/** Age is capped: MIMIC hides ages over 89. */
const AGE_CAP = 90;

export const RESPIRATORY_LEVELS: readonly ProcedureKind[] = [
  'invasive-ventilation',
  'noninvasive-ventilation',
  'high-flow-oxygen',
  'oxygen-therapy',
  'tracheostomy',
];

/** Levels of static concepts that have more than one column. */
export const STATIC_LEVELS: Readonly<Record<string, readonly string[]>> = {
  resp_support: RESPIRATORY_LEVELS,
  product: ORDER_LEVELS,
  admission: ADMISSION_LEVELS,
  hours_since_admission: STAY_LEVELS,
  comorbidity: CHARLSON_LEVELS,
};

/** Value of a static column; NaN where it is not known. Each function names its level in words of its own concept. */
export const STATIC_COLUMNS: Readonly<Record<string, (record: VisibleRecord, level: string) => number>> = {
  age: (record) => Math.min(ageYears(record.source.birthDate, record.predictionTimeMs), AGE_CAP),
  sex: ({ source: { sex } }) => (sex === 'male' ? 1 : sex === 'female' ? 0 : NaN),
  weight: (record) => lastWithin(record, 'weight', 720),
  height: (record) => lastWithin(record, 'height', 720),
  resp_support: (record, level) => procedureWithin(record, [level], DAY_HOURS),
  rrt_24h: (record) => procedureWithin(record, ['renal-replacement'], DAY_HOURS),
  inotrope: (record) => administrationRunning(record, 'inotrope'),
  sedation: (record) => administrationRunning(record, 'sedative'),
  product: orderedProduct,
  admission: admissionLevel,
  hours_since_admission: hoursSinceAdmission,
  comorbidity: charlsonLevel,
};

/** The newest value within the window; ties are averaged. */
export function lastWithin({ readings, predictionTimeMs }: VisibleRecord, concept: string, hours: number): number {
  const list = readings.get(concept) ?? [];
  const newest = list.at(-1)?.timeMs ?? NaN;
  if (!(newest >= windowStart(predictionTimeMs, hours))) return NaN;
  const tied = list.filter(({ timeMs }) => timeMs === newest);
  return tied.reduce((sum, { value }) => sum + value, 0) / tied.length;
}

function procedureWithin(record: VisibleRecord, kinds: readonly string[], hours: number): number {
  const from = windowStart(record.predictionTimeMs, hours);
  if (record.procedures.some((done) => kinds.includes(done.kind) && touchesWindow(done, from))) return 1;
  return isNoneWhenSilent(record, 'procedures', from) ? 0 : NaN;
}

function administrationRunning(record: VisibleRecord, kind: string): number {
  const from = windowStart(record.predictionTimeMs, RUNNING_WINDOW_HOURS);
  if (record.administrations.some((given) => given.kind === kind && touchesWindow(given, from))) return 1;
  return isNoneWhenSilent(record, 'administrations', from) ? 0 : NaN;
}
