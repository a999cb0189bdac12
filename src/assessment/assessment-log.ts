import type { HookRequest } from '../cds-hooks/hook-request.js';
import type { CdsClient } from '../clients/cds-client.js';
import type { ScreeningOutcome } from '../orders/screen-orders.js';
import type { DisplayDecision } from './answered-call.js';
import type { AssessOrderDeps } from './assess-order-deps.js';
import type { CallRules } from './call-rules.js';
import type { RiskAssessment } from './risk-assessment.js';

type Logging = Pick<AssessOrderDeps, 'logEvent'>;

/** How many blood orders a call holds, and how many only read like one. */
export function logScreening({ logEvent }: Logging, hookInstance: string, screening: ScreeningOutcome): void {
  const orders = screening.kind === 'blood' ? screening.orders.length : 0;
  logEvent('orders.screened', { hookInstance, kind: screening.kind, orders, textOnly: screening.textOnly.length });
}

/** How much of a call's configuration did not count; nothing where there was none. @see requirement 76 */
export function logConfiguration(
  { logEvent }: Logging,
  { hookInstance, configuration }: HookRequest,
  client: CdsClient,
  { refused }: CallRules,
): void {
  if (!configuration) return;
  logEvent('call.configured', { hookInstance, client: client.id, ...configuration.ignored, refused: refused.length });
}

interface Answer {
  readonly client: CdsClient;
  readonly display: DisplayDecision;
  readonly cards: number;
  readonly durationMs: number;
}

/** That a call was answered, by which model, after which time, and whether a card was shown; no figure of the patient. */
export function logAnswer(
  { logEvent }: Logging,
  { assessmentId, hookInstance, outcome, record }: RiskAssessment,
  { client, display, cards, durationMs }: Answer,
): void {
  const { model, modalities } = outcome.kind === 'scored' ? outcome.prediction : {};
  logEvent('assessment.answered', {
    hookInstance,
    assessmentId,
    outcome: outcome.kind === 'scored' ? 'scored' : outcome.reason,
    cards,
    display: display.kind === 'shown' ? 'shown' : display.why,
    client: client.id,
    durationMs,
    modelId: model?.id,
    modelVersion: model?.version,
    notes: modalities?.notes,
    series: modalities?.series,
    unavailable: Object.values(record.coverage).filter(({ kind }) => kind === 'unavailable').length,
  });
}
