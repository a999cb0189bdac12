import { PGlite, type Transaction } from '@electric-sql/pglite';
import type { Sql, SqlRow, SqlRunner } from './sql.js';

export interface PgliteOptions {
  /** Folder of the database; made when it is not there. */
  readonly dataDir: string;
  /** Wait for the disk at every commit: survives a power cut as well as a kill, at the price of a blocked event loop. */
  readonly isSynced: boolean;
}

/** PGlite on a folder, which no other process may have open. Throws the engine's error when the folder cannot be opened. */
export async function openPglite({ dataDir, isSynced }: PgliteOptions): Promise<Sql> {
  const db = await PGlite.create({
    dataDir,
    ...(isSynced ? { startParams: PGlite.defaultStartParams.filter((parameter) => parameter !== '-F') } : {}),
  });
  return {
    engine: 'pglite',
    query: async (text, values) => (await db.query<SqlRow>(text, [...(values ?? [])])).rows,
    transaction: (run) => db.transaction((tx) => run(runnerOf(tx))),
    close: () => db.close(),
  };
}

function runnerOf(tx: Transaction): SqlRunner {
  return { query: async (text, values) => (await tx.query<SqlRow>(text, [...(values ?? [])])).rows };
}
