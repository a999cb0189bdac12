import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { ServiceError } from '../../../errors/service-error.js';
import { csvFault } from '../../csv/csv-fault.js';
import { requireCsv, scanOf, type CsvFile } from '../../csv/csv-file.js';
import { BLOOD_TABLES, layoutOf, TABLE_NAMES, type Row, type TableName } from './eicu-layout.js';
import { assertHourly, HOURLY_PATH } from './hourly-layout.js';

/** The files of an eICU folder. */
export interface EicuFiles {
  readonly tables: ReadonlyMap<TableName, CsvFile>;
  /** Hourly aggregates that stand in for `lab` and `vitalPeriodic`; absent where both are there. */
  readonly hourly?: string;
}

/**
 * The tables of a folder, `.csv` or `.csv.gz`, whatever the case of their names. Throws ERR_DATASET when `patient` or all
 * three tables of transfusions are missing, or a header lacks a column.
 */
export async function findEicuFiles(connection: DuckDBConnection, directory: string): Promise<EicuFiles> {
  const names = await readdir(directory).catch((cause: unknown) => {
    throw new ServiceError('ERR_DATASET', { detail: 'the eICU folder cannot be read', cause });
  });
  const tables = new Map<TableName, CsvFile>();
  for (const table of TABLE_NAMES) {
    const { name, columns } = layoutOf(table);
    const spelled = names.map(baseName).find((base) => base?.toLowerCase() === name.toLowerCase());
    if (spelled !== undefined) tables.set(table, await requireCsv(directory, spelled, columns));
  }
  if (!tables.has('patient')) throw new ServiceError('ERR_DATASET', { detail: 'patient.csv.gz is missing' });
  if (!BLOOD_TABLES.some((table) => tables.has(table))) {
    throw new ServiceError('ERR_DATASET', {
      detail: `${BLOOD_TABLES.map((table) => `${table}.csv.gz`).join(', ')} are all missing: nothing tells who was transfused`,
    });
  }
  const hourly = join(directory, HOURLY_PATH);
  if ((tables.has('lab') && tables.has('vitalPeriodic')) || !existsSync(hourly)) return { tables };
  await assertHourly(connection, hourly);
  return { tables, hourly };
}

function baseName(name: string): string | undefined {
  return /^(.*)\.csv(?:\.gz)?$/.exec(name)?.[1];
}

/** The rows of a table, its columns and conditions alone, in a fixed order. Throws ERR_DATASET naming file and line. */
export async function readRows(
  connection: DuckDBConnection,
  { tables }: EicuFiles,
  table: TableName,
  condition?: string,
): Promise<readonly Row[]> {
  const file = tables.get(table);
  if (!file) return [];
  const { columns, where } = layoutOf(table);
  const conditions = [where, condition].filter((one) => one !== undefined);
  const filter = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  try {
    const reader = await connection.runAndReadAll(
      `SELECT ${columns.join(', ')} FROM ${scanOf(file)} ${filter} ORDER BY ALL`,
    );
    return reader.getRowObjects() as unknown as readonly Row[];
  } catch (cause) {
    throw await csvFault(file, cause);
  }
}

/** Throws ERR_DATASET naming the lines of `patient` with the same unit stay, with none, or with an offset that is no number. */
export async function assertPatientRows(connection: DuckDBConnection, { tables }: EicuFiles): Promise<void> {
  const file = tables.get('patient');
  if (!file) return;
  const numbered = `SELECT row_number() OVER () + 1 AS line, * FROM ${scanOf(file)}`;
  const first = async (sql: string): Promise<readonly unknown[] | undefined> => {
    try {
      return (await connection.runAndReadAll(sql)).getRows()[0];
    } catch (cause) {
      throw await csvFault(file, cause);
    }
  };
  const fault = (words: string): ServiceError => new ServiceError('ERR_DATASET', { detail: `${file.name}: ${words}` });
  for (const column of ['patientunitstayid', 'patienthealthsystemstayid', 'uniquepid']) {
    const empty = await first(`SELECT line FROM (${numbered}) WHERE ${column} IS NULL ORDER BY line LIMIT 1`);
    if (empty) throw fault(`line ${String(empty[0])} has no ${column}`);
  }
  const twice = await first(
    `SELECT min(line), max(line) FROM (${numbered}) GROUP BY patientunitstayid HAVING count(*) > 1 ORDER BY 1 LIMIT 1`,
  );
  if (twice) throw fault(`lines ${String(twice[0])} and ${String(twice[1])} have the same patientunitstayid`);
  for (const column of ['hospitaladmitoffset', 'hospitaldischargeoffset', 'unitdischargeoffset']) {
    const bad = await first(
      `SELECT line FROM (${numbered}) WHERE NOT regexp_full_match(coalesce(${column}, ''), '\\s*-?\\d+\\s*') ORDER BY line LIMIT 1`,
    );
    if (bad) throw fault(`line ${String(bad[0])}: ${column} is no whole number of minutes`);
  }
}
