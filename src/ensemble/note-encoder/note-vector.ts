import type { NoteChunk } from '../../features/feature-tensors.js';
import type { NotePooling } from '../model-bundle.js';
import type { NoteEncoder } from './note-encoder.js';

export interface NoteVector {
  /** Shape [dimension]: Σ w·e / Σ w over all pieces, w = 2^(−hoursBefore / halfLifeHours); not normalised again. */
  readonly vector: Float32Array;
  /** How many pieces it was made of. */
  readonly pieces: number;
}

/**
 * One vector of a patient's notes, the same in training and serving; undefined where no chunk holds a readable text.
 * Throws what the encoder throws.
 */
export async function noteVector(
  encoder: Pick<NoteEncoder, 'dimension' | 'embed'>,
  chunks: readonly Pick<NoteChunk, 'text' | 'hoursBefore'>[],
  { halfLifeHours }: NotePooling,
): Promise<NoteVector | undefined> {
  const embedded = await Promise.all(chunks.map(({ text }) => encoder.embed(text)));
  const sum = new Float64Array(encoder.dimension);
  let weights = 0;
  let pieces = 0;
  for (const [place, embeddings] of embedded.entries()) {
    // As training read it from a file: single precision.
    const weight = 2 ** (-Math.fround(chunks[place]?.hoursBefore ?? 0) / halfLifeHours);
    for (const embedding of embeddings) {
      embedding.forEach((value, index) => {
        sum[index] = (sum[index] ?? 0) + weight * value;
      });
      weights += weight;
      pieces += 1;
    }
  }
  if (weights === 0) return undefined;
  return { vector: Float32Array.from(sum, (value) => value / weights), pieces };
}
