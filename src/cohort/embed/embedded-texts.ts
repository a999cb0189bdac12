import { existsSync } from 'node:fs';
import { open, readdir, readFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { NoteEncoder } from '../../ensemble/note-encoder/note-encoder.js';
import { ServiceError } from '../../errors/service-error.js';
import { writeAtomically } from '../build/build-folder.js';

const FLOAT_BYTES = 4;

/** A text by the hash of its content. */
export interface EmbeddedText {
  readonly id: string;
  readonly text: string;
}

/** Vectors of the pieces of texts, read from disk by the text's id; in the place of an encoder. */
export interface EmbeddedTexts {
  readonly dimension: number;
  /** Throws ERR_DATASET for an id that was not embedded. */
  embed(id: string): Promise<readonly Float32Array[]>;
  close(): Promise<void>;
}

/** Embeds a batch of texts and keeps it as `<path>.f32` and `<path>.json`; a batch that is there already is left as it is. */
export async function embedTexts(path: string, texts: readonly EmbeddedText[], encoder: NoteEncoder): Promise<void> {
  if (existsSync(`${path}.json`)) return;
  const vectors = await Promise.all(texts.map(({ text }) => encoder.embed(text)));
  await writeAtomically(`${path}.f32`, Buffer.concat(vectors.flat().map(bytesOf)));
  const index = texts.map(({ id }, place) => [id, vectors[place]?.length ?? 0]);
  await writeAtomically(`${path}.json`, JSON.stringify(index));
}

/** Opens what `embedTexts` kept. */
export async function openEmbeddedTexts(folder: string, dimension: number): Promise<EmbeddedTexts> {
  const places = new Map<string, { readonly file: FileHandle; readonly first: number; readonly pieces: number }>();
  const files: FileHandle[] = [];
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  for (const name of names) {
    const file = await open(join(folder, name.replace(/json$/, 'f32')));
    files.push(file);
    let first = 0;
    for (const [id, pieces] of JSON.parse(await readFile(join(folder, name), 'utf8')) as [string, number][]) {
      places.set(id, { file, first, pieces });
      first += pieces;
    }
  }
  return {
    dimension,
    embed: async (id) => {
      const place = places.get(id);
      if (!place)
        throw new ServiceError('ERR_DATASET', { detail: 'a note was not embedded: remove the folder and try again' });
      const bytes = dimension * FLOAT_BYTES;
      const found = Buffer.alloc(place.pieces * bytes);
      if (place.pieces > 0) await place.file.read(found, 0, found.length, place.first * bytes);
      return Array.from({ length: place.pieces }, (_none, piece) =>
        Float32Array.from({ length: dimension }, (_value, at) => found.readFloatLE(piece * bytes + at * FLOAT_BYTES)),
      );
    },
    close: async () => {
      for (const file of files) await file.close();
    },
  };
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
