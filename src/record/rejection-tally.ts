import type { ConceptKey } from '../concepts/concept.js';
import type { RejectionCount } from './patient-record.js';

export interface RejectionTally {
  readonly add: (reason: RejectionCount['reason'], concept?: ConceptKey, count?: number) => void;
  /** Sorted by reason and concept, so that the order of resources does not show. */
  readonly counts: () => readonly RejectionCount[];
}

/** Counts what was in the chart and was not used; no values, no patient data. */
export function startRejectionTally(): RejectionTally {
  const counted = new Map<string, RejectionCount>();
  return {
    add: (reason, concept, count = 1) => {
      if (count === 0) return;
      const key = `${reason} ${concept ?? ''}`;
      const before = counted.get(key)?.count ?? 0;
      counted.set(key, { reason, ...(concept === undefined ? {} : { concept }), count: before + count });
    },
    counts: () => [...counted].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, count]) => count),
  };
}
