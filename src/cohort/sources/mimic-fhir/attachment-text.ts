import { TextDecoder } from 'node:util';
import type { AttachmentText } from '../../../record/chart-resources.js';
import { text, type Element } from '../../../record/element.js';
import { attachmentsOf } from '../../../record/notes.js';

const READABLE = /^(text\/plain|text\/html|application\/xhtml\+xml)\s*(;|$)/i;
const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]+)/i;

/**
 * The text inside a DocumentReference: its best readable attachment with `data`. One that is elsewhere (`url`) cannot be had
 * from an export and counts as failed; other types are refused, as at signing.
 * @see `fhir/attachments.ts`, which may fetch
 */
export function attachmentText(document: Element): AttachmentText {
  const attachments = attachmentsOf(document);
  const readable = attachments.filter((attachment) => READABLE.test(text(attachment, 'contentType') ?? ''));
  const inline = readable.find((attachment) => text(attachment, 'data') !== undefined);
  const contentType = text(inline ?? readable[0] ?? attachments[0], 'contentType') ?? 'none';
  if (inline) return { kind: 'text', contentType, text: decode(text(inline, 'data') ?? '', contentType) };
  return readable.length > 0 ? { kind: 'failed', reason: 'no-access' } : { kind: 'refused', contentType };
}

/** Text in the stated character set, UTF-8 where that is not known. */
function decode(base64: string, contentType: string): string {
  const bytes = Buffer.from(base64, 'base64');
  try {
    return new TextDecoder(CHARSET.exec(contentType)?.[1] ?? 'utf-8').decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}
