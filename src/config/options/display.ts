import type { ConfigOption } from './config-option.js';
import { asText, boolean, oneOf } from './option-kinds.js';

export type ConfiguredTier = 'low' | 'moderate' | 'high' | 'very-high';

/** Which orders are assessed, and which get a card. */
export interface DisplayConfig {
  readonly ordersOverlayPath?: string;
  /** Not set: what the overlay says, else `report`. */
  readonly textMatchPolicy?: 'ignore' | 'report' | 'fire';
  readonly criticalAllowed: boolean;
  /** No card for tiers below this one. */
  readonly silentBelowTier?: ConfiguredTier;
  readonly showNotScored: boolean;
}

export const DISPLAY_OPTIONS: readonly ConfigOption[] = [
  {
    key: 'ordersOverlayPath',
    variable: 'HEMOLENS_ORDERS_OVERLAY_PATH',
    read: asText,
    schema: { type: 'string', minLength: 1 },
    form: 'a file',
    description: "A site's own order codes, beside the table of blood products that is shipped.",
  },
  {
    key: 'textMatchPolicy',
    variable: 'HEMOLENS_TEXT_MATCH_POLICY',
    ...oneOf(['ignore', 'report', 'fire']),
    description:
      'What an order does that only its text says is a blood product: nothing, a card saying that its code is unknown, or the same as a coded order. Not set: what the overlay says, else `report`.',
  },
  {
    key: 'criticalAllowed',
    variable: 'HEMOLENS_CRITICAL_ALLOWED',
    ...boolean,
    fallback: { value: false },
    description: 'Whether the highest tier is shown with the indicator `critical` instead of `warning`.',
  },
  {
    key: 'silentBelowTier',
    variable: 'HEMOLENS_SILENT_BELOW_TIER',
    ...oneOf(['low', 'moderate', 'high', 'very-high']),
    description: 'Lowest tier that gets a card. Not set: every tier does.',
  },
  {
    key: 'showNotScored',
    variable: 'HEMOLENS_SHOW_NOT_SCORED',
    ...boolean,
    fallback: { value: true },
    description: 'Whether an order that is not scored (under 18, too little data) gets a card that says why.',
  },
];
