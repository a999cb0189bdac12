import type { FeatureTensors } from '../features/feature-tensors.js';
import type { ModelBundle } from './model-bundle.js';
import { noteVector, type NoteVector } from './note-encoder/note-vector.js';
import type { ModalityUse } from './risk-prediction.js';

/** The notes of a chart as one vector, or why there is none. */
export type ReadNotes =
  { readonly use: 'read'; readonly vector: Float32Array } | { readonly use: Exclude<ModalityUse, 'read'> };

/**
 * Embeds the chart's notes within `limitMs`. What is not ready by then goes on in the background, so that a later call finds it
 * in the cache; a fault of the encoder masks the notes and never the score.
 */
export async function readNotes(bundle: ModelBundle, tensors: FeatureTensors, limitMs: number): Promise<ReadNotes> {
  const { noteEncoder: encoder } = bundle;
  const pooling = bundle.manifest.noteEncoder?.pooling;
  if (!encoder || !pooling) return { use: 'unused' };
  const state = tensors.modalities.notes;
  if (state !== 'present') return { use: state };
  const embedding = noteVector(encoder, tensors.notes.chunks, pooling).then(readOf, (): ReadNotes => ({
    use: 'failed',
  }));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<ReadNotes>((resolve) => {
    timer = setTimeout(() => {
      resolve({ use: 'late' });
    }, limitMs);
  });
  try {
    return await Promise.race([embedding, late]);
  } finally {
    clearTimeout(timer);
  }
}

function readOf(vector: NoteVector | undefined): ReadNotes {
  return vector ? { use: 'read', vector: vector.vector } : { use: 'empty' };
}
