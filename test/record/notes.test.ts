import { describe, expect, test } from '@jest/globals';
import type { DocumentReference } from 'fhir/r4.js';
import type { AttachmentText } from '../../src/record/chart-resources.js';
import { htmlToText } from '../../src/record/html-text.js';
import type { PatientRecord } from '../../src/record/patient-record.js';
import { hoursBefore, note, T0 } from '../support/fhir-resources.js';
import { recordOf } from './charts.js';

const HOUR_MS = 3_600_000;
const plain = (text: string): AttachmentText => ({ kind: 'text', contentType: 'text/plain', text });

function recordWith(document: DocumentReference, attachment: AttachmentText = plain('Seen.')): PatientRecord {
  return recordOf([document], { source: 'notes', attachments: new Map([['d1', attachment]]) });
}

describe('a note', () => {
  test('is its text, its kind and when it was filed', () => {
    expect(recordWith(note({}), plain('Line one\r\n\r\n\r\n\r\nline  two ')).notes).toEqual([
      {
        kind: 'progress',
        availableMs: T0 - 5 * HOUR_MS,
        text: 'Line one\n\nline two',
        evidence: 'DocumentReference/d1',
      },
    ]);
  });
  test.each([
    ['18842-5', 'discharge'],
    ['11506-3', 'progress'],
    ['18748-4', 'radiology'],
    ['28570-0', 'procedure'],
    ['34117-2', 'admission'],
    ['11488-4', 'consult'],
    ['34746-8', 'nursing'],
    ['99999-9', 'other'],
  ])('LOINC %s is %s', (loinc, kind) => {
    expect(recordWith(note({}, { loinc })).notes[0]?.kind).toBe(kind);
  });
  test.each<[string, Partial<DocumentReference>, string]>([
    ['superseded', { status: 'superseded' }, 'status'],
    ['entered in error', { status: 'entered-in-error' }, 'status'],
    ['a document entered in error', { docStatus: 'entered-in-error' }, 'status'],
    ['a bare date', { date: '2031-05-10' }, 'no-time'],
  ])('%s is left out and counted', (_, given, reason) => {
    const record = recordWith(note({}, { given }));
    expect([record.notes, record.rejections]).toEqual([[], [{ reason, count: 1 }]]);
  });
  test('of a type that is not read, or whose text did not come, is counted by reason', () => {
    const refused = recordWith(note({}), { kind: 'refused', contentType: 'application/pdf' });
    expect([refused.notes, refused.rejections]).toEqual([[], [{ reason: 'content-type', count: 1 }]]);
    const failed = recordWith(note({}), { kind: 'failed', reason: 'timeout' });
    expect([failed.notes, failed.rejections]).toEqual([[], [{ reason: 'attachment-failed', count: 1 }]]);
  });
  test.each<[string, DocumentReference['content'][number]['attachment'], number]>([
    ['after its document: known from then on', { creation: hoursBefore(3) }, T0 - 3 * HOUR_MS],
    ['before its document: the document counts', { creation: hoursBefore(9) }, T0 - 5 * HOUR_MS],
    [
      'on a day: known when that day is over everywhere',
      { creation: '2031-05-10' },
      Date.parse('2031-05-11T12:00:00Z') - 1,
    ],
  ])('whose text was made %s', (_, attachment, availableMs) => {
    const document = note({ contentType: 'text/plain', ...attachment });
    expect(recordWith(document).notes[0]?.availableMs).toBe(availableMs);
  });
  test('is not later for an attachment of a type that is not read', () => {
    const pdf = { contentType: 'application/pdf', creation: hoursBefore(1) };
    const document = note({ contentType: 'text/plain' });
    const content = [...document.content, { attachment: pdf }];
    expect(recordWith({ ...document, content }).notes[0]?.availableMs).toBe(T0 - 5 * HOUR_MS);
  });
  test('whose text was made at no time that can be read was never known, and is counted', () => {
    const record = recordWith(note({ contentType: 'text/plain', creation: 'yesterday' }));
    expect([record.notes, record.rejections]).toEqual([[], [{ reason: 'no-time', count: 1 }]]);
  });
  test('without words is no note', () => {
    expect(recordWith(note({}), plain(' \n\n ')).notes).toEqual([]);
  });
});

describe('HTML becomes the text a reader sees', () => {
  test.each([
    ['blocks are lines', '<p>One</p><p>Two<br>Three</p>', 'One\n\nTwo\nThree'],
    ['entities are decoded', 'Temp &gt; 38 &deg;C &amp; rising&nbsp;now', 'Temp > 38 °C & rising now'],
    [
      'scripts, styles, titles and comments are gone',
      '<head><title>t</title><style>p{}</style></head><script>x()</script><!-- c -->Seen',
      'Seen',
    ],
    ['inline markup joins', 'hypo<b>tens</b>ive, <i>BP</i>\n  80/40', 'hypotensive, BP 80/40'],
    [
      'cells are apart, rows are lines',
      '<table><tr><td>Hb</td><td>7.1</td></tr><tr><td>Plt</td><td>20</td></tr></table>',
      'Hb 7.1\n\nPlt 20',
    ],
    ['lists', '<ul><li>one</li><li>two</li></ul>', 'one\n\ntwo'],
    ['broken markup is read as far as it goes', '<div><p>One<p>Two</div', 'One\n\nTwo'],
    ['line breaks in pre stay', '<pre>a\n  b</pre>', 'a\nb'],
  ])('%s', (_, html, text) => {
    expect(htmlToText(html)).toBe(text);
  });
  test('a note in HTML goes through it', () => {
    const record = recordWith(note({}), {
      kind: 'text',
      contentType: 'text/html; charset=utf-8',
      text: '<p>Stable.</p>',
    });
    expect(record.notes[0]?.text).toBe('Stable.');
  });
});
