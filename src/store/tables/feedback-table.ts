import type { FeedbackRow, FeedbackText } from '../rows/feedback-row.js';
import { storable, textArray, timestamp } from '../sql/row-values.js';
import type { SqlRunner } from '../sql/sql.js';

// A card is known to the client that was sent it, and to nobody else.
const SAVE = `
WITH kept AS (
  INSERT INTO feedback (client_id, tenant, card_id, outcome, outcome_time, accepted_suggestions, reason_system, reason_code, received_at)
  VALUES ($1, $2, $3, $4, $5::text::timestamptz, $6::text::text[], $7, $8, $9::text::timestamptz)
  ON CONFLICT (client_id, tenant, card_id, outcome, outcome_time) DO NOTHING RETURNING id),
texts AS (
  INSERT INTO feedback_comment (feedback_id, reason_display, user_comment)
  SELECT id, $10::text, $11::text FROM kept WHERE $10::text IS NOT NULL OR $11::text IS NOT NULL)
SELECT (SELECT count(*) FROM kept)::int AS kept,
  EXISTS (SELECT 1 FROM card JOIN assessment ON assessment.id = card.assessment_id
    WHERE card.id = $3 AND assessment.client_id = $1 AND assessment.tenant = $2) AS is_known`;

/** Keeps one item; says whether it is new and whether its card is one of ours. */
export async function insertFeedback(
  sql: SqlRunner,
  { scope, item, receivedAtMs }: FeedbackRow,
  { reasonDisplay, userComment }: FeedbackText,
): Promise<{ readonly isNew: boolean; readonly isKnown: boolean }> {
  const optional = (text: string | undefined): string | null => (text === undefined ? null : storable(text));
  const [row] = await sql.query(SAVE, [
    scope.clientId,
    scope.tenant,
    item.cardId,
    item.outcome,
    timestamp(item.outcomeTimestampMs),
    textArray(item.acceptedSuggestionIds.map(storable)),
    optional(item.overrideReason?.system),
    optional(item.overrideReason?.code),
    timestamp(receivedAtMs),
    optional(reasonDisplay),
    optional(userComment),
  ]);
  return { isNew: row?.['kept'] === 1, isKnown: row?.['is_known'] === true };
}
