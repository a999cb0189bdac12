import { randomUUID } from 'node:crypto';
import { textMember } from '../../../sandbox/resource-json.js';
import type { ClientTokens, TokenChanges } from '../client-tokens.js';
import type { Exchange } from '../exchange.js';
import { cardsIn, overridden, type Probe } from '../probe.js';
import { fail, notApplicable, pass, rulesOf, warn, type Finding } from '../rule.js';
import { worst } from './answers.js';

const HOUR_S = 3_600;
/** Words in a 401 that tell a forger what to mend. */
const TELLING =
  /expired|audience|\baud\b|\biss\b|issuer|signature|\bkid\b|\bjti\b|\bexp\b|replay|algorithm|\balg\b|unknown key/i;
/** What may differ between two refusals: ids of requests, times. */
const VARYING = /[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[\d:.]+Z|\d{6,}/gi;

/** 1.11 of the reference. */
export const SECURITY_RULES = rulesOf({ section: 'security', needs: 'jwt' }, [
  {
    id: 'authentication',
    requirements: ['62'],
    level: 'SHOULD',
    needs: 'service',
    title: 'A call without a client token is refused with 401',
    check: async (probe) => {
      const call = await probe.anonymous();
      if (call.status === 401) return pass('HTTP 401', call);
      if (call.status === 200) return fail('answered 200 without a client token: anybody may ask about patients', call);
      return fail(`HTTP ${call.status}, wanted 401`, call);
    },
  },
  {
    id: 'jwt-accepted',
    requirements: ['63', '14'],
    title: "A client's token is taken, also with aud as a list and with claims of its own; at discovery too",
    check: async (probe) => {
      const extra = { nbf: Math.floor(Date.now() / 1000) - 300, sub: 'conformance-suite' };
      const plain = await callWith(probe, 'a good token', (tokens, url) => tokens.sign(url));
      const list = await callWith(probe, 'aud as a list', (tokens, url) =>
        tokens.sign([url, 'https://other.example.org']),
      );
      const claims = await callWith(probe, 'claims nbf and sub', (tokens, url) => tokens.sign(url, { claims: extra }));
      const { discovery } = probe;
      const listed =
        discovery.status === 200 ? pass('discovery: HTTP 200') : fail(`discovery: HTTP ${discovery.status}`);
      return worst([listed, ...[plain, list, claims].map(takenToken)]);
    },
  },
  {
    id: 'jwt-none',
    requirements: ['64'],
    title: 'A token with alg none is refused',
    check: async (probe) => refusedToken(await callWith(probe, 'alg none', (tokens, url) => tokens.unsigned(url))),
  },
  {
    id: 'jwt-symmetric',
    requirements: ['64'],
    title: 'A token with HS256, made with the public key as the secret, is refused',
    check: async (probe) => refusedToken(await callWith(probe, 'alg HS256', (tokens, url) => tokens.symmetric(url))),
  },
  {
    id: 'jwt-issuer',
    requirements: ['65', '66'],
    title: 'A token of another issuer is refused',
    check: (probe) => refusedWith(probe, 'another iss', { claims: { iss: 'https://stranger.example.org' } }),
  },
  {
    id: 'jwt-audience',
    requirements: ['65'],
    title: 'A token for another address is refused',
    check: (probe) =>
      refusedWith(probe, 'another aud', { claims: { aud: 'https://other.example.org/cds-services/x' } }),
  },
  {
    id: 'jwt-expired',
    requirements: ['65'],
    title: 'A token that has expired is refused',
    check: (probe) => {
      const now = Math.floor(Date.now() / 1000);
      return refusedWith(probe, 'expired an hour ago', { claims: { iat: now - HOUR_S - 300, exp: now - HOUR_S } });
    },
  },
  {
    id: 'jwt-signature',
    requirements: ['65'],
    title: "A token signed with a key that is not the issuer's is refused",
    check: (probe) => refusedWith(probe, "a stranger's signature", { signedBy: 'stranger' }),
  },
  {
    id: 'jwt-replay',
    requirements: ['65', '71'],
    title: 'A token is good for one call: its jti is refused the second time',
    check: async (probe) => {
      const { tokens, base, servicePath } = probe;
      if (!tokens) return notApplicable('no key');
      const token = await tokens.sign(`${base}${servicePath}`);
      const first = await probe.call({ label: 'a token, first use' }, { token: () => token });
      if (first.status !== 200) return notApplicable('the token was refused the first time', first);
      return refusedToken(await probe.call({ label: 'the same token again' }, { token: () => token }));
    },
  },
  {
    id: 'jwt-kid',
    requirements: ['67'],
    level: 'SHOULD',
    title: 'The key is chosen by kid: a token whose kid is not in the key set is refused',
    check: (probe) => refusedWith(probe, 'an unknown kid', { header: { kid: `conformance-${randomUUID()}` } }),
  },
  {
    id: 'jwt-jku',
    requirements: ['66'],
    level: 'SHOULD',
    title: 'A jku that is not registered is not fetched, let alone trusted',
    check: async (probe) => {
      const { elsewhere, tokens } = probe;
      if (!tokens) return notApplicable('no key');
      elsewhere.publish(tokens.strangerKey);
      const path = `/jwks.json?${randomUUID()}`;
      const header = { jku: `${elsewhere.origin}${path}` };
      const finding = await refusedWith(probe, "a stranger's jku", { header, signedBy: 'stranger' });
      if (finding.outcome === 'fail') return finding;
      const fetched = elsewhere.visits.some((visit) => visit.path === path);
      return fetched ? warn('refused, but the jku was fetched') : finding;
    },
  },
  {
    id: 'jwt-lifetime',
    requirements: ['68'],
    level: 'SHOULD',
    source: 'practice',
    title: 'A token for a day, or issued in the future, is refused',
    check: async (probe) => {
      const now = Math.floor(Date.now() / 1000);
      const long = await refusedWith(probe, 'valid for a day', { claims: { exp: now + 24 * HOUR_S } });
      const future = { iat: now + HOUR_S / 2, exp: now + HOUR_S / 2 + 300 };
      return worst([long, await refusedWith(probe, 'issued half an hour ahead', { claims: future })]);
    },
  },
  {
    id: 'jwt-opaque-401',
    requirements: ['69'],
    level: 'SHOULD',
    source: 'practice',
    isReview: true,
    title: 'A 401 does not tell what was wrong: all have one body',
    check({ exchanges }) {
      const refused = exchanges.filter(({ status, kind }) => status === 401 && kind === 'call');
      const telling = refused.find(({ text, headers }) =>
        TELLING.test(`${text} ${headers.get('www-authenticate') ?? ''}`),
      );
      if (telling) return fail('the 401 tells what was wrong with the token', telling);
      const bodies = new Set(refused.map(({ text }) => text.replace(VARYING, '')));
      if (bodies.size > 1) return fail(`${bodies.size} different bodies of a 401`, refused.at(-1));
      return refused.length === 0 ? notApplicable('no call was refused') : pass(`${refused.length} refusals, one body`);
    },
  },
  {
    id: 'feedback-authentication',
    requirements: ['60'],
    title: 'Feedback is authenticated as calls are; aud may name the feedback address or the service',
    check: async (probe) => {
      const { tokens, base, servicePath } = probe;
      const first = await probe.firstFeedback();
      if (!isFeedbackOffered(first)) return notApplicable(`the service takes no feedback: HTTP ${first.status}`, first);
      if (!tokens) return notApplicable('no key');
      const card = cardsIn((await probe.standard()).body).map((one) => textMember(one, 'uuid'))[0];
      const item = [overridden(card ?? randomUUID())];
      const anonymous = await probe.sendFeedback('feedback without a client token', item, { token: 'none' });
      if (anonymous.status !== 401) return fail(`without a client token: HTTP ${anonymous.status}`, anonymous);
      const ofService = await probe.sendFeedback('feedback, aud of the service', item, {
        token: () => tokens.sign(`${base}${servicePath}`),
      });
      if (ofService.status >= 300) return warn(`with the aud of the service: HTTP ${ofService.status}`, ofService);
      return pass('401 without a token; both audiences taken', ofService);
    },
  },
  {
    id: 'no-cookies',
    requirements: ['71'],
    level: 'SHOULD',
    source: 'practice',
    needs: 'discovery',
    isReview: true,
    title: 'No answer sets a cookie',
    check({ exchanges }) {
      const cookie = exchanges.find(({ headers }) => headers.has('set-cookie'));
      return cookie ? fail('an answer sets a cookie', cookie) : pass(`${exchanges.length} answers`);
    },
  },
]);

/** Does the answer to feedback say that there is such an endpoint? */
export function isFeedbackOffered({ status }: Exchange): boolean {
  return status !== 0 && status !== 404 && status !== 405 && status !== 501;
}

async function callWith(
  probe: Probe,
  label: string,
  token: (tokens: ClientTokens, url: string) => Promise<string> | string,
): Promise<Exchange> {
  const { tokens } = probe;
  if (!tokens) throw new Error('a rule that needs jwt was asked without a key');
  return probe.call({ label: `order-sign with ${label}` }, { token: (url) => token(tokens, url) });
}

async function refusedWith(probe: Probe, label: string, changes: TokenChanges): Promise<Finding> {
  return refusedToken(await callWith(probe, label, (tokens, url) => tokens.sign(url, changes)));
}

function refusedToken(call: Exchange): Finding {
  if (call.status === 401) return pass('HTTP 401', call);
  if (call.status === 403) return warn('HTTP 403, wanted 401', call);
  return fail(`HTTP ${call.status} instead of 401: ${call.label}`, call);
}

function takenToken(call: Exchange): Finding {
  return call.status === 200 ? pass('HTTP 200', call) : fail(`HTTP ${call.status}: ${call.label}`, call);
}
