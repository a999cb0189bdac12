import { createHash } from 'node:crypto';
import { timestamp } from '../sql/row-values.js';
import type { SqlRunner } from '../sql/sql.js';

/** What is kept of a token's `jti`: its hash, so that nothing of a token lies in the database. */
export function jtiHash(jti: string): string {
  return createHash('sha256').update(jti).digest('hex');
}

/** Takes note of a token; false when it was there and has not expired. One statement: replicas that race see one winner. */
export async function claimToken(
  sql: SqlRunner,
  { iss, jti, expiresAtMs }: { readonly iss: string; readonly jti: string; readonly expiresAtMs: number },
  nowMs: number,
): Promise<boolean> {
  const rows = await sql.query(
    `INSERT INTO token_seen (iss, jti_sha256, expires_at) VALUES ($1, $2, $3::text::timestamptz)
     ON CONFLICT (iss, jti_sha256) DO UPDATE SET expires_at = excluded.expires_at
       WHERE token_seen.expires_at < $4::text::timestamptz
     RETURNING iss`,
    [iss, jtiHash(jti), timestamp(expiresAtMs), timestamp(nowMs)],
  );
  return rows.length > 0;
}

/** Forgets tokens that have expired; returns how many. */
export async function purgeTokens(sql: SqlRunner, nowMs: number): Promise<number> {
  const rows = await sql.query('DELETE FROM token_seen WHERE expires_at < $1::text::timestamptz RETURNING iss', [
    timestamp(nowMs),
  ]);
  return rows.length;
}
