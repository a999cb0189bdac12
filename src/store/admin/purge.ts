import { numberOf, timestamp } from '../sql/row-values.js';
import type { Sql, SqlRunner } from '../sql/sql.js';
import { purgeTokens } from '../tables/token-table.js';
import { recordAudit } from './audit.js';

const DAY_MS = 86_400_000;

export interface Purged {
  readonly assessments: number;
  readonly feedback: number;
  readonly identities: number;
  readonly tokens: number;
}

/** Removes what was answered more than `days` ago, with its cards, feedback and outcomes, and identities nobody needs any more. */
export async function purge(sql: Sql, days: number, nowMs: number): Promise<Purged> {
  return sql.transaction(async (tx) => {
    const before = timestamp(nowMs - days * DAY_MS);
    const feedback = await count(
      tx,
      `DELETE FROM feedback WHERE card_id IN (SELECT card.id FROM card JOIN assessment ON assessment.id = card.assessment_id
         WHERE assessment.answered_at < $1::text::timestamptz)
       OR (received_at < $1::text::timestamptz AND NOT EXISTS (SELECT 1 FROM card WHERE card.id = feedback.card_id))`,
      before,
    );
    const assessments = await count(tx, 'DELETE FROM assessment WHERE answered_at < $1::text::timestamptz', before);
    const identities = await purgeIdentities(tx);
    const tokens = await purgeTokens(tx, nowMs);
    const purged = { assessments, feedback, identities, tokens };
    await recordAudit(tx, { action: 'purge', agent: 'command', detail: { days, ...purged } }, nowMs);
    return purged;
  });
}

/** Removes clear identifiers that no assessment belongs to. */
async function purgeIdentities(tx: SqlRunner): Promise<number> {
  return count(
    tx,
    `DELETE FROM patient_identity WHERE NOT EXISTS (SELECT 1 FROM assessment
       WHERE assessment.client_id = patient_identity.client_id AND assessment.tenant = patient_identity.tenant
         AND assessment.patient_pseudonym = patient_identity.patient_pseudonym)`,
  );
}

/** Runs a DELETE and counts its rows. */
export async function count(tx: SqlRunner, statement: string, ...values: readonly string[]): Promise<number> {
  const [row] = await tx.query(`WITH gone AS (${statement} RETURNING 1) SELECT count(*)::int AS n FROM gone`, values);
  return row ? numberOf(row, 'n') : 0;
}
