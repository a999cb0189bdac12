import type { Sql, SqlRow } from '../sql/sql.js';
import { recordAudit } from './audit.js';

/** The row of one assessment, by column, with `card_ids`. The read is in the audit trail, also one that found nothing. */
export async function readAssessment(
  sql: Sql,
  assessmentId: string,
  agent: string,
  nowMs: number,
): Promise<SqlRow | undefined> {
  return sql.transaction(async (tx) => {
    const [found] = await tx.query(
      `SELECT to_jsonb(assessment) || jsonb_build_object('card_ids',
         (SELECT coalesce(jsonb_agg(card.id), '[]') FROM card WHERE card.assessment_id = assessment.id)) AS row
       FROM assessment WHERE id = $1`,
      [assessmentId],
    );
    // An id that is none of ours may be anything: it goes on record only where it is one.
    const detail = found === undefined ? { found: false } : { found: true, assessmentId };
    await recordAudit(tx, { action: 'read', agent, detail }, nowMs);
    // to_jsonb of a table's row is an object: this is the parser.
    return found?.['row'] as SqlRow | undefined;
  });
}
