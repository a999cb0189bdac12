import type { ConfigOption } from './config-option.js';
import { asNumber, asText, asTexts, boolean, oneOf } from './option-kinds.js';

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
  /** Hours; of clients that are not registered. */
  readonly cooldownHours: number;
  readonly suppressUserRoles: readonly string[];
  readonly suppressEncounterClasses: readonly string[];
  readonly suppressLocations: readonly string[];
  readonly killSwitchAnswer: 'empty' | 'card' | '503';
}

const texts = {
  read: asTexts,
  schema: { type: 'array', uniqueItems: true, items: { type: 'string', minLength: 1 } },
};

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
    description:
      'Lowest tier that gets a card, where neither the registration of the client nor the call says otherwise. Not set: every tier does.',
  },
  {
    key: 'showNotScored',
    variable: 'HEMOLENS_SHOW_NOT_SCORED',
    ...boolean,
    fallback: { value: true },
    description: 'Whether an order that is not scored (under 18, too little data) gets a card that says why.',
  },
  {
    key: 'cooldownHours',
    variable: 'HEMOLENS_COOLDOWN_HOURS',
    read: asNumber,
    schema: { type: 'integer', minimum: 0, maximum: 168 },
    form: 'a whole number from 0 to 168',
    fallback: { value: 0, inProduction: 12 },
    description:
      'Hours in which the same patient, products and tier get no second card; 0: none. A registered client has its own.',
  },
  {
    key: 'suppressUserRoles',
    variable: 'HEMOLENS_SUPPRESS_USER_ROLES',
    ...texts,
    form: 'reference types or role codes, separated by commas',
    fallback: { value: [] },
    description:
      'Who is shown no card: the type of `context.userId` (`PractitionerRole`), or a code (`pharmacist`, `system\\|code`) of that PractitionerRole where the draft orders hold it. No FHIR call is made for it. Beside the rules of a registered client.',
  },
  {
    key: 'suppressEncounterClasses',
    variable: 'HEMOLENS_SUPPRESS_ENCOUNTER_CLASSES',
    ...texts,
    form: 'codes, separated by commas',
    fallback: { value: [] },
    description:
      '`Encounter.class` codes, such as `EMER`, in which no card is shown: of the encounter the call names, else of those open at the order. Beside the rules of a registered client.',
  },
  {
    key: 'suppressLocations',
    variable: 'HEMOLENS_SUPPRESS_LOCATIONS',
    ...texts,
    form: 'references or identifiers, separated by commas',
    fallback: { value: [] },
    description:
      'Locations of the encounter, such as `Location/or-3` or `system\\|value`, in which no card is shown (operating room, resuscitation bay, massive transfusion). Beside the rules of a registered client.',
  },
  {
    key: 'killSwitchAnswer',
    variable: 'HEMOLENS_KILL_SWITCH_ANSWER',
    ...oneOf(['empty', 'card', '503']),
    fallback: { value: 'empty' },
    description:
      'What a call is answered while the service or its client is switched off: no card, an info card that says so at every blood product order, or status 503.',
  },
];
