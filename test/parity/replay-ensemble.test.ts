import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadConfig } from '../../src/config/config.js';
import { loadModelBundle } from '../../src/ensemble/load-model-bundle.js';
import { replayMimicIv } from '../../src/replay/replay-mimic-iv.js';
import { printReport } from '../../src/replay/replay-report.js';
import { startService } from '../../src/server.js';
import { needs, sharedData } from '../support/shared-data.js';
import { removeTinyEnsemble, writeTinyEnsemble } from '../support/tiny-ensemble.js';

const DATASET = 'mimic-iv-demo-2.2';
const dir = sharedData(DATASET);

let folder: string;
beforeAll(async () => {
  folder = await writeTinyEnsemble();
});
afterAll(async () => removeTinyEnsemble(folder));

(dir === undefined ? describe.skip : describe)(needs(DATASET, 'replay with an ensemble'), () => {
  test('every road reads the same notes and series, and the report has the logits of every base learner', async () => {
    const noteEncodingMs = 60_000;
    const config = loadConfig(
      {},
      {
        mode: 'sandbox',
        port: 0,
        store: 'memory',
        logLevel: 'silent',
        modelBundleDir: folder,
        openFhirServerAllowed: true,
        deadlineMs: 60_000,
        perCallTimeoutMs: 60_000,
        noteEncodingMs,
      },
    );
    const bundle = await loadModelBundle(folder);
    const report = await replayMimicIv({
      dir: dir ?? '',
      bundle,
      predictOptions: { noteEncodingMs },
      startService: (overrides) => startService(config, overrides),
      maxPatients: 2,
    });
    await bundle.close();
    expect(report).toMatchObject({ errors: 0, tensorMismatches: 0, maxDiffPrefetchVsFhir: 0, maxDiffServedVsCsv: 0 });
    expect(report.scoredCalls).toHaveLength(report.scored);
    expect(Object.keys(report.aurocOfLearners)).toEqual(['gbm', 'series', 'text', 'fusion']);
    for (const { logits, modalities } of report.scoredCalls) {
      expect(Object.keys(logits)).toEqual(expect.arrayContaining(['gbm', 'fusion']));
      expect('text' in logits).toBe(modalities['notes'] === 'read');
      expect('series' in logits).toBe(modalities['series'] === 'read');
    }
    expect(report.scoredCalls.some(({ modalities }) => modalities['notes'] === 'read')).toBe(true);
    expect(printReport(report)).toContain('series alone');
  }, 600_000);
});
