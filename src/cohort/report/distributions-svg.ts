import { conceptByKey } from '../../concepts/dictionary.js';
import type { Distribution } from '../build/join-shards.js';
import { px, xmlText } from './xml-text.js';

const COLUMNS = 5;
const CELL = { width: 190, height: 120 } as const;
const PLOT = { left: 12, top: 30, width: 166, height: 58 } as const;

/** One small histogram a concept: the newest value in 48 h, in canonical units, from the 1st to the 99th centile. */
export function distributionsSvg(distributions: readonly Distribution[]): string {
  const rows = Math.max(1, Math.ceil(distributions.length / COLUMNS));
  const width = COLUMNS * CELL.width;
  const height = rows * CELL.height + 10;
  const cells = distributions.map((distribution, index) =>
    cell(distribution, (index % COLUMNS) * CELL.width, Math.floor(index / COLUMNS) * CELL.height),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="distributions-title">`,
    '<title id="distributions-title">Distribution of the newest value of each concept, with median and quartiles</title>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    '<g font-family="Helvetica, Arial, sans-serif" font-size="10" fill="#111">',
    ...cells,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function cell({ concept, edges, counts, median, q1, q3, n }: Distribution, x: number, y: number): string {
  const { display, unit } = conceptByKey(concept);
  const most = Math.max(1, ...counts);
  const barWidth = PLOT.width / Math.max(1, counts.length);
  const bars = counts.map((count, index) => {
    const height = (PLOT.height * count) / most;
    return `<rect x="${px(x + PLOT.left + index * barWidth)}" y="${px(y + PLOT.top + PLOT.height - height)}" width="${px(barWidth - 0.5)}" height="${px(height)}" fill="#2b6cb0"/>`;
  });
  const [low, high] = [edges[0] ?? 0, edges.at(-1) ?? 1];
  return [
    `<text x="${px(x + PLOT.left)}" y="${px(y + 14)}" font-weight="bold">${xmlText(display)}${unit === null ? '' : ` <tspan font-weight="normal">${xmlText(unit)}</tspan>`}</text>`,
    `<text x="${px(x + PLOT.left)}" y="${px(y + 26)}">${figure(median)} (${figure(q1)}–${figure(q3)}), n ${n}</text>`,
    ...bars,
    `<text x="${px(x + PLOT.left)}" y="${px(y + PLOT.top + PLOT.height + 12)}">${figure(low)}</text>`,
    `<text x="${px(x + PLOT.left + PLOT.width)}" y="${px(y + PLOT.top + PLOT.height + 12)}" text-anchor="end">${figure(high)}</text>`,
  ].join('');
}

function figure(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : '–';
}
