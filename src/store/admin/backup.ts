import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { ServiceError } from '../../errors/service-error.js';
import { errorCode } from '../error-code.js';
import { jsonLine } from '../json-line.js';
import { MIGRATIONS } from '../migrations/all-migrations.js';
import { checksumOf, migrateUp } from '../migrations/migrate.js';
import { numberOf } from '../sql/row-values.js';
import type { Sql, SqlRunner } from '../sql/sql.js';
import { recordAudit } from './audit.js';
import { TABLE_NAMES, tableRows, type TableName } from './table-rows.js';

const FORMAT = 'hemolens-store-backup';

export type RowCounts = Readonly<Partial<Record<TableName, number>>>;

/** Checksums of the schema's steps: a backup fits the schema that it was made of. */
function schema(): readonly string[] {
  return MIGRATIONS.map(checksumOf);
}

/**
 * Writes everything the store holds at one moment into a gzipped file of lines, mode 0600, which either engine restores.
 * The pseudonym keys are not in it. The file appears when it is whole. Returns rows by table.
 */
export async function backup(sql: Sql, file: string, nowMs: number): Promise<RowCounts> {
  const draft = `${file}.${process.pid}.part`;
  const counts: Partial<Record<TableName, number>> = {};
  try {
    await sql.transaction(async (tx) => {
      await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
      await pipeline(
        Readable.from(backupLines(tx, nowMs, counts)),
        createGzip(),
        createWriteStream(draft, { mode: 0o600 }),
      );
    });
    const handle = await open(draft, 'r+');
    await handle.sync();
    await handle.close();
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await recordAudit(sql, { action: 'backup', agent: 'command', detail: { ...counts } }, nowMs);
  return counts;
}

async function* backupLines(
  tx: SqlRunner,
  nowMs: number,
  counts: Partial<Record<TableName, number>>,
): AsyncGenerator<string> {
  const hash = createHash('sha256');
  const line = (value: unknown): string => {
    const text = `${jsonLine(value)}\n`;
    hash.update(text);
    return text;
  };
  yield line({ format: FORMAT, schema: schema(), at: new Date(nowMs).toISOString() });
  for (const table of TABLE_NAMES) {
    counts[table] = 0;
    for await (const row of tableRows(tx, table)) {
      counts[table] += 1;
      yield line({ table, row });
    }
  }
  yield `${JSON.stringify({ sha256: hash.digest('hex') })}\n`;
}

/**
 * Fills an empty database from a backup, all or nothing. Throws ServiceError ERR_STORE when the database holds anything, the
 * file is cut short, altered, of another schema or no backup.
 */
export async function restore(sql: Sql, file: string, nowMs: number): Promise<RowCounts> {
  await checkBackup(file);
  await migrateUp(sql, nowMs);
  const counts: Partial<Record<TableName, number>> = {};
  await sql.transaction(async (tx) => {
    await refuseUnlessEmpty(tx);
    for await (const line of backupFileLines(file)) {
      const { table, row } = line;
      if (!isTable(table)) continue;
      await tx.query(`INSERT INTO ${table} SELECT * FROM jsonb_populate_record(NULL::${table}, $1::text::jsonb)`, [
        JSON.stringify(row),
      ]);
      counts[table] = (counts[table] ?? 0) + 1;
    }
    await tx.query(
      "SELECT setval(pg_get_serial_sequence('feedback', 'id'), greatest(1, (SELECT coalesce(max(id), 1) FROM feedback)))",
    );
    await recordAudit(tx, { action: 'restore', agent: 'command', detail: { ...counts } }, nowMs);
  });
  return counts;
}

async function checkBackup(file: string): Promise<void> {
  const hash = createHash('sha256');
  let seal: unknown;
  let first: Readonly<Record<string, unknown>> | undefined;
  for await (const line of backupFileLines(file)) {
    if ('sha256' in line) seal = line['sha256'];
    else hash.update(`${jsonLine(line)}\n`);
    first ??= line;
  }
  if (first?.['format'] !== FORMAT) throw refused(`${file} is no backup of this store`);
  if (seal !== hash.digest('hex')) throw refused(`${file} is cut short or altered: take another backup`);
  if (JSON.stringify(first['schema']) !== JSON.stringify(schema())) {
    throw refused(
      `${file} was made by a version of Hemolens with another schema: restore it with that version, then migrate`,
    );
  }
}

async function* backupFileLines(file: string): AsyncGenerator<Readonly<Record<string, unknown>>> {
  const source = createReadStream(file);
  const unzipped = createGunzip();
  source.on('error', (error) => unzipped.destroy(error));
  source.pipe(unzipped);
  // readline does not pass on a fault of its input: it is kept, and thrown when the lines end.
  let fault: unknown;
  unzipped.on('error', (error) => {
    fault = error;
  });
  try {
    for await (const line of createInterface({ input: unzipped, crlfDelay: Infinity })) {
      const value: unknown = JSON.parse(line);
      if (typeof value !== 'object' || value === null) throw new SyntaxError('not an object');
      yield { ...value };
    }
  } catch (cause) {
    fault ??= cause;
    if (!(cause instanceof SyntaxError) && !isStreamFault(cause)) throw cause;
  }
  if (fault === undefined) return;
  throw refused(`${file} cannot be read as a backup: it is missing, cut short or altered`, fault);
}

function isStreamFault(cause: unknown): boolean {
  return /^(Z_|ENOENT|EACCES|EISDIR|ABORT_ERR|ERR_STREAM|ERR_USE_AFTER_CLOSE)/.test(errorCode(cause) ?? '');
}

async function refuseUnlessEmpty(tx: SqlRunner): Promise<void> {
  for (const table of TABLE_NAMES) {
    const [row] = await tx.query(`SELECT count(*)::int AS n FROM ${table}`);
    if (row && numberOf(row, 'n') > 0) {
      throw refused(`the database is not empty (table ${table}): restore into a new folder or an empty database`);
    }
  }
}

function isTable(name: unknown): name is TableName {
  return TABLE_NAMES.some((table) => table === name);
}

function refused(detail: string, cause?: unknown): ServiceError {
  return new ServiceError('ERR_STORE', { detail, cause });
}
