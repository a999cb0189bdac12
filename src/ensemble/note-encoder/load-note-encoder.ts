import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ServiceError } from '../../errors/service-error.js';
import { mismatch, parseJson, readBytes, readVerifiedFiles, sha256 } from '../checked-file.js';
import { memoryCache, recentlyUsed, type EmbeddingCache } from './embedding-cache.js';
import { encoderPool, type EncoderPool } from './encoder-pool.js';
import { parseEncoderGolden, parseEncoderManifest } from './encoder-schemas.js';
import type { EncoderGolden, EncoderManifest, NoteEncoder } from './note-encoder.js';
import { normaliseNoteText } from './normalise-note-text.js';

const MANIFEST = 'encoder.json';
const WHERE = 'the note encoder';
/** One before and one after the text. */
const SPECIAL_TOKENS = 2;
const CUT_CACHE = 10_000;

export interface NoteEncoderOptions {
  /** Threads that embed; default 1. */
  readonly threads?: number;
  readonly cache?: EmbeddingCache;
}

/** The encoder a bundle was trained with. */
export interface ExpectedEncoder {
  readonly id: string;
  readonly sha256: string;
  readonly dimension: number;
}

/**
 * Loads a note encoder and verifies all of it: that it is the expected one, every file's sha256, and that its golden texts give
 * the same tokens and, to cosine 0.9999, the same vectors. Throws ERR_MODEL_BUNDLE naming the file, what was expected and found.
 */
export async function loadNoteEncoder(
  folder: string,
  { threads = 1, cache = memoryCache(), expected }: NoteEncoderOptions & { readonly expected?: ExpectedEncoder } = {},
): Promise<NoteEncoder> {
  const bytes = await readBytes(folder, MANIFEST, `${WHERE}${expected ? ` ${expected.id}` : ''}`);
  const found = sha256(bytes);
  if (expected && found !== expected.sha256) {
    throw mismatch(`${MANIFEST} of ${WHERE} ${expected.id}`, `sha256 ${expected.sha256} (the bundle's)`, found);
  }
  const manifest = parseEncoderManifest(parseJson(MANIFEST, bytes));
  if (expected) verifyIdentity(manifest, expected);
  const files = await readVerifiedFiles(folder, manifest.files, { list: MANIFEST, where: WHERE });
  await refuseStrayFiles(folder, files);
  verifyLength(manifest, files);
  const golden = parseEncoderGolden(parseJson('golden.json', files.get('golden.json') ?? Buffer.alloc(0)));

  const pool = encoderPool({ folder: resolve(folder), maxWordPieces: manifest.maxWordPieces }, threads);
  const encoder = noteEncoder(manifest, found, pool, cache);
  try {
    await verifyGolden(manifest, golden, pool);
  } catch (error) {
    await pool.close();
    throw error;
  }
  return encoder;
}

function verifyIdentity(manifest: EncoderManifest, expected: ExpectedEncoder): void {
  for (const member of ['id', 'dimension'] as const) {
    if (manifest[member] !== expected[member]) {
      throw mismatch(MANIFEST, `${member} ${expected[member]} (the bundle's)`, String(manifest[member]));
    }
  }
}

/** The pipeline cuts what is over the tokenizer's own limit, silently and with its last special token. */
function verifyLength({ maxWordPieces }: EncoderManifest, files: ReadonlyMap<string, Buffer>): void {
  const file = 'tokenizer_config.json';
  const content = parseJson(file, files.get(file) ?? Buffer.alloc(0));
  const limit: unknown =
    typeof content === 'object' && content !== null && 'model_max_length' in content
      ? content.model_max_length
      : undefined;
  const needed = maxWordPieces + SPECIAL_TOKENS;
  if (typeof limit !== 'number' || limit < needed) {
    throw mismatch(file, `model_max_length ${needed} or more`, String(limit));
  }
}

async function refuseStrayFiles(folder: string, files: ReadonlyMap<string, Buffer>): Promise<void> {
  const present = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = present
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => {
      const inside = resolve(parentPath).slice(resolve(folder).length + 1);
      return inside === '' ? name : `${inside.replaceAll('\\', '/')}/${name}`;
    });
  const stray = names.find((name) => name !== MANIFEST && !files.has(name));
  if (stray !== undefined) throw mismatch(stray, `every file listed in ${MANIFEST}`, 'not listed');
}

function noteEncoder(manifest: EncoderManifest, hash: string, pool: EncoderPool, cache: EmbeddingCache): NoteEncoder {
  const { id, dimension, maxWordPieces, architecture, quantisation } = manifest;
  const keyOf = (text: string): string => sha256(Buffer.from(`${hash}\n${text}`));
  const cuts = recentlyUsed<readonly string[]>(CUT_CACHE);
  const inFlight = new Map<string, Promise<Float32Array>>();

  const piecesOf = async (text: string): Promise<readonly string[]> => {
    const key = keyOf(text);
    const known = cuts.get(key);
    if (known) return known;
    const normalised = normaliseNoteText(text);
    const pieces = normalised === '' ? [] : await cut(pool, normalised);
    cuts.set(key, pieces);
    return pieces;
  };

  const embedPiece = async (piece: string): Promise<Float32Array> => {
    const key = keyOf(piece);
    const cached = await cache.get(key);
    if (cached) return cached;
    const already = inFlight.get(key);
    if (already) return already;
    const fresh = embed(pool, piece, dimension).then(async (embedding) => {
      await cache.set(key, embedding);
      return embedding;
    });
    inFlight.set(key, fresh);
    try {
      return await fresh;
    } finally {
      inFlight.delete(key);
    }
  };

  return {
    id,
    sha256: hash,
    dimension,
    maxWordPieces,
    architecture,
    quantisation,
    embed: async (text) => Promise.all((await piecesOf(text)).map(embedPiece)),
    tokenIds: (text) => tokenIds(pool, text),
    close: () => pool.close(),
  };
}

async function cut(pool: EncoderPool, text: string): Promise<readonly string[]> {
  const answer = await pool.run({ kind: 'cut', text });
  return answer.kind === 'cut' ? answer.pieces : [];
}

async function tokenIds(pool: EncoderPool, text: string): Promise<readonly number[]> {
  const answer = await pool.run({ kind: 'tokens', text });
  return answer.kind === 'tokens' ? answer.ids : [];
}

async function embed(pool: EncoderPool, text: string, dimension: number): Promise<Float32Array> {
  const answer = await pool.run({ kind: 'embed', text });
  const length = answer.kind === 'embed' ? answer.embedding.length : 0;
  if (answer.kind === 'embed' && length === dimension && answer.embedding.every(Number.isFinite))
    return answer.embedding;
  throw mismatch(WHERE, `${dimension} finite numbers a text`, `${length}, or numbers that are none`);
}

/** All texts at once, so that every thread has started before the first call. */
async function verifyGolden(manifest: EncoderManifest, golden: EncoderGolden, pool: EncoderPool): Promise<void> {
  const found = golden.texts.map((one, index) => goldenFault(manifest, one, index, golden.tolerance.cosine, pool));
  const fault = (await Promise.all(found)).find((one) => one !== undefined);
  if (fault) throw fault;
}

/** What is wrong with one golden text; undefined where nothing is. */
async function goldenFault(
  manifest: EncoderManifest,
  { text, inputIds, embedding }: EncoderGolden['texts'][number],
  index: number,
  least: number,
  pool: EncoderPool,
): Promise<ServiceError | undefined> {
  const name = `golden.json of ${WHERE}, text ${index}`;
  if (normaliseNoteText(text) !== text) return mismatch(name, 'a normalised text', 'one that normalising changes');
  const ids = await tokenIds(pool, text);
  if (ids.join(' ') !== inputIds.join(' ')) {
    const at = inputIds.findIndex((id, place) => ids[place] !== id);
    return mismatch(
      name,
      `token ${at} to be ${inputIds[at] ?? 'none'} (${inputIds.length})`,
      `${ids[at] ?? 'none'} (${ids.length})`,
    );
  }
  const cosine = cosineOf(await embed(pool, text, manifest.dimension), embedding);
  return cosine >= least ? undefined : mismatch(name, `cosine ${least} or more`, String(cosine));
}

function cosineOf(a: Float32Array, b: readonly number[]): number {
  if (a.length !== b.length) return NaN;
  let [dot, squaresA, squaresB] = [0, 0, 0];
  a.forEach((value, index) => {
    const other = b[index] ?? 0;
    dot += value * other;
    squaresA += value * value;
    squaresB += other * other;
  });
  return dot / Math.sqrt(squaresA * squaresB);
}
