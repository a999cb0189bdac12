import { describe, expect, test } from '@jest/globals';
import { loadConfig } from '../../src/config/config.js';
import { loadModelBundle } from '../../src/ensemble/load-model-bundle.js';
import { replayMimicIv } from '../../src/replay/replay-mimic-iv.js';
import { startService } from '../../src/server.js';
import { needs, sharedData } from '../support/shared-data.js';

const DATASET = 'mimic-iv-demo-2.2';
const dir = sharedData(DATASET);
const PROBABILITY_TOLERANCE = 1e-6;

(dir === undefined ? describe.skip : describe)(needs(DATASET, 'replay of real charts'), () => {
  test('prefetch, FHIR and CSV give the same bytes and the same probability for the first patients', async () => {
    const config = loadConfig(
      {},
      {
        mode: 'sandbox',
        port: 0,
        logLevel: 'silent',
        openFhirServerAllowed: true,
        deadlineMs: 60_000,
        perCallTimeoutMs: 60_000,
      },
    );
    const report = await replayMimicIv({
      dir: dir ?? '',
      bundle: await loadModelBundle('models/icu-baseline'),
      startService: (overrides) => startService(config, overrides),
      maxPatients: 4,
    });
    expect(report.hookCalls).toBeGreaterThan(4);
    expect(report.ordersSigned + (report.withoutCard['discontinued'] ?? 0)).toBe(report.orders);
    expect(report).toMatchObject({ errors: 0, tensorMismatches: 0, patients: 4, maxDiffPrefetchVsFhir: 0 });
    expect(report.maxDiffServedVsCsv).toBeLessThanOrEqual(PROBABILITY_TOLERANCE);
    expect(report.cards).toBe(report.hookCalls);
  }, 120_000);
});
