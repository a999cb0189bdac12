import { createHash } from 'node:crypto';
import { ServiceError } from '../../errors/service-error.js';
import { numberOf, textOf } from '../sql/row-values.js';
import type { Sql, SqlRunner } from '../sql/sql.js';
import { MIGRATIONS } from './all-migrations.js';
import type { Migration } from './migration.js';

/** Any number that no other application of the same database server takes: `hemo` in ASCII. */
const LOCK = 0x68656d6f;
const TABLE = `CREATE TABLE IF NOT EXISTS hemolens_migration (
  version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL)`;

export interface AppliedMigration {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
}

/** sha256 of what a migration does, both ways. */
export function checksumOf({ up, down }: Migration): string {
  return createHash('sha256').update(`${up}\0${down}`).digest('hex');
}

/**
 * Brings the database to the newest version of this code and returns the versions that were applied now. Replicas that
 * start together wait for each other. Throws ServiceError ERR_STORE on a database that this code must not touch.
 */
export async function migrateUp(sql: Sql, nowMs: number, all = MIGRATIONS): Promise<readonly number[]> {
  return locked(sql, async (tx) => {
    const applied = await checkedHistory(tx, all);
    const missing = all.slice(applied.length);
    for (const migration of missing) {
      await runStatements(tx, migration.up);
      await tx.query(
        'INSERT INTO hemolens_migration (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4::text::timestamptz)',
        [migration.version, migration.name, checksumOf(migration), new Date(nowMs).toISOString()],
      );
    }
    return missing.map(({ version }) => version);
  });
}

/** Takes back the newest version, with what its tables hold; returns it, or undefined when there is none. */
export async function migrateDown(sql: Sql, all = MIGRATIONS): Promise<number | undefined> {
  return locked(sql, async (tx) => {
    const applied = await checkedHistory(tx, all);
    const last = all[applied.length - 1];
    if (!last) return undefined;
    await runStatements(tx, last.down);
    await tx.query('DELETE FROM hemolens_migration WHERE version = $1', [last.version]);
    return last.version;
  });
}

/** Versions the database has, after the same checks; none when it was never migrated. Changes nothing. */
export async function migrationHistory(sql: SqlRunner, all = MIGRATIONS): Promise<readonly AppliedMigration[]> {
  const [found] = await sql.query("SELECT to_regclass('hemolens_migration') IS NOT NULL AS exists");
  return found?.['exists'] === true ? readHistory(sql, all) : [];
}

async function locked<T>(sql: Sql, run: (tx: SqlRunner) => Promise<T>): Promise<T> {
  return sql.transaction(async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    return run(tx);
  });
}

async function checkedHistory(tx: SqlRunner, all: readonly Migration[]): Promise<readonly AppliedMigration[]> {
  await tx.query(TABLE);
  return readHistory(tx, all);
}

async function readHistory(sql: SqlRunner, all: readonly Migration[]): Promise<readonly AppliedMigration[]> {
  const rows = await sql.query('SELECT version, name, checksum FROM hemolens_migration ORDER BY version');
  const applied = rows.map((row) => ({
    version: numberOf(row, 'version'),
    name: textOf(row, 'name'),
    checksum: textOf(row, 'checksum'),
  }));
  for (const [index, { version, checksum }] of applied.entries()) {
    const known = all[index];
    if (!known) throw newer(version, all.length);
    if (known.version !== version || checksumOf(known) !== checksum) throw changed(known);
  }
  return applied;
}

function newer(version: number, known: number): ServiceError {
  return new ServiceError('ERR_STORE', {
    detail: `the database has schema version ${version}, this version of Hemolens knows ${known}: run the newer Hemolens that made it, or take the step back there with 'hemolens store migrate --down'`,
  });
}

function changed({ version, name }: Migration): ServiceError {
  return new ServiceError('ERR_STORE', {
    detail: `migration ${version} (${name}) of the database is not the one of this version of Hemolens: it was made by another build; run that build, or 'hemolens store backup' there and 'hemolens store restore' into an empty database here`,
  });
}

/** One statement at a time: a statement with parameters and a script differ between the engines, a bare statement does not. */
async function runStatements(tx: SqlRunner, script: string): Promise<void> {
  for (const statement of script.split(/;\s*(?:\n|$)/)) if (statement.trim() !== '') await tx.query(statement);
}
