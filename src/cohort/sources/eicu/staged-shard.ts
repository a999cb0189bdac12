import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { quoted } from '../../csv/csv-file.js';
import type { SourceChart } from '../../cohort-source.js';
import type { ChartRows, HourlyRow, UnitRows } from './chart-rows.js';
import type { ChartedNumber } from './charted-number.js';
import { layoutOf, STAGED_TABLES, stagedColumns, type Row, type TableName } from './eicu-layout.js';
import { minutesOf } from './eicu-time.js';
import { filingOf } from './filing.js';
import { HOURLY_LABS, HOURLY_VITALS } from './hourly-layout.js';
import { recordFromRows } from './record-from-rows.js';
import { loadStagedInfo } from './staged-info.js';
import { chartIdOf, unitStaysOf } from './unit-stays.js';

/** The charts of one shard, ascending by chart id. Only rows that some index of the chart may look back to are in them. */
export async function* readStagedEicu(folder: string, shard: number): AsyncGenerator<SourceChart> {
  const info = await loadStagedInfo(folder);
  const { tables, hourly } = await loadShard(folder, shard);
  const patients = new Map<string, Row[]>();
  for (const [row] of tables.get('patient')?.values() ?? []) {
    if (row) patients.set(chartIdOf(row), [...(patients.get(chartIdOf(row)) ?? []), row]);
  }
  for (const [chartId, rows] of [...patients].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const counts: Record<string, number> = {};
    const reject = (words: string): void => {
      counts[words] = (counts[words] ?? 0) + 1;
    };
    const units = unitStaysOf(rows).map((stay): UnitRows => {
      const own: Partial<Record<TableName, readonly Row[]>> = {};
      for (const table of STAGED_TABLES) {
        if (table === 'patient') continue;
        own[table] = usable(table, tables.get(table)?.get(stay.unitStayId) ?? [], reject);
      }
      return { stay, tables: own, hourly: hourly.get(stay.unitStayId) ?? [] };
    });
    const chart: ChartRows = { chartId, units, info, rejections: counts };
    const { record, numbers } = recordFromRows(chart, reject);
    yield {
      chartId,
      record,
      filing: filingOf(chart),
      withoutFilingTime: withoutFilingTime(numbers, units),
      rejections: counts,
      unitsCharted: unitsCharted(numbers),
    };
  }
}

/** Rows with readable offsets (the others were counted when they were staged), each id once. */
function usable(table: TableName, rows: readonly Row[], reject: (words: string) => void): readonly Row[] {
  const { columns, offset, otherOffsets = [] } = layoutOf(table);
  const seen = new Set<string>();
  return rows.filter((row) => {
    const isTimed = (column: string): boolean =>
      row[column] === null || row[column] === undefined
        ? column !== offset && table !== 'pastHistory'
        : minutesOf(row[column]) !== undefined;
    const offsets = offset === undefined ? otherOffsets : [offset, ...otherOffsets];
    if (!offsets.every(isTimed)) return false;
    const id = row[columns[0] ?? ''] ?? '';
    if (seen.has(id)) {
      reject(`${table}: a row id twice`);
      return false;
    }
    seen.add(id);
    return true;
  });
}

/** Tables that say when something was charted and not when it was entered. */
const UNFILED = /^(?:vitalPeriodic|vitalAperiodic)\//;

function withoutFilingTime(numbers: readonly ChartedNumber[], units: readonly UnitRows[]): number {
  const labs = units
    .flatMap(({ tables }) => tables.lab ?? [])
    .filter((row) => (row['labresultrevisedoffset'] ?? '') === '').length;
  const drugs = units.reduce((sum, { tables }) => sum + (tables.infusiondrug ?? []).length, 0);
  return numbers.filter(({ evidence }) => UNFILED.test(evidence)).length + labs + drugs;
}

function unitsCharted(numbers: readonly ChartedNumber[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { concept, unit } of numbers) {
    const key = `${concept.key} ${unit ?? 'none'}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

interface Shard {
  readonly tables: ReadonlyMap<TableName, ReadonlyMap<string, readonly Row[]>>;
  readonly hourly: ReadonlyMap<string, readonly HourlyRow[]>;
}

async function loadShard(folder: string, shard: number): Promise<Shard> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    const tables = new Map<TableName, ReadonlyMap<string, readonly Row[]>>();
    for (const table of STAGED_TABLES) {
      tables.set(table, byStay<Row>(await read(connection, folder, table, shard, stagedColumns(table))));
    }
    const columns = ['patientunitstayid', 'hour', ...[...HOURLY_LABS, ...HOURLY_VITALS].map(({ column }) => column)];
    const hourly = byStay<HourlyRow>(await read(connection, folder, 'yaib_hourly', shard, columns));
    return { tables, hourly };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function read(
  connection: DuckDBConnection,
  folder: string,
  table: string,
  shard: number,
  columns: readonly string[],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const part = join(folder, table, `shard=${shard}`);
  if (!existsSync(part) || (await readdir(part)).length === 0) return [];
  const reader = await connection.runAndReadAll(
    `SELECT ${columns.join(', ')} FROM read_parquet(${quoted(`${part}/*.parquet`)}, hive_partitioning = false) ORDER BY ALL`,
  );
  return reader.getRowObjects();
}

function byStay<T>(rows: readonly Readonly<Record<string, unknown>>[]): ReadonlyMap<string, readonly T[]> {
  const grouped = new Map<string, T[]>();
  for (const row of rows) {
    const stay = String(row['patientunitstayid']);
    const list = grouped.get(stay);
    if (list) list.push(row as T);
    else grouped.set(stay, [row as T]);
  }
  return grouped;
}
