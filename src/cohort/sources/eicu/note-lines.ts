import { isCareLimitation } from './care-limitation.js';
import { productOfTreatment } from './blood-products.js';
import type { Row, TableName } from './eicu-layout.js';

/** Tables whose rows become lines of text, in the order of the lines. */
export const TEXT_TABLES = ['note', 'pastHistory', 'physicalExam', 'treatment'] as const satisfies readonly TableName[];
export type TextTable = (typeof TEXT_TABLES)[number];

/** Parts of a path that steer the screen and say nothing of the patient. */
const SCREEN =
  /\/(?:View and Save|View Options|Include Rx|Skip Screen Options \d|[\w ]*Obtain Options|system unique note types|Time-Out Process|Billing Options)\//i;

/** Volumes of blood products in the balance of an examination. */
const BLOOD_VOLUME = /rbc|ffp|plasma|platelet|cryo|blood product/i;

export type Line =
  | { readonly kind: 'line'; readonly text: string }
  /** Why a row gives no line. */
  | { readonly kind: 'left-out'; readonly reason: string };

/**
 * One row as `Heading: value.` The heading is the part of the path above the value. The full stop keeps a line from running
 * into the next. Left out: steps of the screen, how far care was to go, and blood products (they are administrations, and the
 * row of an index would tell its volume).
 */
export function lineOf(table: TextTable, row: Row): Line {
  if (table === 'treatment' && /blood product administration/i.test(row['treatmentstring'] ?? '')) {
    const words = productOfTreatment(row) === undefined ? 'no allogeneic product' : 'an administration';
    return { kind: 'left-out', reason: `a blood product (${words}) is no text` };
  }
  const { path, value, text } = partsOf(table, row);
  if (path.includes('/I&&O') && BLOOD_VOLUME.test(`${path} ${value}`)) {
    return { kind: 'left-out', reason: 'a volume of a blood product is no text' };
  }
  if ([path, value, text].some(isCareLimitation)) return { kind: 'left-out', reason: 'how far care was to go' };
  if (SCREEN.test(`${path}/`)) return { kind: 'left-out', reason: 'a step of the screen, not of the patient' };
  const said = value === '' || squeezed(text) === squeezed(value) ? text || value : `${value} ${text}`.trim();
  const heading = headingOf(path, value, table);
  if (said === '') return { kind: 'left-out', reason: 'no words' };
  const line = `${heading}: ${said.replaceAll(/\s+/g, ' ').replace(/\.$/, '')}.`;
  return isCareLimitation(line) ? { kind: 'left-out', reason: 'how far care was to go' } : { kind: 'line', text: line };
}

function partsOf(table: TextTable, row: Row): { readonly path: string; readonly value: string; readonly text: string } {
  const cell = (column: string): string => row[column]?.trim() ?? '';
  switch (table) {
    case 'note':
      return { path: cell('notepath'), value: cell('notevalue'), text: cell('notetext') };
    case 'pastHistory':
      return { path: cell('pasthistorypath'), value: cell('pasthistoryvalue'), text: cell('pasthistoryvaluetext') };
    case 'physicalExam':
      return { path: cell('physicalexampath'), value: cell('physicalexamvalue'), text: cell('physicalexamtext') };
    case 'treatment': {
      const [system = '', ...steps] = cell('treatmentstring').split('|');
      return { path: `treatment/${system}/`, value: steps.join(', '), text: '' };
    }
  }
}

/** `NotPerformed` and `Not Performed` are one text. */
function squeezed(text: string): string {
  return text.replaceAll(/\s/g, '').toLowerCase();
}

/** `notes/Progress Notes/Past History/Organ Systems/Pulmonary/Asthma/asthma` → `Asthma`. */
function headingOf(path: string, value: string, table: TextTable): string {
  const folder = path.endsWith(`/${value}`) ? path.slice(0, -value.length - 1) : path;
  const parts = folder
    .split('/')
    .map((part) =>
      part
        .replaceAll(/[^A-Za-z &-]/g, ' ')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    )
    .filter((part) => part.length > 2);
  const heading = parts.at(-1) ?? table;
  return `${heading.slice(0, 1).toUpperCase()}${heading.slice(1, 40)}`.trim();
}
