import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { csvFault } from '../../csv/csv-fault.js';
import { quoted, requireCsv, scanOf } from '../../csv/csv-file.js';
import { MIMIC_LAYOUT, TABLE_NAMES, type Row, type TableLayout, type TableName } from './csv-layout.js';

/** The rows of one patient, table by table; the same rows come in the same order, whatever they are read from. */
export interface PatientTables {
  rowsOf(table: TableName, subjectId: string): Promise<readonly Row[]>;
}

/** The tables of a MIMIC-IV folder, narrowed to what the dictionary maps, one patient at a time. */
export interface CsvTables extends PatientTables {
  /** All rows: for the small tables that say which patients there are. */
  rows(table: 'patients' | 'poe'): Promise<readonly Row[]>;
  close(): void;
}

/**
 * Opens the published CSV layout (`hosp/*.csv.gz`, `icu/*.csv.gz`, or plain `.csv`), all of it in memory: for datasets the
 * size of the demo. Throws ERR_DATASET naming the table that is missing, the column that is not there, or the file and line
 * that cannot be read.
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
    rowsOf: (table, subjectId) => select(table, `WHERE subject_id = ${quoted(subjectId)} ORDER BY ALL`),
    rows: (table) => select(table, 'ORDER BY ALL'),
    close,
  };
}

async function readTable(connection: DuckDBConnection, directory: string, table: TableName): Promise<void> {
  const { path, columns, where }: TableLayout = MIMIC_LAYOUT[table];
  const file = await requireCsv(directory, path, columns);
  try {
    await connection.run(
      `CREATE TABLE "${table}" AS SELECT ${columns.join(', ')} FROM ${scanOf(file)} ${where === undefined ? '' : `WHERE ${where}`} ORDER BY subject_id`,
    );
  } catch (cause) {
    throw await csvFault(file, cause);
  }
}
