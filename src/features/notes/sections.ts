/** A part of a note under one heading; rank 0 says most. */
export interface NoteSection {
  readonly heading: string;
  readonly rank: 0 | 1 | 2;
  /** Place in the note. */
  readonly index: number;
  readonly paragraphs: readonly string[];
}

/** `IMPRESSION:` or `Assessment and Plan:` at the start of a line, with or without text behind it. */
const HEADING = /^\s*([A-Z][A-Za-z /&-]{2,40}):\s*(.*)$|^\s*([A-Z][A-Z /&-]{3,40})\.?\s*$/;
const CONCLUSIONS = /impression|assessment|conclusion|summary|diagnos/i;
const FINDINGS = /finding|plan|course|events|interval|result/i;

/** The sections of a plain-text note, in its own order; text before any heading is a section without one. */
export function splitSections(text: string): NoteSection[] {
  const sections: { heading: string; lines: string[] }[] = [{ heading: '', lines: [] }];
  for (const line of text.split(/\r?\n/)) {
    const match = HEADING.exec(line);
    const heading = match?.[1] ?? match?.[3];
    if (heading === undefined) sections.at(-1)?.lines.push(line);
    else sections.push({ heading: `${heading.trim()}:`, lines: [match?.[2] ?? ''] });
  }
  return sections
    .map(({ heading, lines }, index) => ({ heading, rank: rankOf(heading), index, paragraphs: paragraphsOf(lines) }))
    .filter(({ paragraphs }) => paragraphs.length > 0);
}

function rankOf(heading: string): 0 | 1 | 2 {
  if (CONCLUSIONS.test(heading)) return 0;
  return FINDINGS.test(heading) ? 1 : 2;
}

function paragraphsOf(lines: readonly string[]): string[] {
  return lines
    .join('\n')
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replaceAll(/\s+/g, ' ').trim())
    .filter((paragraph) => paragraph !== '');
}
