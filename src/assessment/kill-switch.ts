import { buildSwitchedOffCards } from '../cards/build-switched-off-cards.js';
import type { CallContext } from '../cds-hooks/call-context.js';
import type { CdsResponse } from '../cds-hooks/card.js';
import type { HookRequest } from '../cds-hooks/hook-request.js';
import type { CdsClient } from '../clients/cds-client.js';
import type { SwitchBoard } from '../clients/client-registry.js';
import { ServiceError } from '../errors/service-error.js';
import { screenOrders } from '../orders/screen-orders.js';
import type { AssessOrderDeps } from './assess-order-deps.js';
import { callRules } from './call-rules.js';
import { whyNoCardAtAll } from './decide-display.js';

/** What a call is answered while the kill switch is thrown. @see docs/adr/0029 */
export type KillSwitchAnswer = 'empty' | 'card' | '503';

export type AnswerCall = (request: HookRequest, client: CdsClient, call?: CallContext) => Promise<CdsResponse>;

export interface KillSwitchDeps extends Pick<
  AssessOrderDeps,
  'bloodProducts' | 'siteDisplay' | 'cardOptions' | 'logEvent'
> {
  readonly switches: SwitchBoard;
  readonly answer: KillSwitchAnswer;
  /** Told at every call which model bundle the board names; undefined: the configured one. */
  readonly followModel: (directory: string | undefined) => void;
}

/**
 * `assess`, unless the kill switch of the service or of the client is thrown: then nothing is read, assessed or kept, and the
 * call gets the answer the operator chose. The board is read at every call. Throws ServiceError ERR_SWITCHED_OFF where the
 * answer is `503`; a board that cannot be read is a fault, not a thrown switch.
 */
export function withKillSwitch(assess: AnswerCall, deps: KillSwitchDeps): AnswerCall {
  return async (request, client, call) => {
    const { isAssessing, modelBundleDir } = await deps.switches.read();
    deps.followModel(modelBundleDir);
    const isClientOff = client.registration?.isEnabled === false;
    if (isAssessing && !isClientOff) return assess(request, client, call);
    const { hookInstance } = request;
    deps.logEvent('assessment.switched-off', {
      hookInstance,
      client: client.id,
      scope: isAssessing ? 'client' : 'service',
    });
    switch (deps.answer) {
      case 'empty':
        return { cards: [] };
      case 'card':
        return { cards: switchedOffCards(request, client, deps) };
      case '503':
        throw new ServiceError('ERR_SWITCHED_OFF', { detail: 'the operator of this service has switched it off' });
    }
  };
}

/** Only an order of a blood product gets the card, and only where cards are shown at all. */
function switchedOffCards(request: HookRequest, client: CdsClient, deps: KillSwitchDeps): CdsResponse['cards'] {
  const { draftOrders, patientId } = request.context;
  if (screenOrders(draftOrders, patientId, deps.bloodProducts).kind === 'not-blood') return [];
  const { display, cards } = callRules({ display: deps.siteDisplay, cardOptions: deps.cardOptions }, client);
  return whyNoCardAtAll(request, display) ? [] : buildSwitchedOffCards(cards);
}
