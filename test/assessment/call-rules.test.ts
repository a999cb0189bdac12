import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { callRules, configurationDefaults, siteDisplayOf } from '../../src/assessment/call-rules.js';
import { defaultCardOptions } from '../../src/cards/card-options.js';
import type { CallConfiguration } from '../../src/cds-hooks/call-configuration.js';
import type { CdsClient } from '../../src/clients/cds-client.js';
import { loadConfig } from '../../src/config/config.js';
import { CARD_ID } from '../cards/assessments.js';
import { registered } from './registered.js';
import { SITE_DISPLAY } from './site-display.js';

const cardOptions = defaultCardOptions(() => CARD_ID);
const ALL = ['min-tier', 'show-low-risk', 'max-drivers'] as const;
const none = { ignored: { unknown: 0, misfit: 0 } };

function rules(
  configuration: Partial<CallConfiguration> = {},
  client: CdsClient = registered({ callOptions: ALL }),
  minTier: 'low' | 'moderate' | 'high' = 'low',
): ReturnType<typeof callRules> {
  return callRules({ display: { ...SITE_DISPLAY, minTier }, cardOptions }, client, { ...none, ...configuration });
}

describe('what a call sets (req. 76)', () => {
  test.each([
    [{}, 'high', 'high'],
    [{ minTierLevel: 0 }, 'high', 'low'],
    [{ minTierLevel: 3 }, 'low', 'very-high'],
    [{ showLowRisk: true }, 'high', 'low'],
    [{ showLowRisk: false }, 'low', 'moderate'],
    [{ showLowRisk: false }, 'high', 'high'],
    [{ minTierLevel: 0, showLowRisk: false }, 'low', 'moderate'],
    [{ minTierLevel: 2, showLowRisk: true }, 'low', 'high'],
  ] as const)('%j, where the site shows from %s, shows from %s', (configuration, site, lowest) => {
    expect(rules(configuration, undefined, site).display.minTier).toBe(lowest);
  });

  test('max-drivers is of the card', () => {
    expect(rules({ maxDrivers: 2 }).cards.maxDrivers).toBe(2);
    expect(rules().cards.maxDrivers).toBeUndefined();
  });

  test('counts only where the registration of its client allows it, and is told otherwise', () => {
    const asked = { minTierLevel: 3, showLowRisk: false, maxDrivers: 0 } as const;
    const { display, cards, refused } = rules(asked, registered({ callOptions: [] }));
    expect([display.minTier, cards.maxDrivers, refused]).toEqual(['low', undefined, ALL]);
    expect(rules(asked, registered({ callOptions: ['max-drivers'] })).refused).toEqual(['min-tier', 'show-low-risk']);
    expect(rules(asked, { id: 'development' }).refused).toEqual([]);
  });

  test('never makes a silent client speak, nor lifts its suppression or its cooldown', () => {
    fc.assert(
      fc.property(
        fc.record({
          minTierLevel: fc.constantFrom(0, 1, 2, 3),
          showLowRisk: fc.boolean(),
          maxDrivers: fc.integer({ min: 0, max: 5 }),
        }),
        (configuration) => {
          const suppression = { userRoles: ['a'], encounterClasses: ['b'], locations: ['c'] };
          const client = registered({ mode: 'silent', callOptions: ALL, cooldownHours: 9, suppression });
          const { display } = rules(configuration, client);
          expect(display).toMatchObject({ isSilent: true, cooldownHours: 9, suppression });
        },
      ),
    );
  });
});

test("the client's dialect is the card's", () => {
  const dialect = { cardDetail: 'html', audiences: [], topicCode: 'EHR1' } as const;
  expect(rules({}, registered({ dialect })).cards.dialect).toEqual(dialect);
});

test('the configuration of the site says when it shows a card, and discovery tells it (req. 76)', () => {
  const site = siteDisplayOf(
    loadConfig({
      HEMOLENS_SILENT_BELOW_TIER: 'high',
      HEMOLENS_SHOW_NOT_SCORED: 'false',
      HEMOLENS_COOLDOWN_HOURS: '8',
      HEMOLENS_SUPPRESS_USER_ROLES: 'PractitionerRole, pharmacist',
      HEMOLENS_SUPPRESS_ENCOUNTER_CLASSES: 'EMER',
      HEMOLENS_SUPPRESS_LOCATIONS: 'Location/or-3,urn:oid:1.2.3|OR 3',
    }),
  );
  expect(site).toEqual({
    minTier: 'high',
    showNotScored: false,
    cooldownHours: 8,
    suppression: {
      userRoles: ['PractitionerRole', 'pharmacist'],
      encounterClasses: ['EMER'],
      locations: ['Location/or-3', 'urn:oid:1.2.3|OR 3'],
    },
  });
  expect(configurationDefaults(site)).toEqual({ 'min-tier': 2, 'show-low-risk': false, 'max-drivers': 5 });
  expect(siteDisplayOf(loadConfig({}))).toEqual(SITE_DISPLAY);
  expect(siteDisplayOf(loadConfig({ HEMOLENS_MODE: 'production' })).cooldownHours).toBe(12);
});
