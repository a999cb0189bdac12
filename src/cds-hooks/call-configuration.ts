/** Name of the request extension by which a client sets what one call shows. @see requirements 75, 76 */
export const CONFIGURATION_EXTENSION = 'org.hemolens.configuration';
/** Name of the discovery extension that says what may be set. */
export const CONFIGURATION_OPTIONS_EXTENSION = 'org.hemolens.configuration-options';

/** The most drivers a card ever names, and so the most a call may ask for. */
export const MOST_DRIVERS = 5;

/** Codes of the options a call may set. */
export type CallOption = 'min-tier' | 'show-low-risk' | 'max-drivers';

/** What a call asks for, checked; whether its client may ask for it is decided elsewhere. */
export interface CallConfiguration {
  /** Lowest tier with a card: 0 low, 1 moderate, 2 high, 3 very high. */
  readonly minTierLevel?: 0 | 1 | 2 | 3;
  /** false: no card for the low tier. */
  readonly showLowRisk?: boolean;
  /** Drivers named on the card, 0 to 5. */
  readonly maxDrivers?: number;
  /** How many members were ignored: unknown codes, and values that do not fit their code. */
  readonly ignored: { readonly unknown: number; readonly misfit: number };
}

const TIER_LEVELS = [0, 1, 2, 3] as const;

/**
 * The configuration in the `extension` of a call; undefined where there is none. Never throws: what is unknown or does not
 * fit is ignored and counted.
 * @see requirement 76
 */
export function parseCallConfiguration(extension: unknown): CallConfiguration | undefined {
  if (!isObject(extension) || !Object.hasOwn(extension, CONFIGURATION_EXTENSION)) return undefined;
  const given: unknown = Object.entries(extension).find(([name]) => name === CONFIGURATION_EXTENSION)?.[1];
  if (given === null) return undefined;
  if (!isObject(given)) return { ignored: { unknown: 0, misfit: 1 } };
  const ignored = { unknown: 0, misfit: 0 };
  const found: { minTierLevel?: 0 | 1 | 2 | 3; showLowRisk?: boolean; maxDrivers?: number } = {};
  for (const [code, value] of Object.entries(given) as readonly (readonly [string, unknown])[]) {
    switch (code) {
      case 'min-tier': {
        const level = TIER_LEVELS.find((one) => one === value);
        if (level === undefined) ignored.misfit += 1;
        else found.minTierLevel = level;
        break;
      }
      case 'show-low-risk':
        if (typeof value === 'boolean') found.showLowRisk = value;
        else ignored.misfit += 1;
        break;
      case 'max-drivers':
        if (isDriverCount(value)) found.maxDrivers = value;
        else ignored.misfit += 1;
        break;
      default:
        ignored.unknown += 1;
    }
  }
  return { ...found, ignored };
}

function isDriverCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MOST_DRIVERS;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
