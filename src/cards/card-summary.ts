import type { NotScoredReason } from '../assessment/risk-assessment.js';
import type { RiskPrediction } from '../ensemble/risk-prediction.js';
import { NOT_SCORED_WORDS, SOURCE_WORDS, TIER_WORDS, wordList } from './card-words.js';
import type { ChartGaps } from './chart-gaps.js';
import { cutText, plainText } from './escape-markdown.js';
import { formatPercentage } from './percentage.js';

/** "Fewer than 140 characters", counted in UTF-16 units, of which there are never fewer than code points (req. 40). */
export const LONGEST_SUMMARY = 139;

/**
 * `High 7-day mortality risk predicted: 18 % (average 8 %), at the order of red cells and plasma`; what of laboratory
 * results and vital signs could not be read is said here already.
 */
export function riskSummary(
  { tier, probability, population }: RiskPrediction,
  products: readonly string[],
  { unavailable }: Pick<ChartGaps, 'unavailable'>,
): string {
  const word = TIER_WORDS[tier];
  const unread = unavailable.filter(({ source }) => source === 'labs' || source === 'vitals');
  const without = unread.length > 0 ? ` without ${wordList(unread.map(({ source }) => SOURCE_WORDS[source]))}` : '';
  const risk = `${word.charAt(0).toUpperCase()}${word.slice(1)} 7-day mortality risk predicted${without}: ${formatPercentage(probability)}`;
  return withProducts(`${risk} (average ${formatPercentage(population.baseRate)}), at the order of`, products);
}

/** `No 7-day mortality prediction (patient is under 18), at the order of red cells` */
export function notScoredSummary(reason: NotScoredReason, products: readonly string[]): string {
  return withProducts(`No 7-day mortality prediction (${NOT_SCORED_WORDS[reason].summary}), at the order of`, products);
}

/** Names as many products as fit, at least one; the rest is counted. */
function withProducts(start: string, products: readonly string[]): string {
  const words = products.map((word) => plainText(word, LONGEST_SUMMARY)).filter((word) => word !== '');
  if (words.length === 0) return cutText(`${start} blood product`, LONGEST_SUMMARY);
  for (let shown = words.length; shown > 1; shown--) {
    const summary = `${start} ${wordList(words, shown)}`;
    if (summary.length <= LONGEST_SUMMARY) return summary;
  }
  return cutText(`${start} ${wordList(words, 1)}`, LONGEST_SUMMARY);
}
