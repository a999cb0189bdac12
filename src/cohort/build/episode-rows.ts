import { createHash } from 'node:crypto';
import type { FeatureTensors } from '../../features/feature-tensors.js';

/** An episode and what the mapping made of it. */
export interface MappedEpisode {
  readonly episodeId: string;
  readonly tensors: FeatureTensors;
}

/**
 * sha256 over the id and the tabular row as little-endian 32-bit floats (every NaN the same): stable across versions of the
 * file format. Python can compute it from the Parquet file.
 */
export function rowDigest(episodeId: string, tabular: Float32Array): string {
  const bytes = Buffer.alloc(tabular.length * 4);
  tabular.forEach((value, index) => {
    if (Number.isNaN(value)) bytes.writeUInt32LE(0x7fc00000, index * 4);
    else bytes.writeFloatLE(value, index * 4);
  });
  return createHash('sha256').update(`${episodeId}\n`).update(bytes).digest('hex');
}

/** Content address of a note chunk: the same words have the same embedding. */
export function chunkId(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
