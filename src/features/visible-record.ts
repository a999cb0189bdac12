import type { ConceptKey, SourceKey } from '../concepts/concept.js';
import type {
  Administration,
  ConditionEntry,
  EncounterInterval,
  NoteDocument,
  PatientRecord,
  ProcedureEvent,
  SourceCoverage,
} from '../record/patient-record.js';

/** One distinct number of one concept at one time. */
export interface Reading {
  readonly value: number;
  readonly timeMs: number;
  readonly provisional: boolean;
  readonly evidence: string;
}

/** What of a record exists at the prediction time, in an order that does not depend on the record's own. */
export interface VisibleRecord {
  readonly predictionTimeMs: number;
  /** By concept, ascending by time, then value; no duplicates. */
  readonly readings: ReadonlyMap<ConceptKey, readonly Reading[]>;
  readonly administrations: readonly Administration[];
  readonly procedures: readonly ProcedureEvent[];
  readonly encounters: readonly EncounterInterval[];
  readonly conditions: readonly ConditionEntry[];
  readonly notes: readonly NoteDocument[];
  readonly source: PatientRecord;
}

/**
 * The record as it stood at the prediction time: nothing that was available later, and what was still running then has no
 * end and no volume yet. Values repeated at one time count once.
 */
export function visibleRecord(record: PatientRecord, predictionTimeMs: number): VisibleRecord {
  const known = (event: { readonly startMs: number; readonly availableMs: number }): boolean =>
    event.availableMs <= predictionTimeMs && event.startMs <= predictionTimeMs;
  return {
    predictionTimeMs,
    readings: visibleReadings(record, predictionTimeMs),
    administrations: record.administrations.filter(known).map((given) => asOf(given, predictionTimeMs)),
    procedures: record.procedures.filter(known).map((done) => asOf(done, predictionTimeMs)),
    encounters: record.encounters
      .filter(({ startMs }) => startMs <= predictionTimeMs)
      .map((stay) => asOf(stay, predictionTimeMs)),
    conditions: record.conditions.filter(({ recordedMs }) => recordedMs <= predictionTimeMs),
    notes: record.notes.filter(({ availableMs }) => availableMs <= predictionTimeMs),
    source: record,
  };
}

/** Does the source's coverage reach back over the window of so many hours? Only then does "none" mean none. */
export function isCovered(record: PatientRecord, source: SourceKey, fromMs: number): boolean {
  const coverage: SourceCoverage = record.coverage[source];
  return coverage.kind === 'covered' && (coverage.sinceMs === null || coverage.sinceMs <= fromMs);
}

function visibleReadings(record: PatientRecord, predictionTimeMs: number): Map<ConceptKey, Reading[]> {
  const byConcept = new Map<ConceptKey, Reading[]>();
  for (const { concept, value, timeMs, availableMs, provisional, evidence } of record.values) {
    // Written so that a time that is no number is never visible.
    if (!(availableMs <= predictionTimeMs && timeMs <= predictionTimeMs)) continue;
    const reading = { value: value === 0 ? 0 : value, timeMs, provisional: provisional === true, evidence };
    const readings = byConcept.get(concept);
    if (readings) readings.push(reading);
    else byConcept.set(concept, [reading]);
  }
  for (const [concept, readings] of byConcept) byConcept.set(concept, distinct(readings, isSummed(concept)));
  return byConcept;
}

/** Volumes out of one patient at one time may be the same: two drains are two rows, and both count. */
function isSummed(concept: ConceptKey): boolean {
  return concept === 'urine_mlkgh';
}

/**
 * Sorted by time and value; of readings that repeat a number at one time, the final one with the first reference stays. Of
 * volumes that are summed, only a row that is there twice is a repetition.
 */
export function distinct(readings: readonly Reading[], isOfSum = false): Reading[] {
  const sorted = [...readings].sort(
    (a, b) =>
      a.timeMs - b.timeMs ||
      a.value - b.value ||
      Number(a.provisional) - Number(b.provisional) ||
      (a.evidence < b.evidence ? -1 : a.evidence > b.evidence ? 1 : 0),
  );
  return sorted.filter((reading, index) => {
    const previous = sorted[index - 1];
    if (!previous || previous.timeMs !== reading.timeMs || previous.value !== reading.value) return true;
    return isOfSum && previous.evidence !== reading.evidence;
  });
}

type Running<T> = { -readonly [K in keyof T]: T[K] };

/** The event as it stood: one that had not ended had no end and no volume yet. */
function asOf<T extends { readonly endMs?: number; readonly volumeMl?: number }>(
  event: T,
  predictionTimeMs: number,
): T {
  if (event.endMs !== undefined && event.endMs <= predictionTimeMs) return event;
  const running: Running<T> = { ...event };
  delete running.endMs;
  delete running.volumeMl;
  return running;
}
