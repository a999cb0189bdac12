import { createHash } from 'node:crypto';

export const FOLDS = 5;
/** Shares of patients by rank of their hash: 70 % train, 10 % tuning, 20 % held out. */
const SPLIT_ENDS: readonly (readonly [SplitName, number])[] = [
  ['train', 0.7],
  ['tuning', 0.8],
  ['held_out', 1],
];
export type SplitName = 'train' | 'tuning' | 'held_out';
const SALT = 'hemolens-split-1';

export interface Assignment {
  /** 0 to 4, for grouped cross-validation. */
  readonly fold: number;
  readonly split: SplitName;
}

/**
 * Splits by patient: in each stratum, patients in the order of a hash of their id are cut into equal parts. The same
 * patients give the same splits on every rebuild, whatever the order they come in, and one patient is in one part only; a few
 * patients more or less (another release) move only those at the cuts.
 */
export function assignPatients(strata: ReadonlyMap<string, string>): ReadonlyMap<string, Assignment> {
  const byStratum = new Map<string, string[]>();
  for (const [patient, stratum] of strata) {
    const list = byStratum.get(stratum);
    if (list) list.push(patient);
    else byStratum.set(stratum, [patient]);
  }
  const assigned = new Map<string, Assignment>();
  for (const patients of byStratum.values()) {
    ranked(patients, 'fold').forEach((patient, rank, all) => {
      assigned.set(patient, { fold: Math.floor((rank * FOLDS) / all.length), split: 'train' });
    });
    // Another hash than the folds', so that the held-out part cuts through all folds.
    ranked(patients, 'split').forEach((patient, rank, all) => {
      const share = (rank + 0.5) / all.length;
      const split = SPLIT_ENDS.find(([, end]) => share < end)?.[0] ?? 'held_out';
      assigned.set(patient, { fold: assigned.get(patient)?.fold ?? 0, split });
    });
  }
  return assigned;
}

/** Fold of each group (hospital) for leave-groups-out evaluation, by rank of its hash. */
export function assignGroups(groups: Iterable<string>): ReadonlyMap<string, number> {
  const all = ranked([...new Set(groups)], 'group');
  return new Map(all.map((group, rank) => [group, Math.floor((rank * FOLDS) / all.length)]));
}

/**
 * Temporal split by period (`2008 - 2010` and so on): the latest period is held out, the one before it tunes. Null where
 * there is no period, or fewer than three to part.
 */
export function assignPeriods(periods: Iterable<string>): ReadonlyMap<string, SplitName> {
  const all = [...new Set(periods)].sort();
  if (all.length < 3) return new Map();
  return new Map(
    all.map((period, index) => [
      period,
      index === all.length - 1 ? 'held_out' : index === all.length - 2 ? 'tuning' : 'train',
    ]),
  );
}

function ranked(ids: readonly string[], purpose: string): string[] {
  const hash = (id: string): string => createHash('sha256').update(`${SALT} ${purpose} ${id}`).digest('hex');
  return ids
    .map((id) => ({ id, key: hash(id) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ id }) => id);
}
