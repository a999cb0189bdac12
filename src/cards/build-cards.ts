import type { RiskAssessment } from '../assessment/risk-assessment.js';
import type { Card } from '../cds-hooks/card.js';
import type { RiskTier } from '../ensemble/risk-prediction.js';
import type { Explanation } from '../explanation/explanation.js';
import { notScoredDetail, riskDetail } from './card-detail.js';
import { inDialect } from './card-dialect.js';
import { assessmentExtension } from './card-extension.js';
import type { CardOptions } from './card-options.js';
import { cardSource } from './card-source.js';
import { notScoredSummary, riskSummary } from './card-summary.js';
import { orderedProducts } from './card-words.js';
import { chartGaps } from './chart-gaps.js';
import { RISK_OVERRIDE_REASONS } from './override-reasons.js';

/**
 * The card of an assessment, one whatever the number of orders. Whether it is shown is decided before (`decideDisplay`).
 * @see requirements 2, 39–47, 78
 */
export function buildCards(assessment: RiskAssessment, options: CardOptions): Card[] {
  return [inDialect(cardOf(assessment, options), options)];
}

function cardOf(assessment: RiskAssessment, options: CardOptions): Card {
  const { outcome, orders, record, predictionTimeMs } = assessment;
  const gaps = chartGaps(record, predictionTimeMs);
  const products = orderedProducts(orders);
  const shared = { uuid: options.newId(), source: cardSource(options) };
  switch (outcome.kind) {
    case 'not-scored':
      return {
        ...shared,
        summary: notScoredSummary(outcome.reason, products),
        indicator: 'info',
        detail: notScoredDetail(assessment, outcome.reason, gaps),
        extension: assessmentExtension(assessment, gaps),
      };
    case 'scored': {
      const { prediction } = outcome;
      const explanation = withFewerDrivers(outcome.explanation, options.maxDrivers);
      return {
        ...shared,
        summary: riskSummary(prediction, products, gaps),
        indicator: indicatorOf(prediction.tier, options),
        detail: riskDetail(assessment, prediction, explanation, gaps),
        overrideReasons: RISK_OVERRIDE_REASONS,
        extension: assessmentExtension({ ...assessment, outcome: { ...outcome, explanation } }, gaps),
      };
    }
  }
}

/** The same explanation, of whose drivers (largest first) only so many are named. */
function withFewerDrivers(explanation: Explanation, maxDrivers: number | undefined): Explanation {
  return maxDrivers === undefined
    ? explanation
    : { ...explanation, drivers: explanation.drivers.slice(0, Math.max(0, maxDrivers)) };
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
