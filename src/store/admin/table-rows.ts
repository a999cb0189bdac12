import { textOf } from '../sql/row-values.js';
import type { SqlRow, SqlRunner } from '../sql/sql.js';

/** Tables in the order in which they can be filled, each with what its rows are ordered by. */
export const TABLES = {
  patient_identity: "client_id || ' ' || tenant || ' ' || patient_pseudonym",
  assessment: 'id',
  card: 'id',
  feedback: "lpad(id::text, 20, '0')",
  feedback_comment: "lpad(feedback_id::text, 20, '0')",
  outcome: 'assessment_id',
  client: 'id',
  token_seen: "iss || ' ' || jti_sha256",
  setting: 'name',
  audit_event: 'id',
} as const;

export type TableName = keyof typeof TABLES;
export const TABLE_NAMES: readonly TableName[] = [
  'patient_identity',
  'assessment',
  'card',
  'feedback',
  'feedback_comment',
  'outcome',
  'client',
  'token_seen',
  'setting',
  'audit_event',
];

const PAGE = 200;

/** Rows of a table as JSON objects of their columns, a page at a time, so that a large table fits in memory. */
export async function* tableRows(sql: SqlRunner, table: TableName): AsyncGenerator<SqlRow> {
  const order = TABLES[table];
  let after = '';
  for (;;) {
    const rows = await sql.query(
      `SELECT to_jsonb(t) AS row, ${order} AS position FROM ${table} AS t WHERE ${order} COLLATE "C" > $1 ORDER BY ${order} COLLATE "C" LIMIT ${PAGE}`,
      [after],
    );
    for (const found of rows) {
      // to_jsonb of a table's row is an object: this is the parser.
      yield found['row'] as SqlRow;
      after = textOf(found, 'position');
    }
    if (rows.length < PAGE) return;
  }
}
