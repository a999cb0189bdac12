import type { RiskAssessment } from '../assessment/risk-assessment.js';
import type { Card } from '../cds-hooks/card.js';
import type { RiskTier } from '../ensemble/risk-prediction.js';
import { notScoredDetail, riskDetail } from './card-detail.js';
import { assessmentExtension } from './card-extension.js';
import type { CardOptions } from './card-options.js';
import { cardSource } from './card-source.js';
import { notScoredSummary, riskSummary } from './card-summary.js';
import { orderedProducts } from './card-words.js';
import { chartGaps } from './chart-gaps.js';

/**
 * The card of an assessment, one whatever the number of orders; none where the site wants silence for this tier or reason.
 * A chart that could not be read in part is never silent.
 * @see requirements 2, 39–47, 78
 */
export function buildCards(assessment: RiskAssessment, options: CardOptions): Card[] {
  const { outcome, orders, record, predictionTimeMs } = assessment;
  const gaps = chartGaps(record, predictionTimeMs);
  const products = orderedProducts(orders);
  const shared = {
    uuid: options.newId(),
    source: cardSource(options),
    extension: assessmentExtension(assessment, gaps),
  };
  if (outcome.kind === 'not-scored') {
    if (options.silentReasons.includes(outcome.reason) && !gaps.mustBeSaid) return [];
    return [
      {
        ...shared,
        summary: notScoredSummary(outcome.reason, products),
        indicator: 'info',
        detail: notScoredDetail(assessment, outcome.reason, gaps),
      },
    ];
  }
  const { prediction, explanation } = outcome;
  if (options.silentTiers.includes(prediction.tier) && !gaps.mustBeSaid) return [];
  return [
    {
      ...shared,
      summary: riskSummary(prediction, products, gaps),
      indicator: indicatorOf(prediction.tier, options),
      detail: riskDetail(assessment, prediction, explanation, gaps),
    },
  ];
}

/** `info` below 10 %, `warning` from 10 %, `critical` from 25 % where the site allows it. */
function indicatorOf(tier: RiskTier, { mayBeCritical }: CardOptions): Card['indicator'] {
  switch (tier) {
    case 'low':
    case 'moderate':
      return 'info';
    case 'high':
      return 'warning';
    case 'very-high':
      return mayBeCritical ? 'critical' : 'warning';
  }
}
