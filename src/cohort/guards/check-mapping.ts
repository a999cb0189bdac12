import { createHash } from 'node:crypto';
import { tensorDifferences } from '../../features/compare-tensors.js';
import type { FeatureSpec } from '../../features/feature-spec.js';
import type { FeatureTensors } from '../../features/feature-tensors.js';
import type { mapFeatures } from '../../features/map-features.js';
import type { PatientRecord } from '../../record/patient-record.js';
import { alteredFutures, chance, isAltered, type Index } from './altered-future.js';
import { leak, looked, type GuardTally } from './leak.js';

/** One chart at one index, as it is mapped. */
export interface MappedExample extends Index {
  readonly episodeId: string;
  readonly record: PatientRecord;
  readonly tensors: FeatureTensors;
}

/**
 * Guard: the future makes no difference. Everything after the index is moved to random later times and changed, one kind at a
 * time, and mapped again: every tensor must be the same bytes. Throws ERR_LEAKAGE with the trap of the kind that made a
 * difference. The chance hangs on the episode's id alone, so a rebuild looks at the same futures.
 */
export function checkMapping(
  map: typeof mapFeatures,
  { record, tensors, episodeId, ...index }: MappedExample,
  spec: FeatureSpec,
  tally: GuardTally,
): void {
  const seed = createHash('sha256').update(episodeId).digest().readUInt32LE(0);
  for (const future of alteredFutures(record, index, chance(seed))) {
    if (!isAltered(future.record, record)) continue;
    const other = map(future.record, spec, { predictionTimeMs: index.indexMs });
    const [first] = tensorDifferences(tensors, other);
    if (first !== undefined) throw leak(future.trap, `${first} changes with what came after the index`);
    looked(tally, future.trap);
  }
}

/** Is this episode one of those looked at? All of a small dataset; of a large one, a twentieth that hangs on its id. */
export function isMappingChecked(episodeId: string, episodes: number): boolean {
  const byte = createHash('sha256').update(`guard ${episodeId}`).digest()[0] ?? 0;
  return episodes <= SMALL_DATASET || byte < 13;
}

const SMALL_DATASET = 500;
