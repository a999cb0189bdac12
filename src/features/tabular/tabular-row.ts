import { conceptByKey } from '../../concepts/dictionary.js';
import type { SourceKey } from '../../concepts/concept.js';
import { ServiceError } from '../../errors/service-error.js';
import type { TabularColumn } from '../feature-spec.js';
import { windowStart } from '../time-windows.js';
import { isCovered, type Reading, type VisibleRecord } from '../visible-record.js';
import { AGGREGATE_COLUMNS, AGGREGATE_MEASURES } from './aggregates.js';
import { DERIVED_COLUMNS } from './derived-columns.js';
import { STATIC_COLUMNS, STATIC_LEVELS } from './record-columns.js';
import { statistic } from './statistics.js';

/**
 * The tabular tensor, shape [columns], in the spec's order; NaN where there is no value. Computed in double precision,
 * rounded to float32 once. Throws ERR_MODEL_BUNDLE for a column this version cannot compute.
 */
export function tabularRow(record: VisibleRecord, columns: readonly TabularColumn[]): Float32Array {
  const windows = new Map<string, readonly Reading[]>();
  return Float32Array.from(columns, (column) => columnValue(record, column, windows));
}

/** Can this version compute the column? Its concept or formula, and its level or measure, must be among those it knows. */
export function isKnownColumn(column: TabularColumn): boolean {
  switch (column.kind) {
    case 'statistic':
      return true;
    case 'static': {
      const levels = entryOf(STATIC_LEVELS, column.concept);
      const isKnownLevel = column.level === undefined ? levels === undefined : levels?.includes(column.level) === true;
      return isKnownLevel && entryOf(STATIC_COLUMNS, column.concept) !== undefined;
    }
    case 'aggregate':
      return entryOf(AGGREGATE_MEASURES, column.concept)?.includes(column.measure) === true;
    case 'derived':
      return entryOf(DERIVED_COLUMNS, column.formula) !== undefined;
  }
}

/** A table's own entry; a name that every object has (`toString`) is none. */
function entryOf<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function columnValue(record: VisibleRecord, column: TabularColumn, windows: Map<string, readonly Reading[]>): number {
  switch (column.kind) {
    case 'statistic': {
      const from = windowStart(record.predictionTimeMs, column.windowHours);
      const key = `${column.concept} ${column.windowHours}`;
      const readings = windows.get(key) ?? within(record.readings.get(column.concept) ?? [], from);
      windows.set(key, readings);
      if (column.statistic === 'count' && !isCovered(record.source, sourceOf(column.concept), from)) return NaN;
      return statistic(column.statistic, readings, record.predictionTimeMs);
    }
    case 'static':
      return known(entryOf(STATIC_COLUMNS, column.concept), column)(record, column.level ?? '');
    case 'aggregate':
      return known(entryOf(AGGREGATE_COLUMNS, column.concept), column)(record, column.measure, column.windowHours);
    case 'derived':
      return known(entryOf(DERIVED_COLUMNS, column.formula), column)(record, column.windowHours);
  }
}

function within(readings: readonly Reading[], fromMs: number): readonly Reading[] {
  const first = readings.findIndex(({ timeMs }) => timeMs >= fromMs);
  return first < 0 ? [] : first === 0 ? readings : readings.slice(first);
}

function sourceOf(key: string): SourceKey {
  const { source } = conceptByKey(key);
  return source === 'order' || source === 'derived' ? 'patient' : source;
}

function known<T>(compute: T | undefined, column: TabularColumn): T {
  if (compute) return compute;
  throw new ServiceError('ERR_MODEL_BUNDLE', { detail: `feature-spec.json: no such column: ${column.name}` });
}
