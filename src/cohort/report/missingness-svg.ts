import { conceptByKey, concepts } from '../../concepts/dictionary.js';
import type { Concept } from '../../concepts/concept.js';
import type { DatasetCard } from '../dataset-card.js';
import { px, xmlText } from './xml-text.js';

const ROW = 16;
const LABEL_WIDTH = 270;
const BAR_WIDTH = 400;
const TOP = 40;
const STATES = [
  ['observed', '#2b6cb0'],
  ['looked for and absent', '#cbd5e0'],
  ['source unavailable', '#e2a93b'],
] as const;

/**
 * One bar a concept: share of episodes in which it is observed, looked for and absent, or its source unavailable. Concepts in
 * the dictionary's order, by group.
 */
export function missingnessSvg(states: DatasetCard['states']): string {
  const parts: string[] = [];
  let y = TOP;
  for (const [group, own] of groupsOf(Object.keys(states))) {
    y += ROW / 2;
    parts.push(`<text x="8" y="${px(y + 12)}" font-weight="bold">${xmlText(group)}</text>`);
    y += ROW;
    for (const { key, display } of own) {
      parts.push(...rowOf(display, states[key] ?? [0, 0, 0], y));
      y += ROW;
    }
  }
  const height = y + 16;
  const width = LABEL_WIDTH + BAR_WIDTH + 70;
  const legend = STATES.map(
    ([words, colour], index) =>
      `<rect x="${LABEL_WIDTH + index * 150}" y="16" width="12" height="12" fill="${colour}"/><text x="${LABEL_WIDTH + 16 + index * 150}" y="26">${xmlText(words)}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${px(height)}" width="${width}" height="${px(height)}" role="img" aria-labelledby="missingness-title">`,
    '<title id="missingness-title">Share of episodes in which each concept is observed, absent, or its source unavailable</title>',
    `<rect width="${width}" height="${px(height)}" fill="#fff"/>`,
    '<g font-family="Helvetica, Arial, sans-serif" font-size="11" fill="#111">',
    ...legend,
    ...parts,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function groupsOf(keys: readonly string[]): ReadonlyMap<string, readonly Concept[]> {
  const order = new Map(concepts.map((concept, index) => [concept.key, index]));
  const groups = new Map<string, Concept[]>();
  const shown = keys.map((key) => conceptByKey(key)).sort((a, b) => (order.get(a.key) ?? 0) - (order.get(b.key) ?? 0));
  for (const concept of shown) {
    const own = groups.get(concept.group);
    if (own) own.push(concept);
    else groups.set(concept.group, [concept]);
  }
  return groups;
}

function rowOf(label: string, shares: readonly [number, number, number], y: number): readonly string[] {
  let x = LABEL_WIDTH;
  const bars = STATES.map(([, colour], state) => {
    const length = (shares[state] ?? 0) * BAR_WIDTH;
    const bar = `<rect x="${px(x)}" y="${px(y + 2)}" width="${px(length)}" height="${ROW - 4}" fill="${colour}"/>`;
    x += length;
    return bar;
  });
  return [
    `<text x="${LABEL_WIDTH - 8}" y="${px(y + 12)}" text-anchor="end">${xmlText(label)}</text>`,
    ...bars,
    `<text x="${LABEL_WIDTH + BAR_WIDTH + 8}" y="${px(y + 12)}">${px(100 * shares[0])} %</text>`,
  ];
}
