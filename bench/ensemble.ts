/**
 * What an ensemble costs: each base learner's graph, the note encoder on a whole piece, what a scored order with cached notes
 * adds to the trees alone, and how long the event loop was held while notes were embedded.
 * `npm run bench:ensemble -- [BUNDLE] [--encoder DIR] [--json]`; with `--encoder` another encoder than the bundle's is measured.
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { rowInputs, type GraphInputs } from '../src/ensemble/graph-inputs.js';
import { loadModelBundle } from '../src/ensemble/load-model-bundle.js';
import type { ModelBundle } from '../src/ensemble/model-bundle.js';
import { loadNoteEncoder } from '../src/ensemble/note-encoder/load-note-encoder.js';
import type { NoteEncoder } from '../src/ensemble/note-encoder/note-encoder.js';
import { predictRisk } from '../src/ensemble/predict-risk.js';
import { explainPrediction } from '../src/explanation/explain-prediction.js';
import type { FeatureTensors } from '../src/features/feature-tensors.js';
import type { PatientRecord } from '../src/record/patient-record.js';

const WARM_UP = 20;
const RUNS = 300;
const ENCODED = 40;
const LOOP_RESOLUTION_MS = 1;
/** Words that are one word piece each in any English vocabulary. */
const WORDS = ['the', 'of', 'and', 'to', 'in', 'was', 'is', 'with', 'on', 'at', 'for', 'not', 'no', 'left', 'right'];

interface Quantiles {
  readonly p50: number;
  readonly p95: number;
}

const COVERED = { kind: 'covered', sinceMs: null, origin: 'prefetch' } as const;
const EMPTY_RECORD: PatientRecord = {
  values: [],
  administrations: [],
  procedures: [],
  encounters: [],
  conditions: [],
  notes: [],
  orders: [],
  coverage: {
    patient: COVERED,
    encounters: COVERED,
    labs: COVERED,
    vitals: COVERED,
    bedside: COVERED,
    administrations: COVERED,
    procedures: COVERED,
    conditions: COVERED,
    notes: COVERED,
  },
  rejections: [],
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, encoder: { type: 'string' } },
});
const bundle = await loadModelBundle(positionals[0] ?? 'models/transfusion-open');
const encoder = values.encoder === undefined ? bundle.noteEncoder : await loadNoteEncoder(values.encoder);
const tensors = madeUpTensors(bundle);
const report = {
  bundle: `${bundle.identity.id} ${bundle.identity.version}`,
  node: process.version,
  learnersMs: await learners(bundle, tensors),
  ...(encoder ? { noteEncoder: await encoding(encoder) } : {}),
  order: await order(bundle, tensors),
};
await encoder?.close();
await bundle.close();
if (values.json === true) console.log(JSON.stringify(report));
else console.log(JSON.stringify(report, null, 2));

async function learners(of: ModelBundle, row: FeatureTensors): Promise<Record<string, Quantiles>> {
  const inputs: GraphInputs = rowInputs(of.spec, of.manifest.noteEncoder?.dimension ?? 0, {
    tabular: row.tabular,
    series: row.series,
    noteVector: new Float32Array(of.manifest.noteEncoder?.dimension ?? 0).fill(0.05),
  });
  const measured: Record<string, Quantiles> = {};
  for (const { id } of of.manifest.baseLearners) measured[id] = await quantiles(() => of.score(id, inputs));
  if (await of.detail(inputs)) measured['detail graph'] = await quantiles(() => of.detail(inputs));
  return measured;
}

/** One piece of as many word pieces as the encoder reads at once: cutting, the way to the thread and back, and the graph. */
async function encoding(encoder: NoteEncoder): Promise<Record<string, unknown>> {
  const texts = Array.from({ length: ENCODED + 2 }, (_none, at) => textOf(encoder.maxWordPieces, at));
  const wordPieces = (await encoder.tokenIds(texts[0] ?? '')).length - 2;
  for (const text of texts.splice(0, 2)) await encoder.embed(text);
  const times: number[] = [];
  const delays = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  delays.enable();
  for (const text of texts) {
    const start = performance.now();
    await encoder.embed(text);
    times.push(performance.now() - start);
  }
  delays.disable();
  return {
    id: encoder.id,
    wordPieces,
    pieceMs: quantilesOf(times),
    longestBlockMs: round(Math.max(0, delays.max / 1e6 - LOOP_RESOLUTION_MS)),
  };
}

/** Score and explanation of one order, with everything there and the notes in the cache, against the trees alone. */
async function order(of: ModelBundle, row: FeatureTensors): Promise<Record<string, unknown>> {
  const trees = treesAlone(of);
  const scored = (one: ModelBundle) => async (): Promise<void> => {
    const prediction = await predictRisk(one, row, { noteEncodingMs: 60_000 });
    explainPrediction(one, row, prediction, EMPTY_RECORD);
  };
  await scored(of)();
  const delays = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  delays.enable();
  const whole = await quantiles(scored(of));
  delays.disable();
  const alone = trees && (await quantiles(scored(trees)));
  return {
    ensembleMs: whole,
    ...(alone
      ? { treesAloneMs: alone, addedMs: { p50: round(whole.p50 - alone.p50), p95: round(whole.p95 - alone.p95) } }
      : {}),
    longestBlockMs: round(Math.max(0, delays.max / 1e6 - LOOP_RESOLUTION_MS)),
  };
}

/** The same bundle with its LightGBM learner only. */
function treesAlone(of: ModelBundle): ModelBundle | undefined {
  const baseLearners = of.manifest.baseLearners.filter(({ kind }) => kind === 'lightgbm');
  const ids = baseLearners.map(({ id }) => id);
  if (ids.length === 0) return undefined;
  const weights = Object.fromEntries(ids.map((id) => [id, 1 / ids.length]));
  const { identity, spec, trees } = of;
  return {
    identity,
    spec,
    trees,
    score: (id, inputs) => of.score(id, inputs),
    detail: (inputs) => of.detail(inputs),
    close: () => of.close(),
    manifest: { ...of.manifest, baseLearners },
    stack: { ...of.stack, patterns: [{ learners: ids, intercept: 0, weights }] },
  };
}

/** Every column, every token and every chunk there. */
function madeUpTensors({ spec }: ModelBundle): FeatureTensors {
  const { maxTokens, concepts } = spec.series;
  const every = <T>(length: number, value: (at: number) => T): T[] => Array.from({ length }, (_none, at) => value(at));
  const series = {
    conceptIds: Int32Array.from(every(maxTokens, (at) => 1 + (at % concepts.length))),
    hoursBefore: Float32Array.from(every(maxTokens, (at) => (at * spec.series.windowHours) / maxTokens)),
    values: Float32Array.from(every(maxTokens, (at) => 1 + ((at * 37) % 140))),
    mask: new Uint8Array(maxTokens).fill(1),
    tokens: maxTokens,
  };
  const chunks = every(spec.notes.maxChunks, (at) => ({
    text: textOf(240, at),
    kind: 'nursing',
    hoursBefore: at * 4,
    evidence: `note ${at}`,
  }));
  return {
    specId: spec.id,
    predictionTimeMs: 0,
    tabular: Float32Array.from(every(spec.tabular.length, (at) => (at % 5 === 0 ? NaN : 1 + ((at * 31) % 120)))),
    states: new Uint8Array(spec.states.length),
    series,
    notes: { chunks, mask: new Uint8Array(spec.notes.maxChunks).fill(1) },
    evidence: new Map(),
    modalities: { tabular: 'present', series: 'present', notes: 'present' },
  };
}

/** A text of so many words, another for every `at`, the same every time. */
function textOf(words: number, at: number): string {
  let state = at + 1;
  return Array.from({ length: words }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return WORDS[state % WORDS.length];
  }).join(' ');
}

async function quantiles(run: () => Promise<unknown>): Promise<Quantiles> {
  for (let at = 0; at < WARM_UP; at++) await run();
  const times: number[] = [];
  for (let at = 0; at < RUNS; at++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
    // A turn of the event loop between runs, as between calls.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return quantilesOf(times);
}

function quantilesOf(times: readonly number[]): Quantiles {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): number =>
    round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN);
  return { p50: at(0.5), p95: at(0.95) };
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
