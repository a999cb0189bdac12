import type { RejectionTally } from '../../../record/rejection-tally.js';

/** Counts by words: `Encounter: status`. */
export interface Tally {
  add(words: string, count?: number): void;
  counts(): Readonly<Record<string, number>>;
}

/** Counts what was left out and why; no values, no patient data. Sorted, so that the order of files does not show. */
export function startTally(): Tally {
  const counted = new Map<string, number>();
  return {
    add: (words, count = 1) => {
      if (count > 0) counted.set(words, (counted.get(words) ?? 0) + count);
    },
    counts: () => Object.fromEntries([...counted].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** Takes over what a reader of the record rejected, under the type of the resource. */
export function addRejections(tally: Tally, type: string, rejected: RejectionTally): void {
  for (const { reason, count } of rejected.counts()) tally.add(`${type}: ${reason}`, count);
}
