import { isObject, member } from '../../../sandbox/resource-json.js';
import { cardsIn, firstOrder, type Probe } from '../probe.js';
import { fail, notApplicable, pass, rulesOf, warn } from '../rule.js';
import { gistOf } from './answers.js';
import { actionProblem } from './suggestion.js';
import { each, systemActionsOf } from './found.js';

/** "On the order of 500 ms": twice that is still told as such. */
const SLOW_MS = 1_000;

/** 1.6 of the reference, and how long an answer takes (77). */
export const RESPONSE_RULES = rulesOf({ section: 'response', needs: 'call' }, [
  {
    id: 'response-cards',
    requirements: ['34'],
    title: 'Every 200 is an object with a list of cards',
    isReview: true,
    check({ exchanges }) {
      const answers = exchanges.filter(({ kind, status }) => kind === 'call' && status === 200);
      const bad = answers.find(({ body }) => {
        const cards = member(body, 'cards');
        return !Array.isArray(cards) || !cards.every(isObject);
      });
      return bad ? fail('HTTP 200 without a list of cards', bad) : pass(`${answers.length} answers`);
    },
  },
  {
    id: 'no-advice-no-cards',
    requirements: ['35', '78'],
    level: 'SHOULD',
    title: 'An order that the service has no advice on is answered 200 with cards: []',
    check: async (probe) => {
      const call = await probe.call({ label: 'an order for a chest X-ray', orders: [chestXRay(probe)] });
      if (call.status !== 200) return fail(gistOf(call), call);
      if (cardsIn(call.body).length > 0) return notApplicable('the service has advice on a chest X-ray', call);
      return pass(gistOf(call), call);
    },
  },
  {
    id: 'no-advice-no-queries',
    requirements: ['78'],
    level: 'SHOULD',
    source: 'practice',
    needs: 'fhir',
    title: 'For an order that the service has no advice on, the FHIR server is left alone',
    check: async (probe) => {
      const label = 'an order for a chest X-ray, nothing prefetched';
      const call = await probe.call({ label, orders: [chestXRay(probe)], prefetch: 'none' });
      if (cardsIn(call.body).length > 0) return notApplicable('the service has advice on a chest X-ray', call);
      const { length } = call.fhir;
      return length === 0 ? pass('no request', call) : fail(`${length} requests for nothing`, call);
    },
  },
  {
    id: 'error-outcome',
    requirements: ['37'],
    level: 'SHOULD',
    source: '3.0 ballot',
    title: 'A refusal says why in an OperationOutcome',
    isReview: true,
    check({ exchanges }) {
      const refused = exchanges.filter(
        ({ kind, status }) => (kind === 'call' || kind === 'feedback') && status >= 400 && status !== 401,
      );
      const bare = refused.find(({ body }) => {
        const issues = member(body, 'issue');
        return member(body, 'resourceType') !== 'OperationOutcome' || !Array.isArray(issues) || issues.length === 0;
      });
      if (bare) return fail(`HTTP ${bare.status} without an OperationOutcome`, bare);
      return refused.length === 0 ? notApplicable('nothing was refused') : pass(`${refused.length} refusals`);
    },
  },
  {
    id: 'system-actions',
    requirements: ['38', 'cds-resp-2'],
    title: 'systemActions come only where agreed with the client, and are well formed',
    isReview: true,
    check(probe) {
      const actions = systemActionsOf(probe);
      if (actions.length === 0) return pass('none');
      const found = each('system actions', actions, ({ value }) => actionProblem(value));
      if (found.outcome === 'fail') return found;
      return warn(`${actions.length} system actions: only for a client that has agreed to them`, actions[0]?.exchange);
    },
  },
  {
    id: 'response-time',
    requirements: ['77'],
    level: 'SHOULD',
    title: 'An answer takes on the order of 500 ms',
    isReview: true,
    check({ exchanges }) {
      const times = exchanges
        .filter(({ kind, status }) => kind === 'call' && status === 200)
        .map(({ durationMs }) => Math.round(durationMs))
        .sort((a, b) => a - b);
      const [median, longest] = [times[Math.floor(times.length / 2)] ?? 0, times.at(-1) ?? 0];
      const says = `median ${median} ms, longest ${longest} ms, of ${times.length} answers`;
      return median > SLOW_MS ? warn(says) : pass(says);
    },
  },
]);

function chestXRay(probe: Probe): object {
  const order = firstOrder(probe);
  const [subject, authoredOn] = [order['subject'], order['authoredOn']];
  return {
    resourceType: 'ServiceRequest',
    id: 'draft-1',
    status: 'draft',
    intent: 'order',
    code: { coding: [{ system: 'http://loinc.org', code: '36643-5', display: 'XR Chest 2 Views' }] },
    subject: subject ?? { reference: `Patient/${probe.order.context.patientId}` },
    ...(authoredOn !== undefined && { authoredOn }),
  };
}
