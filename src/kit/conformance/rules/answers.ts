import { member, textMember } from '../../../sandbox/resource-json.js';
import type { Exchange } from '../exchange.js';
import { cardsIn, type Probe } from '../probe.js';
import { fail, pass, type Finding } from '../rule.js';

/** Status and urgency of each card: what must not depend on how a call was made. */
export function gistOf({ status, body }: Exchange): string {
  if (status !== 200) return status === 0 ? 'no answer' : `HTTP ${status}`;
  const cards = cardsIn(body).map((card) => textMember(card, 'indicator') ?? '?');
  return `HTTP 200, ${cards.length === 0 ? 'no card' : `cards: ${cards.join(', ')}`}`;
}

/**
 * Does `changed` get the answer that the standard call gets? `what` names the difference between the calls. Of a service that
 * answers the standard call differently the second time (which may keep cards from repeating), only the status is compared.
 */
export async function sameAnswer(
  probe: Pick<Probe, 'standard' | 'again'>,
  changed: Exchange,
  what: string,
): Promise<Finding> {
  const [standard, again] = [await probe.standard(), await probe.again()];
  const [wanted, found] = [gistOf(standard), gistOf(changed)];
  if (wanted === found) return pass(`${found}, as without ${what}`, changed);
  const repeats = wanted === gistOf(again);
  if (!repeats && changed.status === standard.status)
    return pass(`HTTP ${changed.status}, as without ${what}`, changed);
  return fail(`with ${what}: ${found}; without: ${wanted}`, changed);
}

/** Was the call answered with 200 and a list of cards? */
export function isAnswered({ status, body }: Exchange): boolean {
  return status === 200 && Array.isArray(member(body, 'cards'));
}

/** Says how it was answered, for a rule that wants a certain status. */
export function statusIs(exchange: Exchange, wanted: readonly number[]): Finding {
  const found = exchange.status === 0 ? (exchange.trouble ?? 'no answer') : `HTTP ${exchange.status}`;
  if (wanted.includes(exchange.status)) return pass(found, exchange);
  return fail(`${found}, wanted ${wanted.join(' or ')}`, exchange);
}

/** The first finding that is not a pass, else the last. */
export function worst(findings: readonly Finding[]): Finding {
  const order = ['fail', 'warn', 'not-applicable', 'pass'] as const;
  for (const outcome of order) {
    const found = findings.find((finding) => finding.outcome === outcome);
    if (found && outcome !== 'not-applicable') return found;
  }
  return findings.at(-1) ?? pass('nothing to look at');
}
