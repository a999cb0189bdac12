import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance, FLOAT, LIST, listValue, type DuckDBConnection, type DuckDBValue } from '@duckdb/node-api';
import type { NotePooling } from '../../ensemble/model-bundle.js';
import { loadNoteEncoder } from '../../ensemble/note-encoder/load-note-encoder.js';
import type { NoteEncoder } from '../../ensemble/note-encoder/note-encoder.js';
import { noteVector } from '../../ensemble/note-encoder/note-vector.js';
import { ServiceError } from '../../errors/service-error.js';
import { buildFolder, clearWork, DONE, openBuildFolder, writeAtomically } from '../build/build-folder.js';
import { quoted } from '../csv/csv-file.js';
import { embedTexts, openEmbeddedTexts, type EmbeddedText, type EmbeddedTexts } from './embedded-texts.js';

/** Recency weights of the pooling that every bundle uses. */
export const NOTE_POOLING: NotePooling = { kind: 'recency-mean', halfLifeHours: 24 };

/** What a kill loses at most is one of these. */
const TEXT_BATCHES: readonly string[] = Array.from({ length: 256 }, (_none, at) => at.toString(16).padStart(2, '0'));

const VECTORS = 'note-vectors.parquet';
const DESCRIPTION = 'note-vectors.json';

export interface EmbedOptions {
  /** A finished training set. */
  readonly dataset: string;
  /** Folder of the note encoder. */
  readonly encoder: string;
  /** Default: `embeddings/<encoder id>` inside the dataset. */
  readonly out?: string;
  /** Threads that embed; default 1. */
  readonly workers?: number;
  readonly onProgress?: (texts: number, of: number) => void;
}

/** `note-vectors.json` */
export interface NoteVectorsDescription {
  readonly encoder: {
    readonly id: string;
    readonly sha256: string;
    readonly dimension: number;
    readonly pooling: NotePooling;
  };
  /** Episodes with a vector. */
  readonly episodes: number;
  /** Pieces in all vectors together. */
  readonly pieces: number;
  /** sha256 of `note-vectors.parquet`. */
  readonly vectorsSha256: string;
  /** sha256 of the dataset's `notes.parquet` they were made of. */
  readonly notesSha256: string;
}

/**
 * Writes the note vector of every episode of a training set that has notes, by the code that serves. The same notes and encoder
 * give the same bytes. What was cut short goes on where it stopped. Throws ERR_DATASET, or ERR_MODEL_BUNDLE for the encoder.
 */
export async function embedNotes(options: EmbedOptions): Promise<NoteVectorsDescription> {
  const { dataset, workers = 1 } = options;
  if (!existsSync(join(dataset, DONE))) {
    throw new ServiceError('ERR_DATASET', { detail: `${dataset} is not a finished dataset (no ${DONE})` });
  }
  const notesSha256 = await fileSha256(join(dataset, 'notes.parquet'));
  const encoder = await loadNoteEncoder(options.encoder, { threads: workers });
  try {
    const out = options.out ?? join(dataset, 'embeddings', encoder.id);
    const folder = buildFolder(out);
    const fingerprint = JSON.stringify({ notesSha256, encoder: encoder.sha256, pooling: NOTE_POOLING });
    if ((await openBuildFolder(folder, fingerprint)) === 'open') {
      const description = await build(options, encoder, folder.shards, out, notesSha256);
      await writeAtomically(join(out, DESCRIPTION), `${JSON.stringify(description, null, 2)}\n`);
      await writeAtomically(join(out, DONE), '');
      await clearWork(folder.work);
    }
    return JSON.parse(await readFile(join(out, DESCRIPTION), 'utf8')) as NoteVectorsDescription;
  } finally {
    await encoder.close();
  }
}

async function build(
  { dataset, onProgress = () => undefined }: EmbedOptions,
  encoder: NoteEncoder,
  shards: string,
  out: string,
  notesSha256: string,
): Promise<NoteVectorsDescription> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    await connection.run(`CREATE VIEW notes AS SELECT * FROM read_parquet(${quoted(join(dataset, 'notes.parquet'))})`);
    const counted = await connection.runAndReadAll('SELECT count(DISTINCT chunk_id) FROM notes');
    const of = Number(counted.getRows()[0]?.[0] ?? 0);
    let done = 0;
    for (const prefix of TEXT_BATCHES) {
      const texts = await textsOf(connection, prefix);
      await embedTexts(join(shards, prefix), texts, encoder);
      done += texts.length;
      onProgress(done, of);
    }
    const embedded = await openEmbeddedTexts(shards, encoder.dimension);
    try {
      const counts = await writeVectors(connection, embedded, join(out, VECTORS));
      const { id, sha256, dimension } = encoder;
      return {
        encoder: { id, sha256, dimension, pooling: NOTE_POOLING },
        ...counts,
        vectorsSha256: await fileSha256(join(out, VECTORS)),
        notesSha256,
      };
    } finally {
      await embedded.close();
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Distinct texts whose id begins so: a text's id is a hash, so every batch is about as large, and none holds all texts. */
async function textsOf(connection: DuckDBConnection, prefix: string): Promise<readonly EmbeddedText[]> {
  const found = await connection.runAndReadAll(
    `SELECT chunk_id, min(text) FROM notes WHERE starts_with(chunk_id, '${prefix}') GROUP BY chunk_id ORDER BY chunk_id`,
  );
  return found.getRows().map(([id, text]) => ({ id: String(id), text: String(text) }));
}

/** One row an episode, in the order of their ids. */
async function writeVectors(
  connection: DuckDBConnection,
  embedded: EmbeddedTexts,
  path: string,
): Promise<{ readonly episodes: number; readonly pieces: number }> {
  await connection.run('CREATE TABLE vectors (episode_id VARCHAR, pieces INTEGER, vector FLOAT[])');
  const appender = await connection.createAppender('vectors');
  const reader = await connection.runAndReadAll(
    'SELECT episode_id, list(chunk_id ORDER BY chunk), list(hours_before ORDER BY chunk) FROM notes GROUP BY episode_id ORDER BY episode_id',
  );
  let [episodes, pieces] = [0, 0];
  for (const [id, chunkIds, hours] of reader.getRows()) {
    const ages = itemsOf(hours).map(Number);
    const chunks = itemsOf(chunkIds).map((text, place) => ({ text: String(text), hoursBefore: ages[place] ?? 0 }));
    const pooled = await noteVector(embedded, chunks, NOTE_POOLING);
    if (!pooled) continue;
    appender.appendVarchar(String(id));
    appender.appendInteger(pooled.pieces);
    appender.appendList(listValue([...pooled.vector]), LIST(FLOAT));
    appender.endRow();
    episodes += 1;
    pieces += pooled.pieces;
  }
  appender.closeSync();
  await connection.run(`COPY vectors TO ${quoted(`${path}.tmp`)} (FORMAT parquet, COMPRESSION zstd)`);
  await rename(`${path}.tmp`, path);
  return { episodes, pieces };
}

function itemsOf(cell: DuckDBValue | undefined): readonly DuckDBValue[] {
  return typeof cell === 'object' && cell !== null && 'items' in cell && Array.isArray(cell.items)
    ? (cell.items as readonly DuckDBValue[])
    : [];
}

async function fileSha256(path: string): Promise<string> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new ServiceError('ERR_DATASET', { detail: 'a file of the dataset cannot be read', cause });
  });
  return createHash('sha256').update(bytes).digest('hex');
}
