import type { HookRequest } from '../cds-hooks/hook-request.js';
import type { CdsClient } from '../clients/cds-client.js';
import type { ScreeningOutcome } from '../orders/screen-orders.js';
import type { AnsweredCall } from './answered-call.js';
import type { AssessOrderDeps } from './assess-order-deps.js';
import type { CallRules } from './call-rules.js';

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

/** That a call was answered, by which model, and how long each stage took; no figure of the patient. The tier is said without ids. */
export function logAnswer({ logEvent }: Logging, call: AnsweredCall, durationMs: number): void {
  const { assessmentId, hookInstance, outcome, record } = call.assessment;
  const { model, modalities } = outcome.kind === 'scored' ? outcome.prediction : {};
  const { assemble, features, predict, explain, total } = call.latencyMs;
  logEvent('assessment.answered', {
    hookInstance,
    assessmentId,
    client: call.client.id,
    outcome: outcome.kind === 'scored' ? 'scored' : outcome.reason,
    cards: call.cardIds.length,
    display: call.display.kind === 'shown' ? 'shown' : call.display.why,
    durationMs,
    assembleMs: rounded(assemble),
    featuresMs: rounded(features),
    predictMs: rounded(predict),
    explainMs: rounded(explain),
    totalMs: rounded(total),
    modelId: model?.id,
    modelVersion: model?.version,
    notes: modalities?.notes,
    series: modalities?.series,
    unavailable: Object.values(record.coverage).filter(({ kind }) => kind === 'unavailable').length,
  });
}

/** What was decided, for counting: by tier and reason, tied to no call. */
export function logDecision({ logEvent }: Logging, { assessment, client, display, cardIds }: AnsweredCall): void {
  const { outcome } = assessment;
  logEvent('assessment.decided', {
    client: client.id,
    outcome: outcome.kind === 'scored' ? 'scored' : outcome.reason,
    tier: outcome.kind === 'scored' ? outcome.prediction.tier : undefined,
    display: display.kind === 'shown' ? 'shown' : display.why,
    cards: cardIds.length,
  });
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
