import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BaseLearnerManifest, BundleManifest, GoldenRows, StackSpec } from '../../src/ensemble/model-bundle.js';
import { calibratedLogit, sigmoid, stackPattern } from '../../src/ensemble/stack.js';
import { canonicalSpecBytes } from '../../src/features/parse-feature-spec.js';
import { FIXTURES, INTERCEPT, json, sha256, SLOPE, tinySpec } from './tiny-bundle.js';

/** Made by `tiny-ensemble/make.py`. */
const GRAPHS = new URL('./tiny-ensemble/fixtures/', import.meta.url);
export const TINY_ENCODER = new URL('./tiny-ensemble/fixtures/encoders/tiny-encoder/', import.meta.url).pathname;

const COLUMNS = 6;
const TOKENS = 16;
export const DIMENSION = 8;
export const HALF_LIFE_HOURS = 24;

const tensor = (name: string, type: 'float32' | 'int64', width: number) => ({ name, type, shape: [null, width] });
const LOGIT = tensor('logit', 'float32', 1);
const GATE = tensor('gate', 'float32', 3);
const TABULAR = [tensor('tabular', 'float32', COLUMNS)];
const SERIES = [
  tensor('concept_ids', 'int64', TOKENS),
  tensor('hours_before', 'float32', TOKENS),
  tensor('values', 'float32', TOKENS),
  tensor('token_mask', 'float32', TOKENS),
];
const NOTES = [tensor('note_vector', 'float32', DIMENSION), tensor('notes_present', 'float32', 1)];

const LEARNERS: readonly BaseLearnerManifest[] = [
  {
    id: 'gbm',
    kind: 'lightgbm',
    modalities: ['tabular'],
    graph: 'gbm.onnx',
    trees: 'gbm.json',
    inputs: TABULAR,
    output: LOGIT,
  },
  { id: 'series', kind: 'network', modalities: ['series'], graph: 'series.onnx', inputs: SERIES, output: LOGIT },
  { id: 'text', kind: 'network', modalities: ['notes'], graph: 'text.onnx', inputs: NOTES, output: LOGIT },
  {
    id: 'fusion',
    kind: 'network',
    modalities: ['tabular', 'series', 'notes'],
    requires: [],
    graph: 'fusion.onnx',
    detailGraph: 'fusion-detail.onnx',
    inputs: [...TABULAR, ...SERIES, ...NOTES],
    output: LOGIT,
    gate: GATE,
  },
];

export const ENSEMBLE_STACK: StackSpec = {
  kind: 'affine-logit',
  patterns: [
    { learners: ['gbm', 'fusion'], intercept: 0.1, weights: { gbm: 0.9, fusion: 0.2 } },
    { learners: ['gbm', 'series', 'fusion'], intercept: -0.05, weights: { gbm: 0.7, series: 0.3, fusion: 0.1 } },
    { learners: ['gbm', 'text', 'fusion'], intercept: 0.02, weights: { gbm: 0.8, text: 0, fusion: 0.25 } },
    {
      learners: ['gbm', 'series', 'text', 'fusion'],
      intercept: 0,
      weights: { gbm: 0.6, series: 0.25, text: 0.15, fusion: 0.1 },
    },
  ],
  calibration: { slope: SLOPE, intercept: INTERCEPT },
  references: { gbm: -0.2, series: 0.1, text: -0.3, fusion: 0.05 },
};

/**
 * Writes a whole, verifiable ensemble of four learners with its note encoder beside it: trees of the ensemble's fixtures,
 * networks of random weights. Returns the bundle's folder, `…/models/tiny-ensemble`.
 */
export async function writeTinyEnsemble(): Promise<string> {
  const models = join(await mkdtemp(join(tmpdir(), 'hemolens-ensemble-')), 'models');
  const directory = join(models, 'tiny-ensemble');
  await mkdir(directory, { recursive: true });
  await cp(TINY_ENCODER, join(models, 'encoders', 'tiny-encoder'), { recursive: true });
  const spec = canonicalSpecBytes(tinySpec());
  const graphs = ['series.onnx', 'text.onnx', 'fusion.onnx', 'fusion-detail.onnx'];
  const files: Record<string, Uint8Array> = {
    'gbm.onnx': await readFile(new URL('gbm.onnx', FIXTURES)),
    'gbm.json': await readFile(new URL('gbm.json', FIXTURES)),
    'feature-spec.json': spec,
    'stack.json': json(ENSEMBLE_STACK),
    'golden.json': json(await golden()),
  };
  for (const graph of graphs) files[graph] = await readFile(new URL(graph, GRAPHS));
  const manifest: BundleManifest = {
    bundleVersion: 2,
    id: 'tiny-ensemble',
    version: '0.0.1',
    title: 'Tiny ensemble for tests',
    outcome: 'death within 7 days',
    population: { description: 'random numbers', baseRate: 0.1, icuOnly: false },
    trainingData: [{ source: 'random numbers', rows: 1, events: 1 }],
    training: { seeds: [1, 2], wallSeconds: 3 },
    files: Object.fromEntries(
      Object.entries(files).map(([name, bytes]) => [name, { sha256: sha256(bytes), bytes: bytes.length }]),
    ),
    featureSpecSha256: sha256(spec),
    baseLearners: LEARNERS,
    noteEncoder: {
      id: 'tiny-encoder',
      sha256: sha256(await readFile(join(TINY_ENCODER, 'encoder.json'))),
      dimension: DIMENSION,
      pooling: { kind: 'recency-mean', halfLifeHours: HALF_LIFE_HOURS },
    },
  };
  await Promise.all(Object.entries(files).map(([name, bytes]) => writeFile(join(directory, name), bytes)));
  await writeFile(join(directory, 'manifest.json'), json(manifest));
  return directory;
}

/** Removes what `writeTinyEnsemble` made. */
export async function removeTinyEnsemble(directory: string): Promise<void> {
  await rm(join(directory, '..', '..'), { recursive: true });
}

type GoldenRow = GoldenRows['rows'][number];

/** Rows that LightGBM and Python's ONNX Runtime scored, one for each availability. */
async function golden(): Promise<GoldenRows> {
  const scored = JSON.parse(await readFile(new URL('lightgbm-rows.json', FIXTURES), 'utf8')) as {
    rows: (number | string | null)[][];
    raw: number[];
  };
  const own = JSON.parse(await readFile(new URL('rows.json', GRAPHS), 'utf8')) as GoldenRow[];
  const rows = own.map((row, index) => {
    const logits = { gbm: scored.raw[index] ?? NaN, ...row.logits };
    const pattern = stackPattern(ENSEMBLE_STACK, Object.keys(logits));
    const calibrated = calibratedLogit(ENSEMBLE_STACK, pattern, logits);
    return {
      ...row,
      tabular: (scored.rows[index] ?? []).map((cell) => (cell === null ? null : Number(cell))),
      logits,
      calibratedLogit: calibrated,
      probability: sigmoid(calibrated),
    };
  });
  return { tolerance: { logit: 1e-5 }, rows };
}
