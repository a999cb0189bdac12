import type { DuckDBConnection } from '@duckdb/node-api';
import { isComfortCare } from './care-limitation.js';
import { readRows, type EicuFiles } from './eicu-files.js';
import type { Row, TableName } from './eicu-layout.js';
import { minutesOf } from './eicu-time.js';

/** Where a choice of comfort measures may stand, when it was entered, and in which words. */
const SOURCES: readonly { readonly table: TableName; readonly offset: string; readonly words: readonly string[] }[] = [
  { table: 'note', offset: 'noteenteredoffset', words: ['notepath', 'notevalue', 'notetext'] },
  {
    table: 'physicalExam',
    offset: 'physicalexamoffset',
    words: ['physicalexampath', 'physicalexamvalue', 'physicalexamtext'],
  },
  {
    table: 'pastHistory',
    offset: 'pasthistoryenteredoffset',
    words: ['pasthistorypath', 'pasthistoryvalue', 'pasthistoryvaluetext'],
  },
  { table: 'treatment', offset: 'treatmentoffset', words: ['treatmentstring'] },
  { table: 'carePlanGeneral', offset: 'cplitemoffset', words: ['cplitemvalue'] },
];
/** Narrows the big tables before JavaScript asks `isComfortCare`. */
const NARROW = 'comfort|CMO|hospice|withdraw';

/**
 * First minute, by unit stay, at which care for comfort alone was on the chart: a line that says comfort measures, hospice or
 * withdrawal. A wish not to be resuscitated is none, nor is a discussion about the end of life (`carePlanEOL`). Never an input.
 */
export async function comfortCareMinutes(
  connection: DuckDBConnection,
  files: EicuFiles,
  reject: (words: string) => void,
): Promise<ReadonlyMap<string, number>> {
  const first = new Map<string, number>();
  const see = (table: TableName, row: Row, offset: string): void => {
    const minutes = minutesOf(row[offset]);
    const stay = row['patientunitstayid'] ?? '';
    if (minutes === undefined) reject(`${table}: ${offset} is no whole number of minutes`);
    else first.set(stay, Math.min(minutes, first.get(stay) ?? Infinity));
  };
  for (const { table, offset, words } of SOURCES) {
    const text = `concat_ws(' ', ${words.join(', ')})`;
    const rows = await readRows(connection, files, table, `regexp_matches(${text}, '${NARROW}', 'i')`);
    for (const row of rows) {
      if (words.some((column) => isComfortCare(row[column] ?? ''))) see(table, row, offset);
    }
  }
  return first;
}
