import type { Attrition, AttritionStep } from './attrition.js';
import { px, wrapText, xmlText } from './xml-text.js';

const WIDTH = 780;
const MIDDLE = { x: 20, width: 360 } as const;
const SIDE = { x: 440, width: 320 } as const;
const LINE = 17;
const PADDING = 12;
const GAP = 24;
/** Width of a character of 13 px Helvetica, on the safe side. */
const CHARACTER = 7.2;

/** A box down the middle, and what is left out on the way to the next one. */
interface Stage {
  readonly lines: readonly string[];
  readonly leftOut?: readonly string[];
}

interface Drawn {
  readonly svg: string;
  readonly height: number;
}

/**
 * The way from source to dataset as a flow diagram: what is left down the middle, each reason to leave out to the right, deaths
 * in the last box. Reasons that left out nobody stand below: they were asked. Plain SVG 1.1 with a title, no fonts from
 * elsewhere; the same attrition gives the same bytes.
 */
export function attritionSvg(attrition: Attrition): string {
  const { candidates, kept, outcome } = attrition;
  const left = candidates.counts.episodes - kept.counts.episodes;
  const flow = flowOf(stagesOf(attrition), 20);
  const note = noteOf(attrition, 20 + flow.height + GAP);
  const height = px(20 + flow.height + GAP + note.height);
  const title = `Attrition: ${candidates.counts.episodes} episodes found, ${left} left out, ${kept.counts.episodes} kept, ${outcome.events} deaths within 7 days`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="attrition-title">`,
    `<title id="attrition-title">${xmlText(title)}</title>`,
    '<defs><marker id="attrition-arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L10 5L0 10z" fill="#444"/></marker></defs>',
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    '<g font-family="Helvetica, Arial, sans-serif" font-size="13" fill="#111">',
    flow.svg,
    note.svg,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function stagesOf({ source, candidates, exclusions, kept, outcome }: Attrition): readonly Stage[] {
  const asked = exclusions.filter(({ counts }) => counts.episodes > 0);
  let remaining = candidates.counts.episodes;
  const stages: Stage[] = [{ lines: [source.words, people(source)] }];
  let lines: readonly string[] = [candidates.words, `${remaining} episodes, ${people(candidates)}`];
  for (const step of asked) {
    stages.push({ lines, leftOut: [`Left out: ${step.words}`, episodesOf(step)] });
    remaining -= step.counts.episodes;
    lines = [`${remaining} episodes remain`];
  }
  if (asked.length === 0) stages.push({ lines });
  const share = outcome.labelled === 0 ? '' : ` (${px((100 * outcome.events) / outcome.labelled)} %)`;
  return [
    ...stages,
    { lines: [kept.words, `${kept.counts.episodes} episodes, ${people(kept)}`] },
    {
      lines: [
        `Died within 7 days: ${outcome.events} of ${outcome.labelled}${share}`,
        outcome.unlabelled === 0
          ? 'every episode has a label'
          : `${outcome.unlabelled} episodes without a certain label`,
      ],
    },
  ];
}

function flowOf(stages: readonly Stage[], top: number): Drawn {
  const parts: string[] = [];
  const x = MIDDLE.x + MIDDLE.width / 2;
  let y = top;
  for (const [index, { lines, leftOut }] of stages.entries()) {
    const middle = boxOf(MIDDLE, y, lines);
    parts.push(middle.svg);
    y += middle.height;
    if (index === stages.length - 1) break;
    const side = leftOut === undefined ? undefined : boxOf(SIDE, y + GAP / 2, leftOut);
    const next = y + GAP + (side?.height ?? GAP / 2);
    parts.push(arrow(x, y, x, next));
    if (side) {
      const branch = y + GAP / 2 + side.height / 2;
      parts.push(arrow(x, branch, SIDE.x, branch), side.svg);
    }
    y = next;
  }
  return { svg: parts.join('\n'), height: y - top };
}

function noteOf({ exclusions }: Attrition, top: number): Drawn {
  const nobody = exclusions.filter(({ counts }) => counts.episodes === 0).map(({ words }) => words);
  if (nobody.length === 0) return { svg: '', height: 0 };
  const lines = wrapText(
    `No episode was left out for: ${nobody.join('; ')}.`,
    Math.floor((WIDTH - 2 * MIDDLE.x) / CHARACTER),
  );
  return { svg: textOf(MIDDLE.x, top, lines), height: (lines.length + 1) * LINE };
}

function people({ counts }: AttritionStep): string {
  return `${number(counts.patients, 'patient')}, ${number(counts.admissions, 'admission')}`;
}

function episodesOf({ counts }: AttritionStep): string {
  return `${number(counts.episodes, 'episode')} of ${number(counts.patients, 'patient')}`;
}

function number(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? '' : 's'}`;
}

function boxOf(
  { x, width }: { readonly x: number; readonly width: number },
  y: number,
  texts: readonly string[],
): Drawn {
  const lines = texts.flatMap((text) => wrapText(text, Math.floor((width - 2 * PADDING) / CHARACTER)));
  const height = lines.length * LINE + 2 * PADDING;
  const rect = `<rect x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}" fill="#f7f7f7" stroke="#444"/>`;
  return { svg: `${rect}${textOf(x + PADDING, y + PADDING, lines)}`, height };
}

function textOf(x: number, top: number, lines: readonly string[]): string {
  return lines
    .map((line, index) => `<text x="${px(x)}" y="${px(top + index * LINE + 13)}">${xmlText(line)}</text>`)
    .join('');
}

function arrow(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" stroke="#444" marker-end="url(#attrition-arrow)"/>`;
}
