import type { ScreeningOutcome } from '../orders/screen-orders.js';
import type { AssessOrderDeps } from './assess-order-deps.js';
import type { RiskAssessment } from './risk-assessment.js';

type Logging = Pick<AssessOrderDeps, 'logEvent'>;

/** How many blood orders a call holds, and how many only read like one. */
export function logScreening({ logEvent }: Logging, hookInstance: string, screening: ScreeningOutcome): void {
  const orders = screening.kind === 'blood' ? screening.orders.length : 0;
  logEvent('orders.screened', { hookInstance, kind: screening.kind, orders, textOnly: screening.textOnly.length });
}

/** That a call was answered, by which model, after which time; no figure of the patient. */
export function logAnswer({ logEvent }: Logging, assessment: RiskAssessment, cards: number, durationMs: number): void {
  const { assessmentId, hookInstance, outcome, record } = assessment;
  const { model, modalities } = outcome.kind === 'scored' ? outcome.prediction : {};
  logEvent('assessment.answered', {
    hookInstance,
    assessmentId,
    outcome: outcome.kind === 'scored' ? 'scored' : outcome.reason,
    cards,
    durationMs,
    modelId: model?.id,
    modelVersion: model?.version,
    notes: modalities?.notes,
    series: modalities?.series,
    unavailable: Object.values(record.coverage).filter(({ kind }) => kind === 'unavailable').length,
  });
}
