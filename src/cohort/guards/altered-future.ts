import type { PatientRecord } from '../../record/patient-record.js';
import type { LeakageTrap } from '../cohort-source.js';

const DAY_MS = 86_400_000;

/** Lists of a record that a future may change. */
const CHANGING = ['values', 'procedures', 'administrations', 'encounters', 'conditions', 'notes'] as const;

/** Is anything in it another thing? A chart without a future of that kind tells nothing about a guard. */
export function isAltered(future: PatientRecord, record: PatientRecord): boolean {
  return CHANGING.some((list) => {
    const before: readonly unknown[] = record[list];
    return future[list].some((fact: unknown, place) => fact !== before[place]);
  });
}

/** A chart in which everything of one kind that was not known at the index is another thing at another later time. */
export interface AlteredFuture {
  readonly trap: LeakageTrap;
  readonly record: PatientRecord;
}

export interface Index {
  readonly indexMs: number;
  /** Rows that are the index itself. */
  readonly indexEvidence: readonly string[];
}

/** Numbers in [0, 1), the same for the same seed. @see mulberry32, public domain */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * The futures that must make no difference, one a trap: values, administrations, ends and volumes of what is running, the
 * index product's own volume, ends of stays, diagnoses, procedures and notes after the index are moved to random later times
 * and changed.
 */
export function alteredFutures(record: PatientRecord, index: Index, random: () => number): readonly AlteredFuture[] {
  const { indexMs } = index;
  const later = (): number => indexMs + 1 + Math.floor(random() * 7 * DAY_MS);
  const isLater = (...times: readonly (number | undefined)[]): boolean =>
    times.some((time) => time !== undefined && time > indexMs);
  const own = new Set(index.indexEvidence);
  return [
    {
      trap: 'window-past-index',
      record: {
        ...record,
        values: record.values.map((value) =>
          isLater(value.availableMs, value.timeMs)
            ? moved({ ...value, value: value.value * (1 + random()) + 1 }, later())
            : value,
        ),
        procedures: record.procedures.map((done) =>
          isLater(done.availableMs, done.startMs) ? { ...done, ...from(later()), endMs: later() + DAY_MS } : done,
        ),
        administrations: record.administrations.map((given) =>
          isLater(given.availableMs, given.startMs) && !own.has(given.evidence)
            ? { ...given, ...from(later()), volumeMl: 1 + random() * 5000 }
            : given,
        ),
      },
    },
    {
      trap: 'running-dose-or-end',
      record: {
        ...record,
        administrations: record.administrations.map((given) =>
          !isLater(given.startMs) && isLater(given.endMs ?? Infinity) && !own.has(given.evidence)
            ? { ...given, endMs: later(), volumeMl: 1 + random() * 5000 }
            : given,
        ),
        procedures: record.procedures.map((done) =>
          !isLater(done.startMs) && isLater(done.endMs ?? Infinity) ? { ...done, endMs: later() } : done,
        ),
      },
    },
    {
      trap: 'index-volume',
      record: {
        ...record,
        administrations: record.administrations.map((given) =>
          own.has(given.evidence) ? { ...given, volumeMl: 1 + random() * 5000, endMs: later() } : given,
        ),
      },
    },
    {
      trap: 'stay-end-or-length',
      record: {
        ...record,
        encounters: record.encounters.map((stay) =>
          isLater(stay.startMs)
            ? { ...stay, startMs: later(), endMs: later() + DAY_MS }
            : isLater(stay.endMs ?? Infinity)
              ? { ...stay, endMs: later() }
              : stay,
        ),
      },
    },
    {
      trap: 'same-admission-diagnosis',
      record: {
        ...record,
        conditions: record.conditions.map((entry) =>
          isLater(entry.recordedMs) ? { ...entry, recordedMs: later(), charlson: 'metastatic-cancer' } : entry,
        ),
      },
    },
    {
      trap: 'note-filed-after-index',
      record: {
        ...record,
        notes: record.notes.map((note) =>
          isLater(note.availableMs) ? { ...note, availableMs: later(), text: `IMPRESSION: ${random()}` } : note,
        ),
      },
    },
  ];
}

function moved<T extends { readonly timeMs: number; readonly availableMs: number }>(value: T, timeMs: number): T {
  return { ...value, timeMs, availableMs: timeMs };
}

function from(startMs: number): { readonly startMs: number; readonly availableMs: number } {
  return { startMs, availableMs: startMs };
}
