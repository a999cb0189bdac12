import type { NoteDocument } from '../../../record/patient-record.js';
import type { FilingTime } from '../../cohort-source.js';
import type { Row } from './csv-layout.js';
import { mimicMs } from './mimic-time.js';

/** Notes of one patient as the record holds them, and when each was filed. */
export interface NoteRows {
  readonly radiology: readonly Row[];
  readonly discharge: readonly Row[];
}

/**
 * Radiology reports from their store time on (the chart time is that of the examination). Discharge summaries from the
 * latest of chart time, store time and the discharge of their own admission on: only a later admission can see them. A chart
 * time that is a date alone means the end of that day.
 */
export function noteDocuments(notes: NoteRows, admissions: readonly Row[]): readonly NoteDocument[] {
  return [
    ...notes.radiology.flatMap((row) => documentOf(row, 'radiology', radiologyMs(row))),
    ...notes.discharge.flatMap((row) => documentOf(row, 'discharge', dischargeSummaryMs(row, admissions))),
  ];
}

/** Filing times for the guards, by `evidence`, from the rows' own columns. */
export function noteFiling(notes: NoteRows, admissions: readonly Row[]): readonly (readonly [string, FilingTime])[] {
  const discharged = new Map(admissions.map((row) => [row['hadm_id'], mimicMs(row['dischtime'] ?? null)]));
  const latest = (...times: readonly (number | undefined)[]): number =>
    Math.max(...times.flatMap((time) => (time === undefined ? [] : [time])));
  return [
    ...notes.radiology.map((row) => {
      const availableMs = latest(timeOf(row['charttime']), timeOf(row['storetime']));
      return [evidenceOf(row), { availableMs, trap: 'note-filed-after-index' }] as const;
    }),
    ...notes.discharge.map((row) => {
      const availableMs = latest(
        timeOf(row['charttime']),
        timeOf(row['storetime']),
        discharged.get(row['hadm_id'] ?? ''),
      );
      return [evidenceOf(row), { availableMs, trap: 'own-discharge-summary' }] as const;
    }),
  ];
}

function documentOf(row: Row, kind: NoteDocument['kind'], availableMs: number | undefined): NoteDocument[] {
  const text = row['text']?.trim() ?? '';
  return availableMs === undefined || text === '' ? [] : [{ kind, availableMs, text, evidence: evidenceOf(row) }];
}

function evidenceOf(row: Row): string {
  return `DocumentReference/${row['note_id'] ?? ''}`;
}

function radiologyMs(row: Row): number | undefined {
  const charted = timeOf(row['charttime']);
  return charted === undefined ? undefined : Math.max(charted, timeOf(row['storetime']) ?? charted);
}

function dischargeSummaryMs(row: Row, admissions: readonly Row[]): number | undefined {
  const charted = timeOf(row['charttime']);
  const discharged = timeOf(admissions.find(({ hadm_id }) => hadm_id === row['hadm_id'])?.['dischtime']);
  if (charted === undefined || discharged === undefined) return undefined;
  return Math.max(charted, timeOf(row['storetime']) ?? charted, discharged);
}

/** Midnight exactly is how a date without a time is written: its end counts. */
function timeOf(text: string | null | undefined): number | undefined {
  return mimicMs(text?.replace(/ 00:00:00$/, '') ?? null);
}
