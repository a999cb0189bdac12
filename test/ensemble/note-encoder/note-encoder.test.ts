import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { memoryCache, type EmbeddingCache } from '../../../src/ensemble/note-encoder/embedding-cache.js';
import { loadNoteEncoder } from '../../../src/ensemble/note-encoder/load-note-encoder.js';
import type { NoteEncoder } from '../../../src/ensemble/note-encoder/note-encoder.js';
import { noteVector } from '../../../src/ensemble/note-encoder/note-vector.js';
import { TINY_ENCODER } from '../../support/tiny-ensemble.js';

/** A cache that counts what is put into it. */
function countingCache(): EmbeddingCache & { readonly kept: string[] } {
  const inner = memoryCache();
  const kept: string[] = [];
  return {
    kept,
    get: (key) => inner.get(key),
    set: (key, embedding) => {
      kept.push(key);
      return inner.set(key, embedding);
    },
  };
}

const LONG = 'acute bilateral pneumonia with sepsis , worse overnight . '.repeat(10);

describe('the note encoder in its threads', () => {
  const cache = countingCache();
  let encoder: NoteEncoder;
  beforeAll(async () => {
    encoder = await loadNoteEncoder(TINY_ENCODER, { cache, threads: 2 });
  });
  afterAll(async () => encoder.close());

  test('gives one vector of length 1 for each piece of a text', async () => {
    const vectors = await encoder.embed(LONG);
    expect(vectors).toHaveLength(3);
    for (const vector of vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 6);
  });

  test('the same content is embedded once, asked together or later, however it is written', async () => {
    const before = cache.kept.length;
    const [first, second] = await Promise.all([encoder.embed('red cells given'), encoder.embed('red  cells\ngiven')]);
    expect(second).toEqual(first);
    expect(await encoder.embed('red cells given')).toEqual(first);
    expect(cache.kept).toHaveLength(before + 1);
    expect(new Set(cache.kept).size).toBe(cache.kept.length);
  });

  test('a text of nothing has no vector', async () => {
    expect(await encoder.embed(' \n\u200b ')).toEqual([]);
  });

  test('pools the pieces by their age: half the weight each half-life', async () => {
    const [young = new Float32Array(8)] = await encoder.embed('stable');
    const [old = new Float32Array(8)] = await encoder.embed('worse');
    const chunks = [
      { text: 'stable', hoursBefore: 0 },
      { text: 'worse', hoursBefore: 48 },
    ];
    const pooled = await noteVector(encoder, chunks, { kind: 'recency-mean', halfLifeHours: 24 });
    expect(pooled?.pieces).toBe(2);
    pooled?.vector.forEach((value, at) => {
      expect(value).toBeCloseTo(((young[at] ?? NaN) + 0.25 * (old[at] ?? NaN)) / 1.25, 6);
    });
    expect(await noteVector(encoder, [], { kind: 'recency-mean', halfLifeHours: 24 })).toBeUndefined();
  });

  test('many texts at once leave the event loop free to turn', async () => {
    const delays = monitorEventLoopDelay({ resolution: 5 });
    delays.enable();
    const texts = Array.from({ length: 40 }, (_none, at) => `${LONG} ${at}`);
    const vectors = await Promise.all(texts.map((text) => encoder.embed(text)));
    delays.disable();
    expect(vectors.every((one) => one.length >= 3)).toBe(true);
    expect(delays.count).toBeGreaterThan(0);
  });
});

test('fault: a closed encoder rejects, it does not hang', async () => {
  const encoder = await loadNoteEncoder(TINY_ENCODER);
  const waiting = encoder.embed(LONG);
  await encoder.close();
  await expect(waiting).rejects.toThrow(/ERR_MODEL_BUNDLE: note encoder/);
  await expect(encoder.embed('later')).rejects.toThrow(/it is closed/);
});

test('the cache drops what was not asked for longest', async () => {
  const cache = memoryCache(2);
  await cache.set('a', Float32Array.of(1));
  await cache.set('b', Float32Array.of(2));
  await cache.get('a');
  await cache.set('c', Float32Array.of(3));
  expect(await cache.get('b')).toBeUndefined();
  expect(await cache.get('a')).toEqual(Float32Array.of(1));
});
