import type { NoteDocument } from '../../../record/patient-record.js';
import { EXAM_ENTERED, type Row } from './eicu-layout.js';
import { minutesOf, unitMs } from './eicu-time.js';
import { rowsOf, type UnitRows } from './chart-rows.js';
import { lineOf, TEXT_TABLES, type TextTable } from './note-lines.js';

const KINDS: readonly (readonly [RegExp, NoteDocument['kind']])[] = [
  [/admission/i, 'admission'],
  [/consult/i, 'consult'],
  [/progress/i, 'progress'],
  [/catheter|tubation|bronchoscopy|puncture|paracentesis|thoracentesis|cpr|cardioversion/i, 'procedure'],
];

/** Reference of the text entered at one minute of a unit stay. */
export function noteEvidence(unitStayId: string, enteredMinutes: number): string {
  return `text/${unitStayId}-${enteredMinutes}`;
}

/**
 * When the row was entered, minutes. Physical examinations carry only the time at which their note was begun; the note itself
 * says when it was entered. Treatments have one offset.
 */
function enteredMinutes(table: TextTable, row: Row): number | undefined {
  switch (table) {
    case 'note':
      return latest(row['noteenteredoffset'], row['noteoffset']);
    case 'pastHistory':
      return minutesOf(row['pasthistoryenteredoffset']);
    case 'physicalExam':
      return latest(row['physicalexamoffset'], row[EXAM_ENTERED]);
    case 'treatment':
      return minutesOf(row['treatmentoffset']);
  }
}

function latest(...offsets: readonly (string | null | undefined)[]): number | undefined {
  const known = offsets.flatMap((offset) => minutesOf(offset) ?? []);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** The texts of one unit stay: one for all that was entered at the same minute, available from then on. */
export function noteTexts(unit: UnitRows, reject: (words: string) => void): readonly NoteDocument[] {
  const groups = new Map<number, { readonly lines: Set<string>; kind?: NoteDocument['kind'] | undefined }>();
  for (const table of TEXT_TABLES) {
    for (const row of [...rowsOf(unit, table)].sort(byId)) {
      const entered = enteredMinutes(table, row);
      if (entered === undefined) continue;
      const line = lineOf(table, row);
      if (line.kind === 'left-out') {
        reject(`${table}: ${line.reason}`);
        continue;
      }
      const group = groups.get(entered) ?? { lines: new Set<string>() };
      group.lines.add(line.text);
      group.kind ??= kindOf(row['notetype'] ?? row['pasthistorynotetype'] ?? '');
      groups.set(entered, group);
    }
  }
  return [...groups]
    .sort(([a], [b]) => a - b)
    .map(([entered, { lines, kind }]) => ({
      kind: kind ?? 'progress',
      availableMs: unitMs(unit.stay, entered),
      text: [...lines].join('\n'),
      evidence: noteEvidence(unit.stay.unitStayId, entered),
    }));
}

function kindOf(type: string): NoteDocument['kind'] | undefined {
  return KINDS.find(([pattern]) => pattern.test(type))?.[1];
}

/** By the row's id, so that lines come in the order in which they were charted. */
function byId(a: Row, b: Row): number {
  const id = (row: Row): number => Number(Object.values(row)[0] ?? NaN);
  return id(a) - id(b) || 0;
}
