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

const TIERS: readonly RiskTier[] = ['low', 'moderate', 'high', 'very-high'];
const REASONS: readonly NotScoredReason[] = ['under-18', 'age-unknown', 'too-little-data'];

/** The site's choices, in the words of its configuration. */
export interface CardChoices {
  readonly criticalAllowed: boolean;
  /** No card for tiers below this one. */
  readonly silentBelowTier?: RiskTier;
  readonly showNotScored: boolean;
}

/** Card options from the site's configuration. */
export function cardOptionsOf(choices: CardChoices, newId: () => string): CardOptions {
  const { criticalAllowed, silentBelowTier, showNotScored } = choices;
  return {
    ...defaultCardOptions(newId),
    mayBeCritical: criticalAllowed,
    silentTiers: silentBelowTier === undefined ? [] : TIERS.slice(0, TIERS.indexOf(silentBelowTier)),
    silentReasons: showNotScored ? [] : REASONS,
  };
}
