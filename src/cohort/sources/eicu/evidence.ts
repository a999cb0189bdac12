import { layoutOf, type Row, type TableName } from './eicu-layout.js';

/** Reference of a row: its table and its id. Facts and records, and the ledger of filing times, all use it. */
export function evidenceOf(table: TableName, row: Row): string {
  return `${table}/${row[layoutOf(table).columns[0] ?? ''] ?? ''}`;
}
