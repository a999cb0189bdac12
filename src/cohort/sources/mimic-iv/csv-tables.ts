import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { concepts } from '../../../concepts/dictionary.js';
import { ServiceError } from '../../../errors/service-error.js';

export type Row = Readonly<Record<string, string | null>>;

/** A table of the published layout: the columns read, and which rows of it matter. */
interface TableLayout {
  readonly folder: 'hosp' | 'icu';
  readonly columns: readonly string[];
  readonly where?: string;
}

const items = (table: 'labevents' | 'chartevents' | 'outputevents'): string =>
  concepts
    .flatMap(({ mimicIv }) => mimicIv[table] ?? [])
    .map((id) => `'${id}'`)
    .join(',');

/** The specimen type of a blood gas: what tells an arterial pO2. */
export const SPECIMEN_TYPE_ITEM = '52033';

const LAYOUT = {
  patients: { folder: 'hosp', columns: ['subject_id', 'gender', 'anchor_age', 'anchor_year', 'dod'] },
  admissions: {
    folder: 'hosp',
    columns: ['subject_id', 'hadm_id', 'admittime', 'dischtime', 'deathtime', 'admission_type', 'discharge_location'],
  },
  diagnoses_icd: { folder: 'hosp', columns: ['subject_id', 'hadm_id', 'seq_num', 'icd_code', 'icd_version'] },
  labevents: {
    folder: 'hosp',
    columns: [
      'labevent_id',
      'subject_id',
      'specimen_id',
      'itemid',
      'charttime',
      'storetime',
      'value',
      'valuenum',
      'valueuom',
    ],
    where: `itemid IN (${items('labevents')},'${SPECIMEN_TYPE_ITEM}')`,
  },
  poe: {
    folder: 'hosp',
    columns: [
      'poe_id',
      'poe_seq',
      'subject_id',
      'hadm_id',
      'ordertime',
      'order_type',
      'order_subtype',
      'transaction_type',
    ],
    where: "order_type = 'Blood Bank' AND order_subtype LIKE '%Product Order'",
  },
  icustays: { folder: 'icu', columns: ['subject_id', 'hadm_id', 'stay_id', 'intime', 'outtime'] },
  chartevents: {
    folder: 'icu',
    columns: ['subject_id', 'charttime', 'storetime', 'itemid', 'valuenum', 'valueuom'],
    where: `valuenum IS NOT NULL AND itemid IN (${items('chartevents')})`,
  },
  outputevents: {
    folder: 'icu',
    columns: ['subject_id', 'charttime', 'storetime', 'itemid', 'value', 'valueuom'],
    where: `itemid IN (${items('outputevents')})`,
  },
  inputevents: {
    folder: 'icu',
    columns: [
      'subject_id',
      'starttime',
      'endtime',
      'storetime',
      'itemid',
      'amount',
      'amountuom',
      'rate',
      'rateuom',
      'orderid',
      'statusdescription',
    ],
    where: "statusdescription IS DISTINCT FROM 'Rewritten'",
  },
  procedureevents: { folder: 'icu', columns: ['subject_id', 'starttime', 'endtime', 'itemid', 'orderid'] },
} as const satisfies Record<string, TableLayout>;

export type TableName = keyof typeof LAYOUT;
const TABLE_NAMES = Object.keys(LAYOUT) as readonly TableName[];

/** The tables of a MIMIC-IV folder, narrowed to what the dictionary maps, one patient at a time. */
export interface CsvTables {
  /** Rows of one patient; every cell is text as published, null where empty. */
  rowsOf(table: TableName, subjectId: string): Promise<readonly Row[]>;
  /** All rows: for the small tables that say which patients there are. */
  rows(table: 'patients' | 'poe'): Promise<readonly Row[]>;
  close(): void;
}

/**
 * Opens the published CSV layout (`hosp/*.csv.gz`, `icu/*.csv.gz`, or plain `.csv`).
 * Throws ERR_DATASET naming the table that is missing, the column that is not there, or the file that cannot be read.
 */
export async function openCsvTables(directory: string): Promise<CsvTables> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const close = (): void => {
    connection.closeSync();
    instance.closeSync();
  };
  try {
    for (const table of TABLE_NAMES) await readTable(connection, directory, table);
  } catch (error) {
    close();
    throw error;
  }
  const select = async (table: TableName, where: string): Promise<readonly Row[]> => {
    const reader = await connection.runAndReadAll(`SELECT * FROM "${table}" ${where}`);
    return reader.getRowObjects() as unknown as readonly Row[];
  };
  return {
    rowsOf: (table, subjectId) => select(table, `WHERE subject_id = '${subjectId.replaceAll("'", "''")}'`),
    rows: (table) => select(table, ''),
    close,
  };
}

async function readTable(connection: DuckDBConnection, directory: string, table: TableName): Promise<void> {
  const { folder, columns, where }: TableLayout = LAYOUT[table];
  const name = `${folder}/${table}.csv`;
  const path = [`${name}.gz`, name].map((file) => join(directory, file)).find((file) => existsSync(file));
  if (path === undefined)
    throw new ServiceError('ERR_DATASET', { detail: `${name}.gz is missing in the MIMIC-IV folder` });
  const source = `read_csv('${path.replaceAll("'", "''")}', header = true, all_varchar = true, delim = ',', quote = '"', escape = '"')`;
  try {
    const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${source}`);
    const present = new Set(described.getRows().map(([column]) => String(column)));
    const missing = columns.find((column) => !present.has(column));
    if (missing !== undefined) {
      throw new ServiceError('ERR_DATASET', { detail: `${name}: the header has no column ${missing}` });
    }
    const condition = where === undefined ? '' : `WHERE ${where}`;
    await connection.run(
      `CREATE TABLE "${table}" AS SELECT ${columns.join(', ')} FROM ${source} ${condition} ORDER BY subject_id`,
    );
  } catch (cause) {
    if (cause instanceof ServiceError) throw cause;
    throw new ServiceError('ERR_DATASET', { detail: `${name} cannot be read as CSV`, cause });
  }
}
