import { randomUUID } from 'node:crypto';
import { isObject, member } from '../../../sandbox/resource-json.js';
import { cardsIn, firstOrder } from '../probe.js';
import { fail, notApplicable, pass, rulesOf } from '../rule.js';
import { gistOf, isAnswered, statusIs, worst } from './answers.js';
import { omitting } from './found.js';

/** 1.3 of the reference, and the hook's own context (1.13). */
export const CALLING_RULES = rulesOf({ section: 'calling', needs: 'call' }, [
  {
    id: 'call-accepted',
    requirements: ['15'],
    needs: 'service',
    title: 'POST {base}/cds-services/{id} with a JSON body is answered 200',
    check: async (probe) => {
      const call = await probe.standard();
      const isUnsigned = probe.tokens === undefined && (call.status === 401 || call.status === 403);
      if (isUnsigned) return notApplicable(`the service wants a client token: HTTP ${call.status}`, call);
      return statusIs(call, [200]);
    },
  },
  {
    id: 'optional-fields-optional',
    requirements: ['16'],
    title: 'A call without optional members is answered: no fhirServer, no encounterId, no Bundle.type, no order id',
    check: async (probe) => {
      const call = await probe.call({
        label: 'order-sign, required members only',
        access: 'none',
        orders: [omitting(firstOrder(probe), 'id')],
        change: withoutOptional,
      });
      // Without a FHIR server a service may lack data that was not prefetched.
      return statusIs(call, [200, 412]);
    },
  },
  {
    id: 'bad-calls',
    requirements: ['17'],
    level: 'SHOULD',
    source: 'practice',
    title: 'Bad calls get their status: another hook 400, unknown id 404, no JSON 400, another media type 415',
    check: async (probe) => {
      const hook = await probe.call({
        label: 'hook patient-view at an order-sign service',
        change: (body) => ({ ...body, hook: 'patient-view' }),
      });
      const id = await probe.call({ label: 'unknown service id' }, { path: `/cds-services/${randomUUID()}` });
      const json = await probe.call({ label: 'malformed JSON', change: () => '{"hook": "order-sign",' });
      const type = await probe.call(
        { label: 'Content-Type text/plain' },
        { headers: { 'Content-Type': 'text/plain' } },
      );
      return worst([statusIs(hook, [400]), statusIs(id, [404]), statusIs(json, [400]), statusIs(type, [415])]);
    },
  },
  {
    id: 're-signed-orders',
    requirements: ['order-sign-1.1'],
    title: 'Revised orders that are signed again, with status active, are taken',
    check: async (probe) => {
      const order = firstOrder(probe);
      const again = { ...order, id: 'active-1', status: 'active' };
      const call = await probe.call({ label: 'an active and a draft order', orders: [again, order] });
      return isAnswered(call) ? pass(gistOf(call), call) : fail(`status active: ${gistOf(call)}`, call);
    },
  },
  {
    id: 'orders-merged',
    requirements: ['78'],
    level: 'SHOULD',
    source: 'practice',
    title: 'The same order twice in one signing is one answer, with no more cards than for one order',
    check: async (probe) => {
      const order = firstOrder(probe);
      const call = await probe.call({ label: 'two orders at once', orders: [order, { ...order, id: 'draft-2' }] });
      if (!isAnswered(call)) return fail(`two orders: ${gistOf(call)}`, call);
      const [one, two] = [cardsIn((await probe.standard()).body).length, cardsIn(call.body).length];
      return two <= one
        ? pass(`${two} for two orders, ${one} for one`, call)
        : fail(`${two} cards instead of ${one}`, call);
    },
  },
  {
    id: 'authorization-without-server',
    requirements: ['16', 'cds-r-1'],
    title: 'A call that breaks cds-r-1 (fhirAuthorization without fhirServer) is answered, not crashed on',
    check: async (probe) => {
      const call = await probe.call({
        label: 'fhirAuthorization without fhirServer',
        change: (body) => ({ ...omitting(body, 'fhirServer'), fhirAuthorization: strayAuthorization(body) }),
      });
      if (call.status >= 200 && call.status < 500) return pass(`HTTP ${call.status}`, call);
      return fail(`HTTP ${call.status}: a client's mistake is not the service's fault`, call);
    },
  },
  {
    id: 'repeated-call',
    requirements: ['18'],
    level: 'MAY',
    source: 'practice',
    title: 'The same call with another hookInstance gets the same answer',
    check: async (probe) => {
      const again = await probe.again();
      const [first, second] = [gistOf(await probe.standard()), gistOf(again)];
      return first === second ? pass(first, again) : fail(`first ${first}, then ${second}`, again);
    },
  },
]);

function withoutOptional(body: Readonly<Record<string, unknown>>): unknown {
  const context = body['context'];
  if (!isObject(context)) return body;
  const orders = member(context, 'draftOrders');
  return {
    ...body,
    context: {
      ...omitting(context, 'encounterId'),
      draftOrders: isObject(orders) ? omitting(orders, 'type') : orders,
    },
  };
}

function strayAuthorization(body: Readonly<Record<string, unknown>>): unknown {
  return (
    body['fhirAuthorization'] ?? {
      access_token: 'conformance-stray',
      token_type: 'Bearer',
      expires_in: 300,
      scope: 'patient/*.rs',
      subject: 'conformance-suite',
    }
  );
}
