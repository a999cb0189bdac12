/** One item of a feedback call, checked. @see requirements 56–61 */
export interface CardFeedback {
  /** `uuid` of the card, lower case. */
  readonly cardId: string;
  readonly outcome: 'accepted' | 'overridden';
  /** Only of `accepted`. */
  readonly acceptedSuggestionIds: readonly string[];
  /** Only of `overridden`: why. Clients may leave `display` out. */
  readonly overrideReason?: { readonly system?: string; readonly code: string; readonly display?: string };
  /** Free text; may hold anything, so it is kept apart and goes to no log. */
  readonly userComment?: string;
  readonly outcomeTimestampMs: number;
}

/** What became of the items of one feedback call. */
export interface FeedbackReceipt {
  /** Kept for the first time. */
  readonly kept: number;
  /** Had been kept before. */
  readonly repeated: number;
  /** Of the kept ones, how many name a card that is not ours to know. */
  readonly unknownCards: number;
}
