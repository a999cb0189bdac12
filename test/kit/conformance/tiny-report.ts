import { expect } from '@jest/globals';
import type { ConformanceReport } from '../../../src/kit/conformance/conformance-report.js';
import { runConformance, type ConformanceOptions } from '../../../src/kit/conformance/run-conformance.js';
import { loadFixture, type FixtureSituation } from '../../../src/sandbox/load-resources.js';
import type { BrokenService } from './broken-services/broken-service.js';
import { CORRECT, startTinyService, TINY_ISSUER, TINY_ORIGIN, type TinyParts } from './tiny-service.js';

/** How long an answer takes depends on the machine. */
const NOT_OF_THE_SERVICE = new Set(['response-time']);

let loaded: Promise<FixtureSituation> | undefined;

/** The suite's patient, with three results of each kind that the tiny service reads: enough, and fast. */
export function smallSituation(): Promise<FixtureSituation> {
  loaded ??= loadFixture('fhir-fixtures/bleeding-and-unstable', Date.now()).then((whole) => {
    const patient = whole.resources.filter(({ resourceType }) => resourceType === 'Patient');
    const results = ['718-7', '8867-4'].flatMap((code) =>
      whole.resources
        .filter((one) => one.resourceType === 'Observation' && JSON.stringify(one.code).includes(`"${code}"`))
        .slice(-3),
    );
    return { ...whole, resources: [...patient, ...results] };
  });
  return loaded;
}

/** What the suite says of the tiny service with these parts; the service insists on tokens unless `isOpen`. */
export async function reportOn(
  parts: TinyParts,
  options: Partial<ConformanceOptions> = {},
  { isOpen = false } = {},
): Promise<ConformanceReport> {
  const service = await startTinyService(parts, { isOpen });
  try {
    return await runConformance({
      serviceUrl: service.url,
      ...(await smallSituation()),
      origin: TINY_ORIGIN,
      ...(isOpen ? {} : { client: { key: service.clientKey, issuer: TINY_ISSUER } }),
      ...options,
    });
  } finally {
    await service.close();
  }
}

/** Ids of the rules with this outcome. */
export function rulesThat(outcome: string, { results }: ConformanceReport): readonly string[] {
  return results.filter((one) => one.outcome === outcome && !NOT_OF_THE_SERVICE.has(one.id)).map(({ id }) => id);
}

/** Outcome and words of every rule that did not pass. */
export function troubles({ results }: ConformanceReport): readonly string[] {
  return results
    .filter(({ id, outcome }) => outcome !== 'pass' && outcome !== 'not-applicable' && !NOT_OF_THE_SERVICE.has(id))
    .map(({ id, outcome, evidence }) => `${outcome} ${id}: ${evidence.says}`);
}

/** Runs the whole suite on a broken service: its own rules must tell of it, and no others. */
export async function expectOwnRules(broken: BrokenService, { isOpen = false } = {}): Promise<void> {
  const report = await reportOn({ ...CORRECT, ...broken.change(CORRECT) }, {}, { isOpen });
  const wanted = { fail: broken.fails ?? [], warn: [...(broken.warns ?? []), ...(isOpen ? ['authentication'] : [])] };
  const found = { fail: rulesThat('fail', report), warn: rulesThat('warn', report) };
  // The troubles stand on both sides for a message that says why.
  expect({ ...sorted(found), troubles: troubles(report) }).toEqual({ ...sorted(wanted), troubles: troubles(report) });
}

function sorted(rules: { readonly fail: readonly string[]; readonly warn: readonly string[] }): object {
  return { fail: [...rules.fail].sort(), warn: [...rules.warn].sort() };
}
