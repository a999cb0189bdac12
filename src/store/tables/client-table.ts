import type { RegisteredClient } from '../../clients/registered-client.js';
import { ServiceError } from '../../errors/service-error.js';
import { timestamp } from '../sql/row-values.js';
import { sqlState } from '../sql/sql-state.js';
import type { SqlRow, SqlRunner } from '../sql/sql.js';

const UNIQUE_VIOLATION = '23505';

export async function clientByIssuer(sql: SqlRunner, iss: string): Promise<RegisteredClient | undefined> {
  const [row] = await sql.query('SELECT registration FROM client WHERE iss = $1', [iss]);
  return row && registrationOf(row);
}

export async function allClients(sql: SqlRunner): Promise<readonly RegisteredClient[]> {
  return (await sql.query('SELECT registration FROM client ORDER BY id')).map(registrationOf);
}

/** Throws ServiceError ERR_CLIENT when another client has its issuer. */
export async function putClient(sql: SqlRunner, client: RegisteredClient, nowMs: number): Promise<void> {
  try {
    await sql.query(
      `INSERT INTO client (id, iss, registration, changed_at) VALUES ($1, $2, $3::text::jsonb, $4::text::timestamptz)
       ON CONFLICT (id) DO UPDATE SET iss = excluded.iss, registration = excluded.registration, changed_at = excluded.changed_at`,
      [client.id, client.iss, JSON.stringify(client), timestamp(nowMs)],
    );
  } catch (cause) {
    if (sqlState(cause) !== UNIQUE_VIOLATION) throw cause;
    throw new ServiceError('ERR_CLIENT', {
      detail: `another client is registered with the issuer of '${client.id}': one client an issuer; remove the other first`,
      cause,
    });
  }
}

export async function removeClient(sql: SqlRunner, id: string): Promise<boolean> {
  return (await sql.query('DELETE FROM client WHERE id = $1 RETURNING id', [id])).length > 0;
}

function registrationOf(row: SqlRow): RegisteredClient {
  // Written by putClient alone, from a value of this type: this is the parser.
  return row['registration'] as RegisteredClient;
}
