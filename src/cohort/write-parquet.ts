import { DuckDBInstance } from '@duckdb/node-api';
import type { DatasetRow } from './dataset-row.js';

const ROW_COLUMNS = ['record_id INTEGER', '"set" VARCHAR', 'label INTEGER', 'day2 BOOLEAN', 'survival_days INTEGER'];

/**
 * Writes `tabular.parquet`: record_id, set, label (null where not certain), day2, survival_days, then the spec's columns
 * as FLOAT with NaN for no value, in the order given. The same rows give the same bytes.
 */
export async function writeTabularParquet(
  path: string,
  columnNames: readonly string[],
  rows: readonly DatasetRow[],
): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  try {
    const connection = await instance.connect();
    const features = columnNames.map((name) => `${quoted(name)} FLOAT`);
    await connection.run(`CREATE TABLE tabular (${[...ROW_COLUMNS, ...features].join(', ')})`);
    const appender = await connection.createAppender('tabular');
    for (const row of rows) {
      appender.appendInteger(row.recordId);
      appender.appendVarchar(row.set);
      if (row.label === null) appender.appendNull();
      else appender.appendInteger(row.label);
      appender.appendBoolean(row.day2);
      appender.appendInteger(row.survivalDays);
      for (const value of row.tabular) appender.appendFloat(value);
      appender.endRow();
    }
    appender.closeSync();
    await connection.run(`COPY tabular TO '${path.replaceAll("'", "''")}' (FORMAT parquet, COMPRESSION zstd)`);
    connection.closeSync();
  } finally {
    instance.closeSync();
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
