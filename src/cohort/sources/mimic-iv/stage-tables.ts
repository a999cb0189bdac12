import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { csvFault } from '../../csv/csv-fault.js';
import { quoted, scanOf, type CsvFile } from '../../csv/csv-file.js';
import type { WantedChart } from '../../cohort-source.js';
import { LONG_LOOK_BACK_ITEMS, MIMIC_LAYOUT, NOTE_LAYOUT, type TableLayout } from './csv-layout.js';
import { isoAtOffset } from './mimic-time.js';

const HOUR_MS = 3_600_000;
/** Look-back of most values, of weight and height, and of notes. Rows outside are no input of any column. */
const LOOK_BACK_HOURS = { short: 48, long: 720, notes: 168 } as const;
type Span = keyof typeof LOOK_BACK_HOURS;
/** Rows of the first hours after an index come along too: the guards need a future to move. */
const FUTURE_HOURS = 6;

/** How rows of a table are chosen by time; `whole`: all rows of a wanted patient. */
const TIMED: Readonly<Record<string, 'values' | 'notes' | 'whole'>> = {
  patients: 'whole',
  admissions: 'whole',
  icustays: 'whole',
  diagnoses_icd: 'whole',
  inputevents: 'whole',
  procedureevents: 'whole',
  labevents: 'values',
  outputevents: 'values',
  chartevents: 'values',
  radiology: 'notes',
  // Known from the end of their own admission on, which may be long after they were stored: the mapping decides.
  discharge: 'whole',
};
export type StagedTable = keyof typeof TIMED;
export const STAGED_TABLES: readonly StagedTable[] = Object.keys(TIMED);

/** Puts the wanted patients, their shards and their look-back windows into the connection. */
export async function loadWanted(connection: DuckDBConnection, wanted: readonly WantedChart[]): Promise<void> {
  await connection.run(
    'CREATE OR REPLACE TEMP TABLE wanted (subject_id VARCHAR, shard INTEGER); CREATE OR REPLACE TEMP TABLE windows (subject_id VARCHAR, span VARCHAR, is_first BOOLEAN, from_time VARCHAR, to_time VARCHAR)',
  );
  const subjects = await connection.createAppender('wanted');
  const windows = await connection.createAppender('windows');
  for (const { chartId, shard, indexMs } of wanted) {
    const subjectId = chartId.replace(/^mimic-/, '');
    subjects.appendVarchar(subjectId);
    subjects.appendInteger(shard);
    subjects.endRow();
    for (const span of ['short', 'long', 'notes'] as const) {
      mergedWindows(indexMs, span).forEach(([fromMs, toMs], index) => {
        windows.appendVarchar(subjectId);
        windows.appendVarchar(span);
        windows.appendBoolean(index === 0);
        windows.appendVarchar(wallClock(fromMs));
        windows.appendVarchar(wallClock(toMs));
        windows.endRow();
      });
    }
  }
  subjects.closeSync();
  windows.closeSync();
}

/** The windows of all indexes, look-back and a little future, overlapping ones joined, so that no row is taken twice. */
export function mergedWindows(indexMs: readonly number[], span: Span): readonly (readonly [number, number])[] {
  const reach = LOOK_BACK_HOURS[span] * HOUR_MS;
  const merged: [number, number][] = [];
  for (const timeMs of [...indexMs].sort((a, b) => a - b)) {
    const last = merged.at(-1);
    const endMs = timeMs + FUTURE_HOURS * HOUR_MS;
    if (last && timeMs - reach <= last[1]) last[1] = endMs;
    else merged.push([timeMs - reach, endMs]);
  }
  return merged;
}

/** As MIMIC-IV writes times: they compare as texts. */
function wallClock(ms: number): string {
  return isoAtOffset(ms).slice(0, 19).replace('T', ' ');
}

/**
 * Filters one table to the wanted patients, items and times, one Parquet file set a shard: nothing else of it is ever seen by
 * JavaScript. Rows whose time cannot be read come along, to be counted. Returns the rows kept.
 */
export async function stageTable(
  connection: DuckDBConnection,
  table: StagedTable,
  file: CsvFile,
  folder: string,
): Promise<number> {
  const { columns, where }: TableLayout = layoutOf(table);
  const target = join(folder, table);
  const chosen = `SELECT ${columns.join(', ')} FROM ${scanOf(file)} ${where === undefined ? '' : `WHERE ${where}`}`;
  const own = columns.map((column) => `t.${column}`).join(', ');
  try {
    const result = await connection.run(
      `COPY (SELECT w.shard, ${own} FROM (${chosen}) t JOIN wanted w ON t.subject_id = w.subject_id ${timeFilter(table)})
       TO ${quoted(target)} (FORMAT parquet, PARTITION_BY (shard), OVERWRITE_OR_IGNORE)`,
    );
    const [[rows] = []] = await result.getRows();
    return Number(rows ?? 0);
  } catch (cause) {
    throw await csvFault(file, cause);
  }
}

export function layoutOf(table: StagedTable): TableLayout {
  if (table === 'radiology' || table === 'discharge') return NOTE_LAYOUT[table];
  return Object.entries(MIMIC_LAYOUT).find(([name]) => name === table)?.[1] ?? NOTE_LAYOUT.radiology;
}

function timeFilter(table: StagedTable): string {
  const kind = TIMED[table] ?? 'whole';
  if (kind === 'whole') return '';
  const long = LONG_LOOK_BACK_ITEMS.map((item) => `'${item}'`).join(',');
  const span = kind === 'notes' ? "'notes'" : `CASE WHEN t.itemid IN (${long}) THEN 'long' ELSE 'short' END`;
  // A note is looked back to from when it was filed, which may be weeks after the examination: the store time decides.
  const time = kind === 'notes' ? 'greatest(t.charttime, coalesce(t.storetime, t.charttime))' : 't.charttime';
  // The fact that comfort measures were chosen is wanted whenever it was charted; it is no input.
  const always = table === 'chartevents' ? "OR (n.is_first AND t.itemid = '223758')" : '';
  return `JOIN windows n ON n.subject_id = t.subject_id AND n.span = ${span}
    AND (${time} BETWEEN n.from_time AND n.to_time OR (n.is_first AND try_cast(t.charttime AS TIMESTAMP) IS NULL) ${always})`;
}
