import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../../src/config/config.js';
import { runConformance } from '../../../src/kit/conformance/run-conformance.js';
import { loadFixture } from '../../../src/sandbox/load-resources.js';
import { startService, type RunningService } from '../../../src/server.js';
import { rulesThat, troubles } from './tiny-report.js';

const ORIGIN = 'https://pages.example.org';
let service: RunningService;

beforeAll(async () => {
  const mode = {
    mode: 'sandbox',
    port: 0,
    store: 'memory',
    logLevel: 'error',
    openFhirServerAllowed: true,
    corsOrigins: [ORIGIN],
  } as const;
  service = await startService(loadConfig({}, mode));
}, 120_000);

afterAll(() => service.close());

describe('hemolens', () => {
  it('fails no rule; its one warning is that on loopback it authenticates no client (req. 62)', async () => {
    const situation = await loadFixture('fhir-fixtures/bleeding-and-unstable', Date.now());
    const report = await runConformance({ serviceUrl: service.url, ...situation, origin: ORIGIN });
    expect(rulesThat('fail', report)).toEqual([]);
    expect(troubles(report)).toEqual([expect.stringContaining('warn authentication')]);
    expect(report.totals.pass).toBeGreaterThan(50);
  }, 120_000);
});
