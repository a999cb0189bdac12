import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadModelBundle } from '../../src/ensemble/load-model-bundle.js';
import { removeTinyEnsemble, writeTinyEnsemble } from '../support/tiny-ensemble.js';

let folder: string;
let encoder: string;

beforeEach(async () => {
  folder = await writeTinyEnsemble();
  encoder = join(folder, '..', 'encoders', 'tiny-encoder');
});
afterEach(async () => removeTinyEnsemble(folder));

type Json = Record<string, unknown>;

function edit(path: string, change: (content: Json) => unknown): void {
  writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, 'utf8')) as Json)));
}

function sha256(path: string): { sha256: string; bytes: number } {
  const bytes = readFileSync(path);
  return { sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length };
}

/** Writes new hashes where they are listed, so that the next check is reached. */
function relist(file: string): void {
  edit(join(folder, 'manifest.json'), (manifest) => ({
    ...manifest,
    files: { ...(manifest['files'] as Json), [file]: sha256(join(folder, file)) },
  }));
}
function relistEncoder(file: string): void {
  edit(join(encoder, 'encoder.json'), (manifest) => ({
    ...manifest,
    files: { ...(manifest['files'] as Json), [file]: sha256(join(encoder, file)) },
  }));
  expectEncoder();
}
function expectEncoder(): void {
  edit(join(folder, 'manifest.json'), (manifest) => ({
    ...manifest,
    noteEncoder: { ...(manifest['noteEncoder'] as Json), sha256: sha256(join(encoder, 'encoder.json')).sha256 },
  }));
}
function editManifest(change: (manifest: Json) => unknown): void {
  edit(join(folder, 'manifest.json'), change);
}
function editLearner(id: string, change: (learner: Json) => unknown): void {
  editManifest((m) => ({
    ...m,
    baseLearners: (m['baseLearners'] as Json[]).map((l) => (l['id'] === id ? change(l) : l)),
  }));
}
function editRow(index: number, change: (row: Json) => unknown): void {
  edit(join(folder, 'golden.json'), (g) => ({
    ...g,
    rows: (g['rows'] as Json[]).map((row, at) => (at === index ? change(row) : row)),
  }));
  relist('golden.json');
}

test('an ensemble of trees, series, text and fusion loads: every stage of every golden row is reproduced', async () => {
  const bundle = await loadModelBundle(folder);
  expect(bundle.identity).toMatchObject({ id: 'tiny-ensemble' });
  expect(bundle.noteEncoder).toMatchObject({ id: 'tiny-encoder', dimension: 8, maxWordPieces: 30 });
  await bundle.close();
});

describe('an ensemble is refused before anything listens', () => {
  const cases: readonly (readonly [string, () => void, RegExp])[] = [
    [
      'a learner that reads notes, without a note encoder',
      () => editManifest((m) => ({ ...m, noteEncoder: undefined })),
      /manifest\.json: expected a noteEncoder, since text reads notes, found none/,
    ],
    [
      'an encoder that is not there',
      () => rmSync(encoder, { recursive: true }),
      /encoder\.json: expected in the note encoder tiny-encoder, cannot be read/,
    ],
    [
      'another encoder than the one trained with',
      () => edit(join(encoder, 'encoder.json'), (e) => ({ ...e, source: 'elsewhere' })),
      /encoder\.json of the note encoder tiny-encoder: expected sha256 [0-9a-f]{64} \(the bundle's\), found [0-9a-f]{64}/,
    ],
    [
      'an encoder with a file that was changed',
      () => edit(join(encoder, 'tokenizer_config.json'), (t) => ({ ...t, do_lower_case: false })),
      /tokenizer_config\.json: expected sha256 [0-9a-f]{64}, found/,
    ],
    [
      'an encoder with a file that is not listed',
      () => writeFileSync(join(encoder, 'onnx', 'model.onnx'), ''),
      /onnx\/model\.onnx: expected every file listed in encoder\.json/,
    ],
    [
      'an encoder whose tokenizer would cut its texts',
      () => {
        edit(join(encoder, 'tokenizer_config.json'), (t) => ({ ...t, model_max_length: 31 }));
        relistEncoder('tokenizer_config.json');
      },
      /tokenizer_config\.json: expected model_max_length 32 or more, found 31/,
    ],
    [
      'an encoder whose graph ONNX Runtime does not read',
      () => {
        writeFileSync(join(encoder, 'onnx', 'model_quantized.onnx'), 'no graph');
        relistEncoder('onnx/model_quantized.onnx');
      },
      /note encoder: tokenizer or graph cannot be loaded/,
    ],
    [
      'an encoder whose tokens differ from those of training',
      () => {
        edit(join(encoder, 'golden.json'), (g) => ({
          ...g,
          texts: (g['texts'] as Json[]).map((t) => ({ ...t, inputIds: [2, 3] })),
        }));
        relistEncoder('golden.json');
      },
      /golden\.json of the note encoder, text 0: expected token 1 to be 3 \(2\), found \d+ \(\d+\)/,
    ],
    [
      'an encoder whose vectors differ from those of training',
      () => {
        edit(join(encoder, 'golden.json'), (g) => ({
          ...g,
          texts: (g['texts'] as Json[]).map((t) => ({ ...t, embedding: [1, 0, 0, 0, 0, 0, 0, 0] })),
        }));
        relistEncoder('golden.json');
      },
      /golden\.json of the note encoder, text 0: expected cosine 0\.9999 or more, found/,
    ],
    [
      'an encoder with golden texts that were not normalised',
      () => {
        edit(join(encoder, 'golden.json'), (g) => ({
          ...g,
          texts: (g['texts'] as Json[]).map((t) => ({ ...t, text: 'seen  by ___' })),
        }));
        relistEncoder('golden.json');
      },
      /expected a normalised text/,
    ],
    [
      'a note vector of another dimension than the encoder gives',
      () => editManifest((m) => ({ ...m, noteEncoder: { ...(m['noteEncoder'] as Json), dimension: 9 } })),
      /text\.onnx: expected note_vector to be float32\[N,9\].*found float32\[N,8\]/,
    ],
    [
      'an input outside the vocabulary',
      () => editLearner('text', (l) => ({ ...l, inputs: [{ name: 'labs', type: 'float32', shape: [null, 8] }] })),
      /text\.onnx: inputs expected labs:float32\[N,8\]/,
    ],
    [
      'a gate that the graph does not have',
      () => editLearner('series', (l) => ({ ...l, gate: { name: 'gate', type: 'float32', shape: [null, 3] } })),
      /series\.onnx: output expected gate:float32\[N,3\] logit:float32\[N,1\] \(manifest\.json\), found logit/,
    ],
    [
      'a stack without weights for a chart without notes',
      () => {
        edit(join(folder, 'stack.json'), (s) => ({
          ...s,
          patterns: (s['patterns'] as { learners: string[] }[]).filter(({ learners }) => learners.includes('text')),
        }));
        relist('stack.json');
      },
      /stack\.json: expected a pattern for the base learners fusion\+gbm, found/,
    ],
    [
      'a golden row whose series score is another',
      () => editRow(0, (row) => ({ ...row, logits: { ...(row['logits'] as Json), series: 5 } })),
      /golden\.json: row 0, logit of series: expected 5/,
    ],
    [
      'a golden row whose gate is another',
      () => editRow(1, (row) => ({ ...row, gate: [1, 0, 0] })),
      /golden\.json: row 1, gate of fusion, weight 0: expected 1/,
    ],
    [
      'a golden row with a note vector of another length',
      () => editRow(0, (row) => ({ ...row, noteVector: [1, 2] })),
      /golden\.json: row 0, note vector: expected 8/,
    ],
    [
      'a detail graph that is not listed',
      () => editLearner('fusion', (l) => ({ ...l, detailGraph: 'attention.onnx' })),
      /manifest\.json: expected attention\.onnx among its files/,
    ],
  ];

  test.each(cases)('fault: %s is refused by name', async (_title, breakIt, message) => {
    breakIt();
    await expect(loadModelBundle(folder)).rejects.toThrow(message);
  });
});
