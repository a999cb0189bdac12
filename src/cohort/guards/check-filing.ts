import type { PatientRecord } from '../../record/patient-record.js';
import type { FilingTime, SourceChart } from '../cohort-source.js';
import { leak, looked, type GuardTally } from './leak.js';

/**
 * Guard: no fact of a record is known earlier than the source filed it. The filing times come from the source's own columns,
 * beside the adapter that made the record. Throws ERR_LEAKAGE with the trap of the row.
 */
export function checkFiling({ record, filing }: SourceChart, tally: GuardTally): void {
  for (const { kind, evidence, availableMs } of factsOf(record)) {
    const filed = filing.get(evidence);
    if (!filed) throw leak('row-without-filing-time', `${kind} without a filing time of its own`);
    looked(tally, filed.trap);
    if (!(availableMs >= filed.availableMs)) throw leak(filed.trap, `${kind} known before it was filed`);
  }
}

interface Fact {
  readonly kind: string;
  readonly evidence: string;
  readonly availableMs: number;
}

function factsOf(record: PatientRecord): readonly Fact[] {
  return [
    ...record.values.map(({ concept, evidence, availableMs }) => ({ kind: concept, evidence, availableMs })),
    ...record.administrations.map(({ kind, evidence, availableMs }) => ({ kind, evidence, availableMs })),
    ...record.procedures.map(({ kind, evidence, availableMs }) => ({ kind, evidence, availableMs })),
    ...record.conditions.map(({ evidence, recordedMs }) => ({ kind: 'condition', evidence, availableMs: recordedMs })),
    ...record.notes.map(({ kind, evidence, availableMs }) => ({ kind: `${kind} note`, evidence, availableMs })),
  ];
}

/** Filing times of a source that has none: every row is known when it was charted. */
export function filedWhenCharted(record: PatientRecord): ReadonlyMap<string, FilingTime> {
  return new Map(
    [...record.values, ...record.procedures, ...record.administrations].map((fact) => [
      fact.evidence,
      { availableMs: 'timeMs' in fact ? fact.timeMs : fact.startMs, trap: 'result-filed-after-index' },
    ]),
  );
}
