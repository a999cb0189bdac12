import { CHARLSON_CATEGORIES } from '../../record/charlson.js';
import type { BloodProduct, ProcedureKind } from '../../record/patient-record.js';
import { hoursBefore, touchesWindow, windowStart } from '../time-windows.js';
import { isCovered, type VisibleRecord } from '../visible-record.js';
import { ageYears } from './age.js';

/** "On" means running at some moment of the last so many hours: infusions pause for a minute and are rarely charted to it. */
const RUNNING_WINDOW_HOURS = 6;
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
export const PRODUCTS: readonly BloodProduct[] = ['rbc', 'platelets', 'plasma', 'cryo', 'whole-blood'];
export const ADMISSION_LEVELS = ['icu', 'emergency-department', 'elective', 'urgent', 'emergency'] as const;
export const CHARLSON_LEVELS: readonly string[] = [...CHARLSON_CATEGORIES.map(({ key }) => key), 'index', 'no-record'];

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
  return isCovered(record.source, 'procedures', from) ? 0 : NaN;
}

function administrationRunning(record: VisibleRecord, kind: string): number {
  const from = windowStart(record.predictionTimeMs, RUNNING_WINDOW_HOURS);
  if (record.administrations.some((given) => given.kind === kind && touchesWindow(given, from))) return 1;
  return isCovered(record.source, 'administrations', from) ? 0 : NaN;
}

function orderedProduct({ source: { orders } }: VisibleRecord, level: string): number {
  if (level === 'units') {
    const units = orders.flatMap(({ orderedUnits }) => (orderedUnits === undefined ? [] : [orderedUnits]));
    return units.length === 0 ? NaN : units.sort((a, b) => a - b).reduce((a, b) => a + b, 0);
  }
  if (level === 'stat') return orders.some(({ urgency }) => urgency === 'stat') ? 1 : 0;
  return orders.some(({ products }) => (products as readonly string[]).includes(level)) ? 1 : 0;
}

function admissionLevel(record: VisibleRecord, level: string): number {
  if (record.source.coverage.encounters.kind !== 'covered') return NaN;
  const open = record.encounters.filter(({ endMs }) => endMs === undefined);
  const isMet =
    level === 'icu'
      ? open.some(({ setting }) => setting === 'icu')
      : level === 'emergency-department'
        ? open.some(({ setting }) => setting === 'emergency')
        : open.some(({ admissionType }) => admissionType === level);
  return isMet ? 1 : 0;
}

/** log1p of the hours since the open stay began; NaN outside any. */
function hoursSinceAdmission({ encounters, predictionTimeMs }: VisibleRecord, level: string): number {
  const isIcu = level === 'icu';
  const open = encounters.filter(
    ({ endMs, setting }) => endMs === undefined && (isIcu ? setting === 'icu' : setting !== 'icu'),
  );
  if (open.length === 0) return NaN;
  return Math.log1p(hoursBefore(predictionTimeMs, Math.min(...open.map(({ startMs }) => startMs))));
}

function charlsonLevel(record: VisibleRecord, level: string): number {
  if (record.source.coverage.conditions.kind !== 'covered') return NaN;
  const present = new Set(record.conditions.map(({ charlson }) => charlson));
  if (level === 'no-record') return record.conditions.length === 0 ? 1 : 0;
  if (level !== 'index') return present.has(level) ? 1 : 0;
  return CHARLSON_CATEGORIES.reduce((sum, { key, weight }) => sum + (present.has(key) ? weight : 0), 0);
}
