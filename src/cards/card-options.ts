import type { NotScoredReason } from '../assessment/risk-assessment.js';
import type { RiskTier } from '../ensemble/risk-prediction.js';

/** What a site may set about its cards. */
export interface CardOptions {
  /** A fresh UUID v4 for every card: clients key feedback by it. */
  readonly newId: () => string;
  readonly sourceLabel: string;
  readonly sourceUrl?: string;
  /** Is `critical` used for the very high tier (≥ 25 %)? */
  readonly mayBeCritical: boolean;
  /** Tiers answered without a card, unless a part of the chart could not be read. */
  readonly silentTiers: readonly RiskTier[];
  /** Reasons for not scoring that are answered without a card, unless a part of the chart could not be read. */
  readonly silentReasons: readonly NotScoredReason[];
}

/** Every default: no `critical`, nothing silent. */
export function defaultCardOptions(newId: () => string): CardOptions {
  return { newId, sourceLabel: 'Hemolens', mayBeCritical: false, silentTiers: [], silentReasons: [] };
}
