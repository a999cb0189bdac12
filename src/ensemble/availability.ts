import type { Modality } from '../features/feature-tensors.js';
import type { BaseLearnerManifest } from './model-bundle.js';

const OPTIONAL: readonly Modality[] = ['series', 'notes'];

/** May this learner be scored when these modalities are there? The tabular vector always is. */
export function isAvailable({ requires, modalities }: BaseLearnerManifest, present: ReadonlySet<Modality>): boolean {
  // Which parts of the tabular vector are missing is itself something a learner has learned.
  return (requires ?? modalities).every((modality) => modality === 'tabular' || present.has(modality));
}

/** Ids of the learners available with each set of modalities that can occur; each set of learners once. */
export function reachablePatterns(learners: readonly BaseLearnerManifest[]): readonly (readonly string[])[] {
  const found = new Map<string, readonly string[]>();
  for (let bits = 0; bits < 2 ** OPTIONAL.length; bits++) {
    const present = new Set(OPTIONAL.filter((_modality, place) => (bits >> place) % 2 === 1));
    const ids = learners.filter((learner) => isAvailable(learner, present)).map(({ id }) => id);
    found.set(ids.join('+'), ids);
  }
  return [...found.values()];
}
