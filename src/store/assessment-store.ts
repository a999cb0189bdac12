import type { AnsweredCall } from '../assessment/answered-call.js';
import type { CardFeedback, FeedbackReceipt } from '../cds-hooks/feedback.js';

/** Where answered calls go. The row is durable before the answer leaves. */
export interface AssessmentStore {
  /** Throws ServiceError('ERR_STORE') when the call could not be kept. */
  save(call: AnsweredCall): Promise<void>;
}

/** An earlier call about the same patient, for the cooldown. */
export interface EarlierCard {
  readonly answeredAtMs: number;
  /** Tier of the prediction; of an order that was not scored, the reason (`under-18`). */
  readonly tier: string;
  /** Of all its orders, each once; an order that named none adds none. */
  readonly products: readonly string[];
  /** References of the orders it was about. */
  readonly orders: readonly string[];
}

/** Whose cards: ids of patients are unique within one FHIR server, and a client may have several. */
export interface ShownTo {
  readonly clientId: string;
  readonly tenant?: string;
  readonly patientId: string;
  readonly fhirServer?: string;
}

/** Cards that were shown for a patient of a client's tenant, newest first. */
export interface ShownCards {
  /** Throws ServiceError('ERR_STORE'); a caller that cannot know shows its card. */
  since(subject: ShownTo, sinceMs: number): Promise<readonly EarlierCard[]>;
}

export interface FeedbackStore {
  /** Idempotent on card, outcome and timestamp. Throws ServiceError('ERR_STORE'). */
  saveFeedback(
    client: { readonly id: string; readonly tenant?: string },
    items: readonly CardFeedback[],
  ): Promise<FeedbackReceipt>;
}
