import { numberOf } from '../sql/row-values.js';
import type { SqlRunner } from '../sql/sql.js';

/** Cards that were sent, each counted once. */
export interface CardOutcomes {
  readonly sent: number;
  readonly accepted: number;
  readonly overridden: number;
  /** Nobody said: ignored, read in silence, or an EHR that sends no feedback. Neither accepted nor overridden. */
  readonly withoutFeedback: number;
}

/**
 * What became of the cards that were sent. Every share of them is a share of `sent`, which is counted in the card table and not
 * in the feedback; a card with several outcomes has the latest, and feedback on cards that are not known counts for none.
 * @see requirement 61
 */
export async function cardOutcomes(sql: SqlRunner): Promise<CardOutcomes> {
  const [row] = await sql.query(
    `SELECT count(*)::int AS sent,
       count(*) FILTER (WHERE latest.outcome = 'accepted')::int AS accepted,
       count(*) FILTER (WHERE latest.outcome = 'overridden')::int AS overridden,
       count(*) FILTER (WHERE latest.outcome IS NULL)::int AS without_feedback
     FROM card JOIN assessment ON assessment.id = card.assessment_id
     LEFT JOIN LATERAL (SELECT outcome FROM feedback
       WHERE feedback.card_id = card.id AND feedback.client_id = assessment.client_id AND feedback.tenant = assessment.tenant
       ORDER BY outcome_time DESC, received_at DESC LIMIT 1) AS latest ON true`,
  );
  if (!row) return { sent: 0, accepted: 0, overridden: 0, withoutFeedback: 0 };
  return {
    sent: numberOf(row, 'sent'),
    accepted: numberOf(row, 'accepted'),
    overridden: numberOf(row, 'overridden'),
    withoutFeedback: numberOf(row, 'without_feedback'),
  };
}
