import { createHash } from 'node:crypto';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BundleManifest, GoldenRows, StackSpec } from '../../src/ensemble/model-bundle.js';
import { sigmoid } from '../../src/ensemble/stack.js';
import type { FeatureSpec, TabularColumn } from '../../src/features/feature-spec.js';
import { canonicalSpecBytes } from '../../src/features/parse-feature-spec.js';

export const FIXTURES = new URL('../ensemble/fixtures/', import.meta.url);
/** Columns of the fixture's trees, read here as the last value of six concepts. Its scores mean nothing. */
const CONCEPT_BY_COLUMN = {
  steady: 'lactate',
  gaps: 'hr',
  counts: 'hb',
  around_zero: 'creatinine',
  always_there: 'sodium',
  coarse: 'plt',
};
export const SLOPE = 0.5;
export const INTERCEPT = -2;

/** Writes a whole, verifiable model bundle made from the trees of the ensemble's fixtures; returns its folder. */
export async function writeTinyBundle(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'hemolens-bundle-'));
  const spec = canonicalSpecBytes(tinySpec());
  const files: Record<string, Uint8Array> = {
    'gbm.onnx': await readFile(new URL('gbm.onnx', FIXTURES)),
    'gbm.json': await readFile(new URL('gbm.json', FIXTURES)),
    'feature-spec.json': spec,
    'stack.json': json(STACK),
    'golden.json': json(await golden()),
  };
  const columns = Object.keys(CONCEPT_BY_COLUMN).length;
  const manifest: BundleManifest = {
    bundleVersion: 1,
    id: 'tiny',
    version: '0.0.1',
    title: 'Tiny model for tests',
    outcome: 'death within 7 days',
    population: { description: 'random numbers', baseRate: 0.1, icuOnly: true },
    trainingData: [{ source: 'random numbers', rows: 1, events: 1 }],
    files: Object.fromEntries(
      Object.entries(files).map(([name, bytes]) => [name, { sha256: sha256(bytes), bytes: bytes.length }]),
    ),
    featureSpecSha256: sha256(spec),
    baseLearners: [
      {
        id: 'gbm',
        kind: 'lightgbm',
        modalities: ['tabular'],
        graph: 'gbm.onnx',
        trees: 'gbm.json',
        inputs: [{ name: 'tabular', type: 'float32', shape: [null, columns] }],
        output: { name: 'logit', type: 'float32', shape: [null, 1] },
      },
    ],
  };
  await Promise.all(Object.entries(files).map(([name, bytes]) => writeFile(join(directory, name), bytes)));
  await writeFile(join(directory, 'manifest.json'), json(manifest));
  return directory;
}

export function tinySpec(): FeatureSpec {
  const tabular = Object.entries(CONCEPT_BY_COLUMN).map(([name, concept]): TabularColumn => ({
    name,
    kind: 'statistic',
    concept,
    statistic: 'last',
    windowHours: 24,
  }));
  const concepts = tabular.map(({ concept }) => concept);
  return {
    specVersion: 1,
    id: 'tiny',
    tabular,
    series: { concepts, maxTokens: 16, windowHours: 48 },
    notes: { maxChunks: 1, maxWords: 250, windowHours: 168 },
    states: concepts,
  };
}

const STACK: StackSpec = {
  kind: 'affine-logit',
  patterns: [{ learners: ['gbm'], intercept: 0, weights: { gbm: 1 } }],
  calibration: { slope: SLOPE, intercept: INTERCEPT },
};

/** A few rows that LightGBM itself scored. */
async function golden(): Promise<GoldenRows> {
  const text = await readFile(new URL('lightgbm-rows.json', FIXTURES), 'utf8');
  const { rows, raw } = JSON.parse(text) as { rows: (number | string | null)[][]; raw: number[] };
  const chosen = rows.slice(0, 5).map((row, index) => {
    const logit = raw[index] ?? NaN;
    const calibratedLogit = SLOPE * logit + INTERCEPT;
    return {
      tabular: row.map((cell) => (cell === null ? null : Number(cell))),
      logits: { gbm: logit },
      calibratedLogit,
      probability: sigmoid(calibratedLogit),
    };
  });
  return { tolerance: { logit: 1e-5 }, rows: chosen };
}

export function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
