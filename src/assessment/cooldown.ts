import type { EarlierCard } from '../store/assessment-store.js';
import type { RiskAssessment } from './risk-assessment.js';

/**
 * Would a card repeat what was shown? Of the cards of the patient within the cooldown (newest first), the newest about the
 * same set of products tells: with the same tier it is a repetition; a tier that rose, or fell, is news. Which orders it was
 * about does not matter, so a revised order that is signed again is treated like any other order of its products.
 */
export function isRepetition(assessment: RiskAssessment, earlier: readonly EarlierCard[]): boolean {
  const products = productSet(assessment.orders.flatMap((order) => order.products));
  const newest = earlier.find((card) => productSet(card.products) === products);
  return newest !== undefined && newest.tier === shownTier(assessment);
}

/** Each product once, in one order; an order that names none adds none. */
function productSet(products: readonly string[]): string {
  return [...new Set(products)].sort().join('+');
}

/** What of an assessment its card tells first: the tier, or why there is none. */
export function shownTier({ outcome }: RiskAssessment): string {
  return outcome.kind === 'scored' ? outcome.prediction.tier : outcome.reason;
}
