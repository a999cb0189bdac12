import type { Binary, DocumentReference, FhirResource } from 'fhir/r4.js';
import type { NoteDocument } from '../record/patient-record.js';

const HOUR_MS = 3_600_000;

/** Notes made up for replay (the dataset has none), as FHIR and as the record should hold them. */
export interface SyntheticNotes {
  readonly resources: readonly FhirResource[];
  readonly documents: readonly NoteDocument[];
}

/**
 * Four notes of a patient around a first order: plain text 20 h before, HTML 5 h before, by Binary URL 1 h before, and one
 * filed 1 h after it, which no prediction at that order may see. The texts say nothing of any patient.
 */
export function syntheticNotes(
  patientId: string,
  firstOrderMs: number,
  isoTime: (ms: number) => string,
): SyntheticNotes {
  const binary: Binary = {
    resourceType: 'Binary',
    id: `${patientId}-note-binary`,
    contentType: 'text/plain',
    data: base64('Nursing note.\n\nSkin warm. Lines in place.'),
  };
  const note = (
    id: string,
    hours: number,
    kind: { readonly loinc: string; readonly name: NoteDocument['kind'] },
    attachment: { readonly contentType: string; readonly data?: string; readonly url?: string },
    text: string,
  ): { readonly resource: DocumentReference; readonly document: NoteDocument } => {
    const availableMs = firstOrderMs - hours * HOUR_MS;
    const resource: DocumentReference = {
      resourceType: 'DocumentReference',
      id: `${patientId}-${id}`,
      status: 'current',
      docStatus: 'final',
      type: { coding: [{ system: 'http://loinc.org', code: kind.loinc }] },
      subject: { reference: `Patient/${patientId}` },
      date: isoTime(availableMs),
      content: [{ attachment }],
    };
    return {
      resource,
      document: { kind: kind.name, availableMs, text, evidence: `DocumentReference/${patientId}-${id}` },
    };
  };
  const plain = 'Progress note.\n\nASSESSMENT: synthetic text for replay.\n\nPLAN: follow counts.';
  const notes = [
    note(
      'note-plain',
      20,
      { loinc: '11506-3', name: 'progress' },
      { contentType: 'text/plain', data: base64(plain) },
      plain,
    ),
    note(
      'note-html',
      5,
      { loinc: '18748-4', name: 'radiology' },
      {
        contentType: 'text/html',
        data: base64('<html><body><p>FINDINGS: lines &amp; tubes.</p><p>IMPRESSION: no change.</p></body></html>'),
      },
      'FINDINGS: lines & tubes.\n\nIMPRESSION: no change.',
    ),
    note(
      'note-binary',
      1,
      { loinc: '34746-8', name: 'nursing' },
      { contentType: 'text/plain', url: `Binary/${patientId}-note-binary` },
      'Nursing note.\n\nSkin warm. Lines in place.',
    ),
    note(
      'note-later',
      -1,
      { loinc: '11506-3', name: 'progress' },
      { contentType: 'text/plain', data: base64('Filed after the order.') },
      'Filed after the order.',
    ),
  ];
  return {
    resources: [binary, ...notes.map(({ resource }) => resource)],
    documents: notes.map(({ document }) => document),
  };
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
