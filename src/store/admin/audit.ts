import { randomUUID } from 'node:crypto';
import { timestamp } from '../sql/row-values.js';
import type { SqlRunner } from '../sql/sql.js';

/** What was done to, or read from, what the store holds. */
export type AuditAction =
  'read' | 'export' | 'backup' | 'restore' | 'purge' | 'erase-patient' | 'load-outcomes' | 'rotate-keys';

export interface AuditEntry {
  readonly action: AuditAction;
  /** Who did it, in our own names: `command`, `smart`. Not a person's identifier. */
  readonly agent: string;
  /** Counts and kinds; no identifier of a person. */
  readonly detail: Readonly<Record<string, number | string | boolean>>;
}

/** Writes one line of the audit trail. */
export async function recordAudit(sql: SqlRunner, { action, agent, detail }: AuditEntry, nowMs: number): Promise<void> {
  await sql.query(
    `INSERT INTO audit_event (id, recorded_at, action, agent, detail)
     VALUES ($1, $2::text::timestamptz, $3, $4, $5::text::jsonb)`,
    [randomUUID(), timestamp(nowMs), action, agent, JSON.stringify(detail)],
  );
}
