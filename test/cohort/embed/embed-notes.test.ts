import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chunkId } from '../../../src/cohort/build/episode-rows.js';
import { embedNotes, NOTE_POOLING } from '../../../src/cohort/embed/embed-notes.js';
import { loadNoteEncoder } from '../../../src/ensemble/note-encoder/load-note-encoder.js';
import { noteVector } from '../../../src/ensemble/note-encoder/note-vector.js';
import { bytesOf } from '../../support/folder-bytes.js';
import { TINY_ENCODER } from '../../support/tiny-ensemble.js';

interface Row {
  readonly episodeId: string;
  readonly chunk: number;
  readonly hoursBefore: number;
  readonly text: string;
}

const EPISODES = 300;
/** Two chunks an episode, every third copied from the episode before; one episode whose note holds nothing. */
const ROWS: readonly Row[] = [
  ...Array.from({ length: EPISODES }, (_none, at): readonly Row[] => {
    const own = `patient ${at} stable , red cells given`;
    const copied = `acute bleeding , sepsis worse in bed ${at - (at % 3)} `.repeat(6);
    const episodeId = `e${String(at).padStart(4, '0')}`;
    return [
      { episodeId, chunk: 0, hoursBefore: at / 7, text: own },
      { episodeId, chunk: 1, hoursBefore: 30.3, text: copied },
    ];
  }).flat(),
  { episodeId: 'e9999', chunk: 0, hoursBefore: 1, text: '\u200b' },
];

async function writeNotes(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  await connection.run(
    'CREATE TABLE notes (episode_id VARCHAR, chunk INTEGER, chunk_id VARCHAR, kind VARCHAR, hours_before FLOAT, text VARCHAR)',
  );
  const appender = await connection.createAppender('notes');
  for (const { episodeId, chunk, hoursBefore, text } of ROWS) {
    appender.appendVarchar(episodeId);
    appender.appendInteger(chunk);
    appender.appendVarchar(chunkId(text));
    appender.appendVarchar('nursing');
    appender.appendFloat(hoursBefore);
    appender.appendVarchar(text);
    appender.endRow();
  }
  appender.closeSync();
  await connection.run(`COPY notes TO '${join(folder, 'notes.parquet')}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
  await writeFile(join(folder, 'DONE'), '');
}

async function vectorsOf(path: string): Promise<ReadonlyMap<string, { pieces: number; vector: readonly number[] }>> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  const rows = await connection.runAndReadAll(`SELECT episode_id, pieces, vector FROM read_parquet('${path}')`);
  const found = rows.getRowObjectsJson() as { episode_id: string; pieces: number; vector: number[] }[];
  connection.closeSync();
  instance.closeSync();
  return new Map(found.map(({ episode_id: id, pieces, vector }) => [id, { pieces, vector }]));
}

let folder: string;
let dataset: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'embed-notes-'));
  dataset = join(folder, 'dataset');
  await writeNotes(dataset);
});
afterAll(async () => rm(folder, { recursive: true }));

describe('note vectors of a training set', () => {
  test('are those that serving computes, one row for each episode with a readable note', async () => {
    const description = await embedNotes({ dataset, encoder: TINY_ENCODER });
    const out = join(dataset, 'embeddings', 'tiny-encoder');
    const encoder = await loadNoteEncoder(TINY_ENCODER);
    const vectors = await vectorsOf(join(out, 'note-vectors.parquet'));
    expect([...vectors.keys()]).toEqual(ROWS.filter(({ chunk }) => chunk === 1).map(({ episodeId }) => episodeId));
    for (const id of ['e0000', 'e0007', 'e0299']) {
      const chunks = ROWS.filter(({ episodeId }) => episodeId === id);
      const served = await noteVector(encoder, chunks, NOTE_POOLING);
      expect(vectors.get(id)?.pieces).toBe(served?.pieces);
      expect(Float32Array.from(vectors.get(id)?.vector ?? [])).toEqual(served?.vector);
    }
    await encoder.close();
    const bytes = await readFile(join(out, 'note-vectors.parquet'));
    expect(description).toMatchObject({
      encoder: { id: 'tiny-encoder', dimension: 8, pooling: { kind: 'recency-mean', halfLifeHours: 24 } },
      episodes: EPISODES,
      vectorsSha256: createHash('sha256').update(bytes).digest('hex'),
    });
    expect(existsSync(join(out, 'DONE'))).toBe(true);
    await expect(embedNotes({ dataset, encoder: TINY_ENCODER })).rejects.toThrow(/exists already/);
  }, 60_000);

  test('are the same bytes after a kill, and with more threads', async () => {
    const out = join(folder, 'killed');
    const args = ['cohort', 'embed', '--dataset', dataset, '--encoder', TINY_ENCODER, '--out', out];
    const killed = await hemolens(args, () => existsSync(join(out, '.build', 'shards', '20.json')));
    expect(killed.signal === 'SIGKILL' || killed.code === 0).toBe(true);
    if (killed.code !== 0) {
      expect(existsSync(join(out, 'DONE'))).toBe(false);
      expect((await hemolens([...args, '--workers', '2'])).code).toBe(0);
    }
    expect(await bytesOf(out)).toEqual(await bytesOf(join(dataset, 'embeddings', 'tiny-encoder')));
  }, 60_000);

  test('bad call: a dataset that is not finished, an encoder that is none', async () => {
    await expect(embedNotes({ dataset: folder, encoder: TINY_ENCODER })).rejects.toThrow(/not a finished dataset/);
    await expect(embedNotes({ dataset, encoder: folder })).rejects.toThrow(
      /encoder\.json: expected in the note encoder/,
    );
    expect((await hemolens(['cohort', 'embed', '--dataset', dataset])).code).toBe(2);
  }, 30_000);
});

/** Runs the built command line in a process of its own; kills it, for real, as soon as `killWhen` holds. */
function hemolens(
  args: readonly string[],
  killWhen: () => boolean = () => false,
): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['dist/cli.js', ...args], { stdio: 'ignore' });
    const watch = setInterval(() => {
      if (killWhen()) child.kill('SIGKILL');
    }, 2);
    child.on('close', (code, signal) => {
      clearInterval(watch);
      resolve({ code, signal });
    });
  });
}
