import { conceptByKey } from '../../concepts/dictionary.js';
import type { FeatureSpec } from '../../features/feature-spec.js';
import type { FeatureTensors } from '../../features/feature-tensors.js';
import type { SourceName } from '../cohort-source.js';
import { isCareLimitation } from '../sources/eicu/care-limitation.js';
import { leak, looked, type GuardTally } from './leak.js';

/** Figures that stay inside the keep range of their concept as long as nobody rescales them. */
const RAW = new Set(['last', 'first', 'min', 'max', 'mean']);
/** Computed from other concepts at one time, so not held to a range of their own. */
const DERIVED = new Set(['map', 'gcs_total']);
const TOLERANCE = 1e-4;

/**
 * Guard: columns are raw figures in canonical units. Standardised or imputed columns would carry the statistics of rows that
 * belong to other folds. Throws ERR_LEAKAGE `standardised-values`.
 */
export function checkRawValues(spec: FeatureSpec, tabular: Float32Array, tally: GuardTally): void {
  spec.tabular.forEach((column, index) => {
    if (column.kind !== 'statistic' || !RAW.has(column.statistic) || DERIVED.has(column.concept)) return;
    const { range } = conceptByKey(column.concept);
    const value = tabular[index] ?? NaN;
    if (!range || Number.isNaN(value)) return;
    const slack = TOLERANCE * Math.max(1, Math.abs(range.low), Math.abs(range.high));
    if (value < range.low - slack || value > range.high + slack) {
      throw leak('standardised-values', `${column.name} holds a value outside the range of its unit`);
    }
  });
  looked(tally, 'standardised-values');
}

/** Guard: no text says how far care was to go. Only eICU's notes are made of lines that can be told apart so. */
export function checkNoteTexts(source: SourceName, notes: FeatureTensors['notes'], tally: GuardTally): void {
  if (source !== 'eicu') return;
  for (const { text } of notes.chunks) {
    if (isCareLimitation(text)) throw leak('care-limitation-text', 'a note says how far care was to go');
    looked(tally, 'care-limitation-text');
  }
}
