import { RISK_OVERRIDE_REASONS } from '../cards/override-reasons.js';
import type { CardFeedback } from '../cds-hooks/feedback.js';
import type { SaveFeedback } from '../http/answer-feedback.js';
import { logEvent, type Log } from '../logging/logger.js';
import type { FeedbackStore } from '../store/assessment-store.js';

/** Codes of the override reasons that a card offers. */
export const OFFERED_REASON_CODES: readonly string[] = RISK_OVERRIDE_REASONS.map(({ code }) => code);

/** Keeps feedback and says so in the log, item by item. Throws ServiceError ERR_STORE. */
export function composeSaveFeedback(store: FeedbackStore, log: Log): SaveFeedback {
  return async (client, items) => {
    const sum = { kept: 0, repeated: 0, unknownCards: 0 };
    for (const item of items) {
      const { kept, repeated, unknownCards } = await store.saveFeedback(client, [item]);
      sum.kept += kept;
      sum.repeated += repeated;
      sum.unknownCards += unknownCards;
      if (kept > 0)
        logEvent(log, 'feedback.item', { client: client.id, outcome: item.outcome, reason: reasonOf(item) });
    }
    return sum;
  };
}

/** The offered reason an item names. A code of somebody else's may be any text, a name too: `other` stands for it. */
function reasonOf({ overrideReason: reason }: CardFeedback): string | undefined {
  if (reason?.code === undefined) return undefined;
  return OFFERED_REASON_CODES.includes(reason.code) ? reason.code : 'other';
}
