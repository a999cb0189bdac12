import { Pool, type PoolClient } from 'pg';
import type { Sql, SqlRow, SqlRunner } from './sql.js';

export interface PostgresqlOptions {
  /** `postgresql://…`; may hold a password, so it goes to no log and no message. */
  readonly url: string;
  readonly connections?: number;
  /** Longest wait for a connection, and for one statement of the service. */
  readonly connectMs?: number;
  readonly statementMs?: number;
  /** A connection that was idle has broken; the next statement takes another one. */
  readonly onBroken?: (error: Error) => void;
}

/** A pool of connections to PostgreSQL; the first one is made by the first statement. */
export function openPostgresql(options: PostgresqlOptions): Sql {
  const { url, connections = 10, connectMs = 2000, statementMs = 5000, onBroken } = options;
  const pool = new Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: connectMs,
    ...(statementMs > 0 ? { query_timeout: statementMs, statement_timeout: statementMs } : {}),
    keepAlive: true,
    application_name: 'hemolens',
  });
  pool.on('error', (error) => onBroken?.(error));
  return {
    engine: 'postgresql',
    query: async (text, values) => (await pool.query<SqlRow>(text, [...(values ?? [])])).rows,
    transaction: (run) => inTransaction(pool, (client) => run(runnerOf(client))),
    close: () => pool.end(),
  };
}

async function inTransaction<T>(pool: Pool, run: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  // A client that breaks while it is out of the pool says so by an event, too, and an event nobody hears ends the process.
  const ignored = (): void => undefined;
  client.on('error', ignored);
  let isBroken = false;
  try {
    await client.query('BEGIN');
    const result = await run(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {
      isBroken = true;
    });
    throw error;
  } finally {
    client.off('error', ignored);
    client.release(isBroken);
  }
}

function runnerOf(client: PoolClient): SqlRunner {
  return { query: async (text, values) => (await client.query<SqlRow>(text, [...(values ?? [])])).rows };
}
