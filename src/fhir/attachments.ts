import { TextDecoder } from 'node:util';
import { grantsRead } from '../cds-hooks/smart-scopes.js';
import type { FhirResource } from 'fhir/r4.js';
import type { AttachmentText } from '../record/chart-resources.js';
import { text, type Element } from '../record/element.js';
import { attachmentsOf, isCurrentNote, noteFiledMs } from '../record/notes.js';
import { isRestricted } from '../record/security-labels.js';
import type { FhirConnection } from './fhir-connection.js';
import type { Gathering } from './gather-source.js';
import { withinBase } from './server-access.js';

const READABLE = /^(text\/plain|text\/html|application\/xhtml\+xml)\s*(;|$)/i;
const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]+)/i;

/**
 * The texts of the newest notes filed by the prediction time, by DocumentReference id: inline, or fetched as `Binary` from
 * the same server, all at once. Plain text and HTML are read; every other type is `refused` by name.
 * @see https://hl7.org/fhir/R4/datatypes.html#Attachment
 */
export async function readAttachments(
  documents: readonly FhirResource[],
  gathering: NoteGathering,
): Promise<ReadonlyMap<string, AttachmentText>> {
  const filed = filedNotes(documents, gathering);
  const isWithheld = ({ document }: FiledNote): boolean => !gathering.restrictedNotesRead && isRestricted(document);
  const readable = filed.filter((note) => !isWithheld(note)).slice(0, gathering.maxNotes);
  const read = await Promise.all(
    readable.map(async ({ id, document }): Promise<[string, AttachmentText]> => [
      id,
      await readDocument(document, gathering),
    ]),
  );
  const withheld = filed.filter(isWithheld).map(({ id }): [string, AttachmentText] => [id, { kind: 'withheld' }]);
  const texts = new Map([...withheld, ...read]);
  for (const { kind } of texts.values()) if (kind === 'withheld') gathering.journal.flag('restricted-note');
  return texts;
}

export interface NoteGathering extends Gathering {
  readonly maxNotes: number;
  readonly restrictedNotesRead: boolean;
}

interface FiledNote {
  readonly id: string;
  readonly document: Element;
}

/** Notes filed by the prediction time, newest first. */
function filedNotes(documents: readonly FhirResource[], { predictionTimeMs }: Gathering): readonly FiledNote[] {
  const filed = documents.flatMap((document: unknown) => {
    if (!isCurrentNote(document)) return [];
    const id = text(document, 'id');
    const filedMs = noteFiledMs(document);
    return id === undefined || filedMs === undefined || filedMs > predictionTimeMs ? [] : [{ id, document, filedMs }];
  });
  return filed.sort((a, b) => b.filedMs - a.filedMs || (a.id < b.id ? -1 : 1));
}

/** The best readable attachment of a document; a refused type only where there is no readable one. */
async function readDocument(document: Element, gathering: NoteGathering): Promise<AttachmentText> {
  const attachments = attachmentsOf(document);
  const readable = attachments.find((attachment) => READABLE.test(text(attachment, 'contentType') ?? ''));
  const [attachment = readable] = readable ? [readable] : attachments;
  if (!attachment) return { kind: 'refused', contentType: 'none' };
  const contentType = text(attachment, 'contentType') ?? '';
  const data = text(attachment, 'data');
  const url = text(attachment, 'url');
  if (contentType !== '' && !readable) return refused(contentType);
  if (data !== undefined) return contentType === '' ? refused('none') : decoded(contentType, fromBase64(data));
  return url === undefined ? refused(contentType) : fetchAttachment(url, contentType, gathering);
}

async function fetchAttachment(
  link: string,
  statedType: string,
  { connection, journal, restrictedNotesRead }: NoteGathering,
): Promise<AttachmentText> {
  if (!connection) return { kind: 'failed', reason: 'no-access' };
  const url = withinBase(connection.base, link);
  if (!url) {
    journal.flag('foreign-attachment');
    return { kind: 'failed', reason: 'no-access' };
  }
  if (!mayReadBinary(connection)) return { kind: 'failed', reason: 'no-access' };
  const answer = await connection.get(url, { source: 'notes', purpose: 'attachment', resourceType: 'Binary' });
  switch (answer.kind) {
    case 'failed':
      return { kind: 'failed', reason: answer.reason === 'not-supported' ? 'upstream-error' : answer.reason };
    case 'raw': {
      const contentType = READABLE.test(statedType) && !READABLE.test(answer.contentType) ? '' : answer.contentType;
      return contentType === '' ? refused(answer.contentType) : decoded(contentType, answer.body);
    }
    case 'json': {
      const data = text(answer.body, 'data');
      if (!restrictedNotesRead && isRestricted(answer.body)) return { kind: 'withheld' };
      if (answer.body['resourceType'] !== 'Binary' || data === undefined) {
        return { kind: 'failed', reason: 'upstream-error' };
      }
      return decoded(text(answer.body, 'contentType') ?? statedType, fromBase64(data));
    }
  }
}

function mayReadBinary({ scope }: FhirConnection): boolean {
  return scope === undefined || grantsRead(scope, 'Binary', { interaction: 'read' });
}

function decoded(contentType: string, bytes: Uint8Array): AttachmentText {
  if (!READABLE.test(contentType)) return refused(contentType);
  return { kind: 'text', contentType, text: decode(bytes, CHARSET.exec(contentType)?.[1]) };
}

/** Text in the stated character set, UTF-8 where that is not known. */
function decode(bytes: Uint8Array, charset = 'utf-8'): string {
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

function fromBase64(data: string): Uint8Array {
  return Buffer.from(data, 'base64');
}

function refused(contentType: string): AttachmentText {
  return { kind: 'refused', contentType };
}
