import type { FhirResource } from 'fhir/r4.js';
import { assertNever } from '../errors/assert-never.js';
import type { AttachmentText } from './chart-resources.js';
import { LOINC } from './code-systems.js';
import {
  child,
  children,
  codings,
  codingsOf,
  isElement,
  referenceTo,
  text,
  type CodedValue,
  type Element,
} from './element.js';
import { instantMs, latestInstantMs } from './fhir-time.js';
import { htmlToText, tidy } from './html-text.js';
import type { NoteDocument } from './patient-record.js';
import type { RejectionTally } from './rejection-tally.js';

/** Document type by LOINC, US Core's clinical notes and the codes of the common document sections. */
const KIND_BY_LOINC: ReadonlyMap<string, NoteDocument['kind']> = new Map([
  ['18842-5', 'discharge'],
  ['11506-3', 'progress'],
  ['18748-4', 'radiology'],
  ['28570-0', 'procedure'],
  ['34117-2', 'admission'],
  ['11488-4', 'consult'],
  ['34746-8', 'nursing'],
]);

/**
 * Is this DocumentReference a note of the record: current, not entered in error? Its text may still not be readable.
 * @see https://hl7.org/fhir/R4/documentreference.html
 */
export function isCurrentNote(resource: unknown): resource is Element {
  return (
    isElement(resource) &&
    resource['resourceType'] === 'DocumentReference' &&
    resource['status'] === 'current' &&
    resource['docStatus'] !== 'entered-in-error'
  );
}

/**
 * When the text of a DocumentReference could be known: its `date`, or the `creation` of an attachment whose text may be read
 * where that is later (a text may be newer than its document; a bare date counts from the end of that day). Undefined without a
 * `date` with time of day and zone, and where a `creation` is no date.
 * @see https://hl7.org/fhir/R4/datatypes-definitions.html#Attachment.creation
 */
export function noteFiledMs(document: Element): number | undefined {
  const created = attachmentsOf(document)
    .filter((attachment) => mayBeText(attachment) && attachment['creation'] !== undefined)
    .map((attachment) => latestInstantMs(text(attachment, 'creation')));
  const times = [instantMs(text(document, 'date')), ...created];
  const known = times.filter((time) => time !== undefined);
  return known.length < times.length ? undefined : Math.max(...known);
}

/** Plain text, HTML, or of no stated type: then the server says what it is. */
function mayBeText(attachment: Element): boolean {
  const type = text(attachment, 'contentType');
  return type === undefined || /^text\/plain\b/i.test(type) || isHtml(type);
}

/**
 * Notes whose text was read, as plain text; what was not read (another type, a failed call, no time) is counted.
 * A document without an entry in `attachments` was older than the newest ones asked for, and is passed over.
 */
export function readNotes(
  resources: readonly FhirResource[],
  attachments: ReadonlyMap<string, AttachmentText>,
  tally: RejectionTally,
): readonly NoteDocument[] {
  return resources.flatMap((resource: unknown) => {
    if (!isElement(resource) || resource['resourceType'] !== 'DocumentReference') return [];
    if (!isCurrentNote(resource)) {
      tally.add('status');
      return [];
    }
    const availableMs = noteFiledMs(resource);
    if (availableMs === undefined) {
      tally.add('no-time');
      return [];
    }
    const attachment = attachments.get(text(resource, 'id') ?? '');
    if (!attachment) return [];
    switch (attachment.kind) {
      case 'refused':
        tally.add('content-type');
        return [];
      case 'failed':
        tally.add('attachment-failed');
        return [];
      case 'withheld':
        tally.add('restricted');
        return [];
      case 'text': {
        const plain = isHtml(attachment.contentType) ? htmlToText(attachment.text) : tidy(attachment.text);
        if (plain === '') return [];
        return [{ kind: noteKind(resource), availableMs, text: plain, evidence: referenceTo(resource) }];
      }
      default:
        return assertNever(attachment);
    }
  });
}

function isHtml(contentType: string): boolean {
  return /^(text\/html|application\/xhtml\+xml)\b/i.test(contentType);
}

function noteKind(document: Element): NoteDocument['kind'] {
  const kindsOf = (coded: readonly CodedValue[]): readonly NoteDocument['kind'][] =>
    coded.flatMap(({ system, code }) => (system === LOINC ? (KIND_BY_LOINC.get(code) ?? []) : [])).sort();
  const byCategory = children(document, 'category').flatMap((category) => codingsOf(category));
  return kindsOf(codings(document, 'type'))[0] ?? kindsOf(byCategory)[0] ?? 'other';
}

/** The attachments of a DocumentReference, in the order of preference: plain text, then HTML, then whatever else. */
export function attachmentsOf(document: Element): readonly Element[] {
  const rank = (attachment: Element): number => {
    const type = text(attachment, 'contentType') ?? '';
    return /^text\/plain\b/i.test(type) ? 0 : isHtml(type) ? 1 : 2;
  };
  return children(document, 'content')
    .map((content) => child(content, 'attachment'))
    .filter((attachment) => attachment !== undefined)
    .sort((a, b) => rank(a) - rank(b));
}
