import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { parseCallConfiguration } from '../../src/cds-hooks/call-configuration.js';
import { CONFIGURATION_EXTENSION } from '../../src/cds-hooks/call-configuration.js';
import { withConfigurationDefaults } from '../../src/cds-hooks/configuration-options.js';
import { parseHookRequest } from '../../src/cds-hooks/parse-hook-request.js';
import { loadServiceCatalogue, parseServiceCatalogue } from '../../src/cds-hooks/service-catalogue.js';
import { testCatalogue } from '../support/catalogue.js';
import { hookBody } from '../support/hook-body.js';

const configured = (configuration: unknown): ReturnType<typeof parseCallConfiguration> =>
  parseHookRequest(hookBody({ extension: { 'org.example.other': { a: 1 }, [CONFIGURATION_EXTENSION]: configuration } }))
    .configuration;
const NONE_IGNORED = { unknown: 0, misfit: 0 };

describe('the configuration of a call (req. 76)', () => {
  test('sets the lowest tier, the low tier and the number of drivers', () => {
    expect(configured({ 'min-tier': 2, 'show-low-risk': false, 'max-drivers': 3 })).toEqual({
      minTierLevel: 2,
      showLowRisk: false,
      maxDrivers: 3,
      ignored: NONE_IGNORED,
    });
    expect(configured({ 'min-tier': 0, 'max-drivers': 0 })).toEqual({
      minTierLevel: 0,
      maxDrivers: 0,
      ignored: NONE_IGNORED,
    });
  });

  test.each<[string, Record<string, unknown>]>([
    ['no extension', {}],
    ['an extension of null', { extension: null }],
    ['an extension that is a list', { extension: [1] }],
    ['other extensions only', { extension: { 'davinci-crd.configuration': { 'max-cards': 1 } } }],
    ['a configuration of null', { extension: { [CONFIGURATION_EXTENSION]: null } }],
  ])('is not needed: with %s the call is answered by default', (_, changes) => {
    expect(parseHookRequest(hookBody(changes)).configuration).toBeUndefined();
  });

  test('codes that are unknown, and values that do not fit, are ignored and counted', () => {
    expect(
      configured({ 'min-tier': 'high', 'show-low-risk': 1, 'max-drivers': 6, 'max-cards': 2, colour: null }),
    ).toEqual({ ignored: { unknown: 2, misfit: 3 } });
    expect(configured({ 'min-tier': 4, 'max-drivers': 1.5 })).toEqual({ ignored: { unknown: 0, misfit: 2 } });
    expect(configured('quiet')).toEqual({ ignored: { unknown: 0, misfit: 1 } });
  });

  test('never fails a call, whatever the extension holds', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (extension, configuration) => {
        const bodies = [hookBody({ extension }), hookBody({ extension: { [CONFIGURATION_EXTENSION]: configuration } })];
        for (const body of bodies) {
          const { minTierLevel, maxDrivers } = parseHookRequest(body).configuration ?? {};
          expect([undefined, 0, 1, 2, 3]).toContain(minTierLevel);
          expect(maxDrivers === undefined || (maxDrivers >= 0 && maxDrivers <= 5)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('bad call: a member __proto__ of it changes nothing', () => {
    const extension: unknown = JSON.parse(`{"${CONFIGURATION_EXTENSION}": {"__proto__": {"max-drivers": 1}}}`);
    expect(parseHookRequest(hookBody({ extension })).configuration).toEqual({ ignored: { unknown: 1, misfit: 0 } });
    expect(
      parseHookRequest(hookBody({ extension: JSON.parse('{"__proto__": {"org.hemolens.configuration": {}}}') }))
        .configuration,
    ).toBeUndefined();
  });
});

describe('the options in the discovery document (req. 76)', () => {
  const optionsOf = (catalogue = loadServiceCatalogue()) =>
    catalogue.services[0]?.extension?.['org.hemolens.configuration-options'] ?? [];

  test('have code, type boolean or integer, name, description and default', () => {
    expect(optionsOf().map(({ code, type, default: fallback }) => [code, type, fallback])).toEqual([
      ['min-tier', 'integer', 0],
      ['show-low-risk', 'boolean', true],
      ['max-drivers', 'integer', 5],
    ]);
    for (const { name, description } of optionsOf())
      expect([name.length > 0, description.length > 0]).toEqual([true, true]);
  });

  test('name what holds at this site without them, and their defaults can be sent as they are', () => {
    const defaults = { 'min-tier': 2, 'show-low-risk': false, 'max-drivers': 5 };
    const own = withConfigurationDefaults(loadServiceCatalogue(), defaults);
    expect(Object.fromEntries(optionsOf(own).map((option) => [option.code, option.default]))).toEqual(defaults);
    expect(parseServiceCatalogue(own)).toEqual(own);
    expect(configured(defaults)).toMatchObject({ ignored: NONE_IGNORED });
  });

  test('are not put where a catalogue has none', () => {
    const defaults = { 'min-tier': 2, 'show-low-risk': false, 'max-drivers': 5 };
    expect(withConfigurationDefaults(testCatalogue, defaults)).toEqual(testCatalogue);
  });

  test.each([
    ['without a description', { description: undefined }],
    ['of type string', { type: 'string' }],
    ['whose default is not of its type', { type: 'integer', default: true }],
  ])('bad call: an option %s stops the start', (_, changes) => {
    const [service] = loadServiceCatalogue().services;
    const [option] = optionsOf();
    const extension = { 'org.hemolens.configuration-options': [{ ...option, ...changes }] };
    const json: unknown = JSON.parse(JSON.stringify({ services: [{ ...service, extension }] }));
    expect(() => parseServiceCatalogue(json)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG' }));
  });
});
