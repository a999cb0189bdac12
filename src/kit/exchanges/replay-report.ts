import { oneLine } from '../fhir-server/outcome-words.js';
import type { Difference } from './compare-responses.js';
import type { AnswerFacts, ReplayedExchange, ReplayReport } from './replay-exchanges.js';

const WORDS: Readonly<Record<Difference['what'], string>> = {
  status: 'status',
  error: 'error',
  cards: 'cards',
  summary: 'summary',
  indicator: 'indicator',
  tier: 'tier',
  'not-scored': 'reason for no score',
  probability: 'probability',
  'driver-added': 'driver added',
  'driver-removed': 'driver removed',
  'driver-changed': 'driver changed',
  'missing-added': 'missing now',
  'missing-removed': 'no longer missing',
  modality: 'parts of the model',
  detail: 'detail',
  source: 'source',
  links: 'links',
  suggestions: 'suggestions',
  extension: 'extension',
  other: 'something else in the answer',
};

/** A table with one line an exchange, the differences below each. */
export function replayLines({ exchanges, unchanged, changed, failed }: ReplayReport): readonly string[] {
  const width = Math.max(8, ...exchanges.map(({ file }) => oneLine(file).length));
  const models = new Set(
    exchanges.flatMap((one) => (one.kind === 'replayed' ? modelChange(one.before, one.after) : [])),
  );
  return [
    `${'exchange'.padEnd(width)}  ${'result'.padEnd(11)}  status  tier and risk`,
    ...exchanges.flatMap((exchange) => exchangeLines(exchange, width)),
    '',
    `${exchanges.length} exchange${exchanges.length === 1 ? '' : 's'}: ${unchanged} unchanged, ${changed} changed, ${failed} failed`,
    ...[...models].map((model) => `model: ${model}`),
  ];
}

function exchangeLines(exchange: ReplayedExchange, width: number): readonly string[] {
  const name = oneLine(exchange.file).padEnd(width);
  if (exchange.kind === 'failed') return [`${name}  failed`, `    ${exchange.says}`];
  const { before, after, differences, notes } = exchange;
  const result =
    differences.length === 0 ? 'unchanged' : `${differences.length} change${differences.length === 1 ? '' : 's'}`;
  return [
    `${name}  ${result.padEnd(11)}  ${change(String(before.status), String(after.status)).padEnd(6)}  ${change(risk(before), risk(after))}`,
    ...notes.map((note) => `    note: ${note}`),
    ...differences.map((difference) => `    ${differenceWords(difference)}`),
  ];
}

/** One difference on one line. */
export function differenceWords({ what, card, before, after }: Difference): string {
  const where = card === undefined || card === 1 ? '' : `card ${card}: `;
  const values =
    before === undefined && after === undefined
      ? 'differs'
      : before !== undefined && after !== undefined
        ? `${before}  →  ${after}`
        : before === undefined
          ? `+ ${after ?? ''}`
          : `- ${before}`;
  return `${where}${WORDS[what]}: ${values}`;
}

function change(before: string, after: string): string {
  return before === after ? after : `${before} → ${after}`;
}

function risk({ cards, tier, probability, status }: AnswerFacts): string {
  if (status !== 200) return '-';
  if (cards === 0) return 'no card';
  const percent = probability === undefined ? 'no score' : `${(probability * 100).toFixed(1)} %`;
  return tier === undefined ? percent : `${tier} ${percent}`;
}

function modelChange(before: AnswerFacts, after: AnswerFacts): readonly string[] {
  const [a, b] = [before.model, after.model];
  return a === undefined || b === undefined ? [] : [a === b ? a : `${a} → ${b}`];
}
