import { CHARLSON_CATEGORIES } from '../../record/charlson.js';
import { isCovered, type VisibleRecord } from '../visible-record.js';

export const CHARLSON_LEVELS: readonly string[] = [...CHARLSON_CATEGORIES.map(({ key }) => key), 'index', 'no-record'];

/** The milder form of a disease and the worse one that takes its place in the index. @see mimic-code `comorbidity/charlson.sql` */
const SUPERSEDED_BY: Readonly<Record<string, string>> = {
  'mild-liver-disease': 'moderate-or-severe-liver-disease',
  'diabetes-without-complication': 'diabetes-with-complication',
  malignancy: 'metastatic-solid-tumor',
};

/**
 * `<category>`: 1 where it is on the record, else 0. `index`: the weights of those on the record (Charlson 1987, without age),
 * the worse form of a disease alone. `no-record`: 1 where there is no category at all. NaN instead of 0 (and of any index)
 * unless all diagnoses were read: a page that was cut off says nothing about those behind it.
 */
export function charlsonLevel(record: VisibleRecord, level: string): number {
  const present = new Set(record.conditions.map(({ charlson }) => charlson));
  const areAllRead = isCovered(record.source, 'conditions', -Infinity);
  if (level === 'no-record') return present.size > 0 ? 0 : areAllRead ? 1 : NaN;
  if (level === 'index') return areAllRead ? charlsonIndex(present) : NaN;
  return present.has(level) ? 1 : areAllRead ? 0 : NaN;
}

function charlsonIndex(present: ReadonlySet<string>): number {
  return CHARLSON_CATEGORIES.filter(({ key }) => present.has(key) && !present.has(SUPERSEDED_BY[key] ?? '')).reduce(
    (sum, { weight }) => sum + weight,
    0,
  );
}
