import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { TableShape } from './demo-tables.js';
import type { ClonedTable } from './full-size.js';
import { cloneSource } from './plan-people.js';

/** Patients `first` to `last` of one table: a gzip member of its file. */
export interface ClonePart {
  readonly table: ClonedTable;
  readonly place: number;
  readonly first: number;
  readonly last: number;
}

export function partPath(out: string, { table, place }: ClonePart): string {
  return join(out, `.part-${table}-${place}`);
}

/** Writes one part, ascending by subject id, and returns its rows. The first part of a table has the header. */
export async function writePart(
  connection: DuckDBConnection,
  out: string,
  part: ClonePart,
  shape: TableShape,
  columns: readonly string[],
  ppm: number,
): Promise<number> {
  const { table, first, last, place } = part;
  const select = columns.map((column) => `${columnSql(column, shape)} AS "${column}"`).join(', ');
  const protectedRows = [...(shape.isIcuOnly ? [] : ['p.is_icu']), shape.protectedWhere ?? 'false'].join(' OR ');
  const thinned =
    ppm >= 1_000_000 ? '' : `AND (${protectedRows} OR hash(t.ordinal, p.n, '${table}') % 1000000 < ${ppm})`;
  const result = await connection.run(
    `COPY (SELECT ${select} ${cloneSource(table, shape)} AND p.n BETWEEN ${first} AND ${last} ${thinned} ORDER BY p.n, t.ordinal)
       TO '${partPath(out, part).replaceAll("'", "''")}' (FORMAT csv, HEADER ${place === 0}, COMPRESSION gzip)`,
  );
  const [[rows] = []] = await result.getRowsJson();
  return Number(rows);
}

function columnSql(column: string, { times, columns }: TableShape): string {
  const own = columns?.[column];
  if (own !== undefined) return own;
  if (column === 'subject_id') return 'p.new_subject';
  if (column === 'hadm_id') return '20000000 + 9 * (p.adm_base + t.adm)';
  if (column === 'stay_id') return '30000000 + 75 * (p.stay_base + t.stay)';
  if (column === 'dod') return '(t.dod + p.shift)::DATE';
  return times.includes(column) ? `t.${column} + p.shift` : `t."${column}"`;
}

/** Gzip members one after the other are one gzip file. Removes the parts; returns the bytes. */
export async function joinParts(out: string, parts: readonly ClonePart[], target: string): Promise<number> {
  const file = createWriteStream(target);
  await pipeline(bytesOf(out, parts), file);
  for (const part of parts) await rm(partPath(out, part));
  return file.bytesWritten;
}

async function* bytesOf(out: string, parts: readonly ClonePart[]): AsyncGenerator<Buffer> {
  for (const part of parts) {
    for await (const chunk of createReadStream(partPath(out, part), { highWaterMark: 1 << 20 })) {
      yield Buffer.from(chunk);
    }
  }
}
