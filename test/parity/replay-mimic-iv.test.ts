import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { buildDataset } from '../../src/cohort/build/build-dataset.js';
import { readDatasetRows } from '../../src/cohort/dataset-rows.js';
import { loadConfig } from '../../src/config/config.js';
import { loadModelBundle } from '../../src/ensemble/load-model-bundle.js';
import { fullFeatureSpec } from '../../src/features/build-feature-spec.js';
import { replayMimicIv } from '../../src/replay/replay-mimic-iv.js';
import { startService } from '../../src/server.js';
import { needs, sharedData } from '../support/shared-data.js';

const DATASET = 'mimic-iv-demo-2.2';
const dir = sharedData(DATASET);
const PROBABILITY_TOLERANCE = 1e-6;

(dir === undefined ? describe.skip : describe)(needs(DATASET, 'replay of real charts'), () => {
  test('prefetch, FHIR, CSV and the training set give the same bytes for the first patients, and the same probability', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'replay-'));
    const out = join(folder, 'dataset');
    await buildDataset({
      source: 'mimic-iv',
      path: dir ?? '',
      out,
      spec: fullFeatureSpec(),
      gapHours: 0,
      workers: 0,
    });
    const dataset = await readDatasetRows(out);
    await rm(folder, { recursive: true });
    // Every signing of the demo: 349 new and changed orders in 303 minutes.
    expect(dataset.byEpisode.size).toBe(303);
    const config = loadConfig(
      {},
      {
        mode: 'sandbox',
        port: 0,
        store: 'memory',
        logLevel: 'silent',
        openFhirServerAllowed: true,
        deadlineMs: 60_000,
        perCallTimeoutMs: 60_000,
        noteEncodingMs: 60_000,
      },
    );
    const bundle = await loadModelBundle(config.modelBundleDir);
    const report = await replayMimicIv({
      dir: dir ?? '',
      bundle,
      predictOptions: { noteEncodingMs: config.noteEncodingMs },
      startService: (overrides) => startService(config, overrides),
      dataset,
      maxPatients: 4,
    });
    await bundle.close();
    expect(report.hookCalls).toBeGreaterThan(4);
    expect(report.ordersSigned + (report.withoutCard['discontinued'] ?? 0)).toBe(report.orders);
    expect(report).toMatchObject({
      errors: 0,
      tensorMismatches: 0,
      rowsOfTrainingSet: 303,
      patients: 4,
      maxDiffPrefetchVsFhir: 0,
    });
    expect(report.maxDiffServedVsCsv).toBeLessThanOrEqual(PROBABILITY_TOLERANCE);
    expect(report.cards).toBe(report.hookCalls);
  }, 300_000);
});
