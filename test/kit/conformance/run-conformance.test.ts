import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { runConformance, type ConformanceOptions } from '../../../src/kit/conformance/run-conformance.js';
import type { ConformanceReport } from '../../../src/kit/conformance/conformance-report.js';
import { loadFixture, type FixtureSituation } from '../../../src/sandbox/load-resources.js';
import { BROKEN_SERVICES } from './broken-services/broken-services.js';
import {
  CORRECT,
  startTinyService,
  TINY_ISSUER,
  TINY_ORIGIN,
  type TinyParts,
  type TinyService,
} from './tiny-service.js';

/** How long an answer takes depends on the machine. */
const NOT_OF_THE_SERVICE = new Set(['response-time']);

let situation: FixtureSituation;
let service: TinyService | undefined;

beforeAll(async () => {
  const whole = await loadFixture('fhir-fixtures/bleeding-and-unstable', Date.now());
  situation = { ...whole, resources: fewOf(whole.resources) };
});

/** The patient and three results of each kind that the tiny service reads: enough, and fast. */
function fewOf(resources: FixtureSituation['resources']): FixtureSituation['resources'] {
  const results = ['718-7', '8867-4'].flatMap((code) =>
    resources
      .filter((one) => one.resourceType === 'Observation' && JSON.stringify(one.code).includes(`"${code}"`))
      .slice(-3),
  );
  return [...resources.filter(({ resourceType }) => resourceType === 'Patient'), ...results];
}

afterEach(async () => {
  await service?.close();
  service = undefined;
});

async function reportOn(
  parts: TinyParts,
  options: Partial<ConformanceOptions> = {},
  { isOpen = false } = {},
): Promise<ConformanceReport> {
  service = await startTinyService(parts, { isOpen });
  return runConformance({
    serviceUrl: service.url,
    hookRequest: situation.hookRequest,
    resources: situation.resources,
    origin: TINY_ORIGIN,
    ...(isOpen ? {} : { key: { key: service.clientKey, issuer: TINY_ISSUER } }),
    ...options,
  });
}

function rulesThat(outcome: string, { results }: ConformanceReport): readonly string[] {
  return results.filter((one) => one.outcome === outcome && !NOT_OF_THE_SERVICE.has(one.id)).map(({ id }) => id);
}

/** Outcome and words of every rule that did not pass, for a message that says more than two lists. */
function troubles({ results }: ConformanceReport): readonly string[] {
  return results
    .filter(({ id, outcome }) => outcome !== 'pass' && outcome !== 'not-applicable' && !NOT_OF_THE_SERVICE.has(id))
    .map(({ id, outcome, evidence }) => `${outcome} ${id}: ${evidence.says}`);
}

describe('a correct service', () => {
  it('passes every rule', async () => {
    const report = await reportOn(CORRECT);
    expect(troubles(report)).toEqual([]);
    // Plain http is not judged on loopback; every other rule finds something to look at.
    expect(rulesThat('not-applicable', report)).toEqual(['https']);
  });

  it('that answers without a token is warned once; the rules about tokens are not applicable', async () => {
    const report = await reportOn(CORRECT, {}, { isOpen: true });
    expect(rulesThat('fail', report)).toEqual([]);
    expect(rulesThat('warn', report)).toEqual(['authentication']);
    const tokens = report.results.find(({ id }) => id === 'jwt-none');
    expect(tokens?.outcome).toBe('not-applicable');
    expect(tokens?.evidence.says).toMatch(/answers without a token/);
  });
});

describe('a broken service is told of by its own rule and no other:', () => {
  it.each(BROKEN_SERVICES.map((broken) => [broken.fault, broken] as const))('%s', async (_, broken) => {
    const report = await reportOn({ ...CORRECT, ...broken.change(CORRECT) });
    const wanted = [
      ...(broken.fails ?? []).map((id) => `fail ${id}`),
      ...(broken.warns ?? []).map((id) => `warn ${id}`),
    ];
    const found = [
      ...rulesThat('fail', report).map((id) => `fail ${id}`),
      ...rulesThat('warn', report).map((id) => `warn ${id}`),
    ];
    expect({ found, troubles: troubles(report) }).toEqual({ found: wanted, troubles: troubles(report) });
  });
});
