import { sqlState } from '../sql/sql-state.js';

/** Classes of SQLSTATE that speak of the server, not of the statement: connection, resources, operator, system, internal. */
const OF_THE_SERVER = new Set(['08', '53', '57', '58', 'F0', 'XX']);
const READ_ONLY = '25006';
/** Classes that speak of the row: the same row fails tomorrow, too. */
const OF_THE_ROW = new Set(['22', '23']);

/** Is the database gone, full or in trouble, as far as an error of its driver tells? */
export function isOutage(error: unknown): boolean {
  const state = sqlState(error);
  return state === undefined || state === READ_ONLY || OF_THE_SERVER.has(state.slice(0, 2));
}

/** Would the same row be refused again? */
export function isRefusedRow(error: unknown): boolean {
  const state = sqlState(error);
  return state !== undefined && OF_THE_ROW.has(state.slice(0, 2));
}
