import { isObject, member, textMember } from '../../../sandbox/resource-json.js';
import type { Exchange } from '../exchange.js';
import { SCOPE_V1 } from '../hook-call.js';
import { fail, notApplicable, pass, rulesOf, warn } from '../rule.js';
import { gistOf, isAnswered } from './answers.js';
import { omitting } from './found.js';

/** 1.5 of the reference. */
export const FHIR_ACCESS_RULES = rulesOf({ section: 'FHIR access', needs: 'fhir' }, [
  {
    id: 'bearer-token',
    requirements: ['29'],
    title: 'Every request to the FHIR server carries the access token of the call',
    isReview: true,
    check({ exchanges }) {
      let requests = 0;
      for (const exchange of exchanges) {
        const token = accessTokenOf(exchange);
        if (token === undefined) continue;
        const bare = exchange.fhir.find(({ authorization }) => authorization !== `Bearer ${token}`);
        if (bare) return fail(`${bare.method} ${bare.path} came without the access token`, exchange);
        requests += exchange.fhir.length;
      }
      return requests === 0 ? notApplicable('the service asked the FHIR server nothing') : pass(`${requests} requests`);
    },
  },
  {
    id: 'open-server',
    requirements: ['33'],
    level: 'SHOULD',
    title: 'A FHIR server named without a token is asked without one, or not at all',
    check: async (probe) => {
      const call = await probe.call({
        label: 'order-sign, fhirServer without a token',
        prefetch: 'none',
        access: 'open',
      });
      if (call.fhir.some(({ authorization }) => authorization !== undefined)) {
        return fail('a token was sent that the call did not give', call);
      }
      return pass(`${call.fhir.length} requests, none with a token; ${gistOf(call)}`, call);
    },
  },
  {
    id: 'scopes-of-smart-1',
    requirements: ['30'],
    title: 'Scopes of SMART 1 (patient/*.read) give what scopes of SMART 2 (patient/*.rs) give',
    check: async (probe) => {
      const version2 = await probe.fhirOnly();
      if (version2.fhir.length === 0) return notApplicable('the service asks the FHIR server nothing');
      const call = await probe.call({ label: 'order-sign, SMART 1 scopes', prefetch: 'none', scope: SCOPE_V1 });
      const [one, two] = [typesAsked(call), typesAsked(version2)];
      if (isAnswered(call) && one === two) return pass(`asked for ${one}`, call);
      return fail(`SMART 1: ${gistOf(call)}, asked for ${one}; SMART 2: ${two}`, call);
    },
  },
  {
    id: 'token-without-patient',
    requirements: ['30', 'cds-r-2'],
    title: 'fhirAuthorization without patient (cds-r-2, a SHOULD of the client) is taken',
    check: async (probe) => {
      const call = await probe.call({ label: 'order-sign, fhirAuthorization without patient', change: withoutPatient });
      return isAnswered(call) ? pass(gistOf(call), call) : fail(gistOf(call), call);
    },
  },
  {
    id: 'scope-honoured',
    requirements: ['32'],
    level: 'SHOULD',
    source: 'practice',
    title: 'What the scopes do not grant is not asked for',
    check: async (probe) => {
      if ((await probe.fhirOnly()).fhir.length === 0) return notApplicable('the service asks the FHIR server nothing');
      const scope = 'patient/Patient.rs';
      const call = await probe.call({ label: `order-sign, scope ${scope}`, prefetch: 'none', scope });
      const beyond = call.fhir.filter(({ path }) => !/^Patient(\/|$)/.test(path)).map(({ path }) => path);
      if (beyond.length > 0) return fail(`scope ${scope}, yet asked for ${[...new Set(beyond)].join(', ')}`, call);
      return pass(`scope ${scope}: ${call.fhir.length} requests, ${gistOf(call)}`, call);
    },
  },
  {
    id: 'token-expired',
    requirements: ['31'],
    level: 'SHOULD',
    source: 'practice',
    title: 'A token that has expired is not used',
    check: async (probe) => {
      const call = await probe.call({ label: 'order-sign, expires_in 0', prefetch: 'none', expiresInSeconds: 0 });
      const used = call.fhir.filter(({ authorization }) => authorization !== undefined).length;
      return used > 0 ? fail(`used ${used} times after it expired`, call) : pass(gistOf(call), call);
    },
  },
  {
    id: 'token-not-shared',
    requirements: ['31', '19'],
    source: 'practice',
    title: 'The access token goes to the FHIR server alone: no other server, no answer, no card',
    isReview: true,
    check: async (probe) => {
      const path = '/fhir/page-2';
      const call = await probe.call({
        label: 'order-sign, next links that lead to another server',
        prefetch: ({ value }) => withNextLink(value, `${probe.elsewhere.origin}${path}`),
      });
      const visits = probe.elsewhere.visits.filter((visit) => visit.path === path);
      if (visits.some(({ hasToken }) => hasToken)) return fail('the token was sent to another server', call);
      const told = probe.exchanges.find(({ text }) => text.includes(probe.accessToken));
      if (told) return fail('an answer holds the access token', told, { access_token: '' });
      return visits.length > 0 ? warn('another server was asked, without the token', call) : pass('not seen elsewhere');
    },
  },
]);

function accessTokenOf({ sent }: Exchange): string | undefined {
  if (textMember(sent, 'fhirServer') === undefined) return undefined;
  return textMember(member(sent, 'fhirAuthorization'), 'access_token');
}

function typesAsked({ fhir }: Exchange): string {
  const types = new Set(fhir.map(({ path }) => path.split('/')[0] ?? ''));
  return types.size === 0 ? 'nothing' : [...types].sort().join(', ');
}

function withoutPatient(body: Readonly<Record<string, unknown>>): unknown {
  const authorization = body['fhirAuthorization'];
  if (!isObject(authorization)) return body;
  return { ...body, fhirAuthorization: omitting(authorization, 'patient') };
}

function withNextLink(value: unknown, url: string): unknown {
  if (textMember(value, 'resourceType') !== 'Bundle' || !isObject(value)) return value;
  return { ...value, link: [{ relation: 'next', url }] };
}
