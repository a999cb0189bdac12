import { MIGRATIONS } from '../migrations/all-migrations.js';
import { migrationHistory } from '../migrations/migrate.js';
import { numberOf } from '../sql/row-values.js';
import type { Sql } from '../sql/sql.js';
import { cardOutcomes, type CardOutcomes } from './card-outcomes.js';
import { TABLE_NAMES } from './table-rows.js';

export interface StoreReport {
  readonly engine: Sql['engine'];
  readonly schema: number;
  /** Steps that `hemolens store migrate` would apply. */
  readonly missingMigrations: number;
  readonly rows: Readonly<Record<string, number>>;
  /** Absent while steps of the schema are missing. */
  readonly cards?: CardOutcomes;
}

/** What the store holds, after checks that throw ServiceError ERR_STORE: is the schema this build's, are all tables readable? */
export async function checkStore(sql: Sql): Promise<StoreReport> {
  const applied = await migrationHistory(sql);
  const rows: Record<string, number> = {};
  const isCurrent = applied.length === MIGRATIONS.length;
  if (isCurrent) {
    for (const table of TABLE_NAMES) {
      const [row] = await sql.query(`SELECT count(*)::int AS n FROM ${table}`);
      rows[table] = row ? numberOf(row, 'n') : 0;
    }
  }
  return {
    engine: sql.engine,
    schema: applied.length,
    missingMigrations: MIGRATIONS.length - applied.length,
    rows,
    ...(isCurrent ? { cards: await cardOutcomes(sql) } : {}),
  };
}
