import { chartGaps } from '../cards/chart-gaps.js';
import type { HookRequest } from '../cds-hooks/hook-request.js';
import type { CdsClient } from '../clients/cds-client.js';
import { RISK_TIERS } from '../ensemble/risk-tier.js';
import type { EventFields } from '../logging/events.js';
import type { ShownCards } from '../store/assessment-store.js';
import type { DisplayDecision } from './answered-call.js';
import type { CallRules, DisplayRules } from './call-rules.js';
import { isRepetition } from './cooldown.js';
import type { AssessmentOutcome, RiskAssessment } from './risk-assessment.js';
import { isSuppressedClass, isSuppressedPlace, isSuppressedRole, staysOfCall } from './suppression.js';

const MS_PER_HOUR = 3_600_000;
const SHOWN: DisplayDecision = { kind: 'shown' };

type WithheldReason = Extract<DisplayDecision, { readonly kind: 'withheld' }>['why'];

export interface DisplayDeps {
  readonly shownCards: ShownCards;
  /** ms since the epoch. */
  readonly clock: () => number;
  readonly logEvent: (event: 'cooldown.unknown', fields: EventFields<'cooldown.unknown'>) => void;
}

/**
 * Whether the card of an assessment is shown. The first rule that fits decides, in this order:
 *
 * 1. `silent-mode`: the client is in silent mode. Nothing breaks it.
 * 2. `user-role`, 3. `encounter-class`, 4. `location`: the site or the client wants no card for whoever asks, or where the
 *    patient is. These are the same for every patient there, so that no card is never read as "no risk".
 * 5. A part of the chart could not be read: shown. What follows depends on what was found, and its silence would say too much.
 * 6. `below-tier`, or for an order without a score `not-scored-silent`.
 * 7. `cooldown`: the newest card within the client's hours about the same products of this patient had the same tier. Where
 *    the store cannot tell, the card is shown.
 *
 * The kill switch comes before all of it (`kill-switch.ts`): then nothing is assessed. Whatever is decided here, the call was
 * assessed and is kept.
 * @see requirement 78; docs/adr/0029
 */
export async function decideDisplay(
  assessment: RiskAssessment,
  request: HookRequest,
  client: CdsClient,
  { display: rules }: Pick<CallRules, 'display'>,
  deps: DisplayDeps,
): Promise<DisplayDecision> {
  const { record, predictionTimeMs, outcome } = assessment;
  const forAll = whyNoCardAtAll(request, rules);
  if (forAll) return withheld(forAll);
  const stays = staysOfCall(record, request.context.encounterId, predictionTimeMs);
  if (isSuppressedClass(stays, rules.suppression)) return withheld('encounter-class');
  if (isSuppressedPlace(stays, rules.suppression, predictionTimeMs)) return withheld('location');
  if (chartGaps(record, predictionTimeMs).mustBeSaid) return SHOWN;
  const tooLittle = whyTooLittle(outcome, rules);
  if (tooLittle) return withheld(tooLittle);
  return (await isCoolingDown(assessment, request, client, rules, deps)) ? withheld('cooldown') : SHOWN;
}

/** Rules 1 and 2: those that need no chart, and hold for a card about orders that were not assessed too. */
export function whyNoCardAtAll(request: HookRequest, rules: DisplayRules): 'silent-mode' | 'user-role' | undefined {
  if (rules.isSilent) return 'silent-mode';
  return isSuppressedRole(request, rules.suppression) ? 'user-role' : undefined;
}

function whyTooLittle(
  outcome: AssessmentOutcome,
  { minTier, showNotScored }: DisplayRules,
): 'below-tier' | 'not-scored-silent' | undefined {
  switch (outcome.kind) {
    case 'not-scored':
      return showNotScored ? undefined : 'not-scored-silent';
    case 'scored':
      return RISK_TIERS.indexOf(outcome.prediction.tier) < RISK_TIERS.indexOf(minTier) ? 'below-tier' : undefined;
  }
}

async function isCoolingDown(
  assessment: RiskAssessment,
  { context, hookInstance, fhirServer }: HookRequest,
  { id, tenant }: CdsClient,
  { cooldownHours }: DisplayRules,
  { shownCards, clock, logEvent }: DisplayDeps,
): Promise<boolean> {
  if (cooldownHours <= 0) return false;
  const subject = {
    clientId: id,
    patientId: context.patientId,
    ...(tenant === undefined ? {} : { tenant }),
    ...(fhirServer === undefined ? {} : { fhirServer }),
  };
  try {
    return isRepetition(assessment, await shownCards.since(subject, clock() - cooldownHours * MS_PER_HOUR));
  } catch {
    logEvent('cooldown.unknown', { hookInstance });
    return false;
  }
}

function withheld(why: WithheldReason): DisplayDecision {
  return { kind: 'withheld', why };
}
