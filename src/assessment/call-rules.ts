import type { CardOptions } from '../cards/card-options.js';
import { MOST_DRIVERS, type CallConfiguration, type CallOption } from '../cds-hooks/call-configuration.js';
import type { ConfigurationDefaults } from '../cds-hooks/configuration-options.js';
import type { CdsClient } from '../clients/cds-client.js';
import type { SuppressionRules } from '../clients/registered-client.js';
import type { DisplayConfig } from '../config/options/display.js';
import type { RiskTier } from '../ensemble/risk-prediction.js';
import { RISK_TIERS } from '../ensemble/risk-tier.js';

/** When a site shows a card; a client's registration, and a call that may, say otherwise. */
export interface SiteDisplay {
  /** Lowest tier that gets a card. */
  readonly minTier: RiskTier;
  /** Does an order that is not scored get a card that says why? */
  readonly showNotScored: boolean;
  /** Of clients that are not registered; 0: none. */
  readonly cooldownHours: number;
  /** Beside those of the client's registration. */
  readonly suppression: SuppressionRules;
}

/** The same from the site's configuration. */
export function siteDisplayOf(config: DisplayConfig): SiteDisplay {
  return {
    minTier: config.silentBelowTier ?? 'low',
    showNotScored: config.showNotScored,
    cooldownHours: config.cooldownHours,
    suppression: {
      userRoles: config.suppressUserRoles,
      encounterClasses: config.suppressEncounterClasses,
      locations: config.suppressLocations,
    },
  };
}

/** When a card is shown in answer to one call. */
export interface DisplayRules extends SiteDisplay {
  /** Is its client in silent mode? */
  readonly isSilent: boolean;
}

/** What one call is answered by: the site's choices, its client's registration and its own configuration. */
export interface CallRules {
  readonly display: DisplayRules;
  readonly cards: CardOptions;
  /** Options the call set that its client may not set: they do not count. */
  readonly refused: readonly CallOption[];
}

/**
 * The rules of one call. The more particular wins: the call's option where the registration allows it (`callOptions`; a
 * client that is not registered may set all), then the client's, then the site's. Suppression rules add up.
 * @see requirement 76
 */
export function callRules(
  site: { readonly display: SiteDisplay; readonly cardOptions: CardOptions },
  { registration }: CdsClient,
  configuration: CallConfiguration = { ignored: { unknown: 0, misfit: 0 } },
): CallRules {
  const asked = askedOptions(configuration);
  const refused = asked.filter((option) => registration !== undefined && !registration.callOptions.includes(option));
  const may = (option: CallOption): boolean => !refused.includes(option);
  const { minTierLevel, showLowRisk, maxDrivers } = configuration;
  const { display, cardOptions } = site;
  return {
    display: {
      isSilent: registration?.mode === 'silent',
      minTier: lowestTier(
        registration?.minTier ?? display.minTier,
        may('min-tier') ? minTierLevel : undefined,
        may('show-low-risk') ? showLowRisk : undefined,
      ),
      showNotScored: display.showNotScored,
      cooldownHours: registration?.cooldownHours ?? display.cooldownHours,
      suppression: bothRules(display.suppression, registration?.suppression),
    },
    cards: {
      ...cardOptions,
      ...(registration === undefined ? {} : { dialect: registration.dialect }),
      ...(maxDrivers !== undefined && may('max-drivers') ? { maxDrivers } : {}),
    },
    refused,
  };
}

/** What a call without the configuration extension gets at this site, as discovery says it. */
export function configurationDefaults({ minTier }: SiteDisplay): ConfigurationDefaults {
  return {
    'min-tier': RISK_TIERS.indexOf(minTier),
    'show-low-risk': minTier === 'low',
    'max-drivers': MOST_DRIVERS,
  };
}

function askedOptions({ minTierLevel, showLowRisk, maxDrivers }: CallConfiguration): readonly CallOption[] {
  const asked: readonly (readonly [CallOption, unknown])[] = [
    ['min-tier', minTierLevel],
    ['show-low-risk', showLowRisk],
    ['max-drivers', maxDrivers],
  ];
  return asked.filter(([, value]) => value !== undefined).map(([option]) => option);
}

/** `min-tier` decides; without it `show-low-risk: true` shows every tier. `show-low-risk: false` holds beside both. */
function lowestTier(usual: RiskTier, level: number | undefined, showLowRisk: boolean | undefined): RiskTier {
  const asked = level === undefined ? undefined : RISK_TIERS[level];
  const lowest = asked ?? (showLowRisk === true ? 'low' : usual);
  return showLowRisk === false && lowest === 'low' ? 'moderate' : lowest;
}

function bothRules(site: SuppressionRules, client: SuppressionRules | undefined): SuppressionRules {
  if (!client) return site;
  return {
    userRoles: [...site.userRoles, ...client.userRoles],
    encounterClasses: [...site.encounterClasses, ...client.encounterClasses],
    locations: [...site.locations, ...client.locations],
  };
}
