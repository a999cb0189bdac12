import type { NoteDocument } from '../../record/patient-record.js';
import type { FeatureSpec } from '../feature-spec.js';
import type { NoteChunk } from '../feature-tensors.js';
import { hoursBefore, windowStart } from '../time-windows.js';
import type { VisibleRecord } from '../visible-record.js';
import { splitSections } from './sections.js';

/**
 * At most `maxChunks` texts of at most `maxWords` words, newest and most informative first: the best chunk of every note from
 * the newest on, then the second best of every note, and so on. Inside a note, conclusions come before findings before the
 * rest. A paragraph copied forward under its heading counts once, in the newest note that has it; "None." under two headings
 * is two findings.
 */
export function noteChunks(record: VisibleRecord, spec: FeatureSpec['notes']): readonly NoteChunk[] {
  const from = windowStart(record.predictionTimeMs, spec.windowHours);
  const notes = record.notes.filter(({ availableMs }) => availableMs >= from).sort(newestFirst);
  const seen = new Set<string>();
  const perNote = notes.map((note) =>
    chunkNote(note, spec.maxWords, seen).map((text) => ({
      text,
      kind: note.kind,
      hoursBefore: hoursBefore(record.predictionTimeMs, note.availableMs),
      evidence: note.evidence,
    })),
  );
  const chunks: NoteChunk[] = [];
  const rounds = Math.max(0, ...perNote.map(({ length }) => length));
  for (let round = 0; round < rounds && chunks.length < spec.maxChunks; round++) {
    chunks.push(...perNote.flatMap((own) => own.slice(round, round + 1)));
  }
  return chunks.slice(0, spec.maxChunks);
}

/** Texts decide ties, so that the order of the record's list does not; the same text twice is caught as a copy. */
function newestFirst(a: NoteDocument, b: NoteDocument): number {
  return (
    b.availableMs - a.availableMs ||
    compare(a.text, b.text) ||
    compare(a.kind, b.kind) ||
    compare(a.evidence, b.evidence)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A note's words in order of how much they say, cut at the word limit; paragraphs seen before are left out. */
function chunkNote({ text }: NoteDocument, maxWords: number, seen: Set<string>): string[] {
  const words = splitSections(text)
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .flatMap(({ heading, paragraphs }) => {
      const fresh = paragraphs.filter((paragraph) => isFirst(`${heading} ${paragraph}`, seen));
      return fresh.length === 0 ? [] : [heading, ...fresh];
    })
    .flatMap((part) => part.split(/\s+/).filter((word) => word !== ''));
  const chunks: string[] = [];
  for (let at = 0; at < words.length; at += maxWords) chunks.push(words.slice(at, at + maxWords).join(' '));
  return chunks;
}

function isFirst(said: string, seen: Set<string>): boolean {
  const key = said.toLowerCase().replaceAll(/\s+/g, ' ').trim();
  if (seen.has(key)) return false;
  seen.add(key);
  return true;
}
