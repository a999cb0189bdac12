import type { CardFeedback } from '../../cds-hooks/feedback.js';
import type { Scope } from '../keys/pseudonyms.js';

/** One item of feedback as the database takes it. Plain JSON but for the free text, which is sealed in the spool. */
export interface FeedbackRow {
  readonly kind: 'feedback';
  readonly scope: Scope;
  readonly item: Omit<CardFeedback, 'userComment'>;
  readonly receivedAtMs: number;
}

export interface FeedbackText {
  readonly userComment?: string;
  readonly reasonDisplay?: string;
}

/** An item of feedback and its free text, apart. */
export function feedbackRow(
  scope: Scope,
  feedback: CardFeedback,
  receivedAtMs: number,
): { readonly row: FeedbackRow; readonly text: FeedbackText } {
  const { userComment, overrideReason, ...rest } = feedback;
  const { display, ...coded } = overrideReason ?? {};
  const reason = 'code' in coded ? { overrideReason: coded } : {};
  return {
    row: { kind: 'feedback', scope, item: { ...rest, ...reason }, receivedAtMs },
    text: {
      ...(userComment === undefined ? {} : { userComment }),
      ...(display === undefined ? {} : { reasonDisplay: display }),
    },
  };
}
