import { createHash } from 'node:crypto';
import type { AssessmentRow } from '../rows/assessment-row.js';
import type { FeedbackRow } from '../rows/feedback-row.js';

/** A row that waits for its database. `sealed`: clear identifiers or free text, encrypted by the pseudonym key. */
export interface SpoolEntry {
  readonly row: AssessmentRow | FeedbackRow;
  readonly sealed?: string;
}

/** One line: the entry and the sha256 of its JSON. */
export function spoolLine(entry: SpoolEntry): string {
  return `${JSON.stringify({ sha256: sha256(JSON.stringify(entry)), entry })}\n`;
}

/** The entry of a line; undefined where the line is torn or altered. */
export function parseSpoolLine(line: string): SpoolEntry | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed !== 'object' || parsed === null || !('sha256' in parsed) || !('entry' in parsed))
      return undefined;
    // The checksum is over a line that spoolLine wrote, so its shape is ours: this is the parser.
    return parsed.sha256 === sha256(JSON.stringify(parsed.entry)) ? (parsed.entry as SpoolEntry) : undefined;
  } catch {
    return undefined;
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
