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
 * A note without a store time is left out: nobody knows when its words were there. Radiology reports count from their store time on
 * (the chart time is that of the examination). Discharge summaries from the
 * latest of chart time, store time and the discharge of their own admission on: only a later admission can see them. A chart
 * time that is a date alone means the end of that day.
 */
export function noteDocuments(notes: NoteRows, admissions: readonly Row[]): readonly NoteDocument[] {
  return [
    ...notes.radiology.flatMap((row) => documentOf(row, 'radiology', radiologyMs(row))),
    ...notes.discharge.flatMap((row) => documentOf(row, 'discharge', dischargeSummaryMs(row, admissions))),
  ];
}

/** Notes with words that no time says since when they were known, by `table: reason`: they are left out. */
export function noteRejections(notes: NoteRows, admissions: readonly Row[]): Readonly<Record<string, number>> {
  const lost = (rows: readonly Row[], availableMs: (row: Row) => number | undefined): number =>
    rows.filter((row) => (row['text']?.trim() ?? '') !== '' && availableMs(row) === undefined).length;
  const counts = {
    'note/radiology: no charting or store time': lost(notes.radiology, radiologyMs),
    'note/discharge: no charting or store time, or an admission without an end': lost(notes.discharge, (row) =>
      dischargeSummaryMs(row, admissions),
    ),
  };
  return Object.fromEntries(Object.entries(counts).filter(([, n]) => n > 0));
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
  const stored = timeOf(row['storetime']);
  // The chart time is that of the examination: without a store time nobody knows when the report was there.
  return charted === undefined || stored === undefined ? undefined : Math.max(charted, stored);
}

function dischargeSummaryMs(row: Row, admissions: readonly Row[]): number | undefined {
  const charted = timeOf(row['charttime']);
  const discharged = timeOf(admissions.find(({ hadm_id }) => hadm_id === row['hadm_id'])?.['dischtime']);
  const stored = timeOf(row['storetime']);
  if (charted === undefined || stored === undefined || discharged === undefined) return undefined;
  return Math.max(charted, stored, discharged);
}

/** Midnight exactly is how a date without a time is written: its end counts. */
function timeOf(text: string | null | undefined): number | undefined {
  return mimicMs(text?.replace(/ 00:00:00$/, '') ?? null);
}
