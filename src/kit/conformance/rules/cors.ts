import type { Exchange } from '../exchange.js';
import type { Probe } from '../probe.js';
import { fail, notApplicable, pass, rulesOf, type Finding } from '../rule.js';
import { worst } from './answers.js';

/** Asked for where the tester names no origin: the sandbox client of the CDS Hooks project. */
const SANDBOX_ORIGIN = 'https://sandbox.cds-hooks.org';

/** 1.12 of the reference: what a client in a browser needs. Without `--origin` a service that allows none is not at fault. */
export const CORS_RULES = rulesOf({ section: 'CORS', needs: 'service' }, [
  {
    id: 'cors-preflight',
    requirements: ['73'],
    title: 'OPTIONS is answered 2xx without a token, and allows origin, method and headers',
    check: async (probe) => {
      const discovery = await preflight(probe, '/cds-services', 'GET', 'authorization');
      const call = await preflight(probe, probe.servicePath, 'POST', 'authorization,content-type');
      return worst([
        preflightFinding(probe, discovery, 'GET', ['authorization']),
        preflightFinding(probe, call, 'POST', ['authorization', 'content-type']),
      ]);
    },
  },
  {
    id: 'cors-answers',
    requirements: ['73'],
    title: 'Answers allow the origin too, refusals included',
    check: async (probe) => {
      const { origin } = probe;
      if (origin === undefined) return notApplicable('--origin names no web page that may call the service');
      const headers = { Origin: origin };
      const good = await probe.call({ label: 'order-sign from a web page' }, { headers });
      const bad = await probe.call({ label: 'malformed JSON from a web page', change: () => '{' }, { headers });
      const refused = await probe.call(
        { label: 'without a client token, from a web page' },
        { headers, token: 'none' },
      );
      const closed = [good, bad, refused].find((exchange) => !allows(exchange, origin));
      if (closed) return fail(`HTTP ${closed.status} without Access-Control-Allow-Origin`, closed);
      return pass('answers and refusals allow it', good);
    },
  },
  {
    id: 'cors-credentials',
    requirements: ['73'],
    isReview: true,
    title: 'No answer allows every origin together with credentials',
    check({ exchanges }) {
      const open = exchanges.find(
        ({ headers }) =>
          headers.get('access-control-allow-origin') === '*' &&
          headers.get('access-control-allow-credentials') === 'true',
      );
      return open ? fail('Access-Control-Allow-Origin: * with credentials', open) : pass(`${exchanges.length} answers`);
    },
  },
  {
    id: 'cors-vary',
    requirements: ['73'],
    level: 'SHOULD',
    source: 'practice',
    isReview: true,
    title: 'An answer that names one origin varies by Origin, for caches',
    check({ exchanges }) {
      const named = exchanges.filter(
        ({ headers }) => !['*', null].includes(headers.get('access-control-allow-origin')),
      );
      const fixed = named.find(({ headers }) => !/(^|,)\s*(origin|\*)\s*(,|$)/i.test(headers.get('vary') ?? ''));
      if (fixed) return fail('names an origin without Vary: Origin', fixed);
      return named.length === 0 ? notApplicable('no answer names an origin') : pass(`${named.length} answers`);
    },
  },
]);

function preflight(probe: Probe, path: string, method: string, headers: string): Promise<Exchange> {
  const { origin } = probe;
  return probe.send({
    label: `preflight of ${method} from ${origin ?? SANDBOX_ORIGIN}`,
    kind: 'preflight',
    method: 'OPTIONS',
    path,
    token: 'none',
    headers: {
      Origin: origin ?? SANDBOX_ORIGIN,
      'Access-Control-Request-Method': method,
      'Access-Control-Request-Headers': headers,
    },
  });
}

function preflightFinding({ origin }: Probe, answer: Exchange, method: string, wanted: readonly string[]): Finding {
  const isAllowed = allows(answer, origin ?? SANDBOX_ORIGIN);
  if (origin === undefined && !isAllowed) {
    return notApplicable(`pages of ${SANDBOX_ORIGIN} may not call; --origin names those that may`, answer);
  }
  if (answer.status < 200 || answer.status >= 300)
    return fail(`HTTP ${answer.status} for OPTIONS ${answer.path}`, answer);
  if (!isAllowed) return fail(`${answer.path}: no Access-Control-Allow-Origin for ${origin ?? SANDBOX_ORIGIN}`, answer);
  const methods = listed(answer, 'access-control-allow-methods');
  // GET and POST need no permission of their own; a list that leaves them out is still taken by browsers.
  if (methods.length > 0 && !methods.includes(method.toLowerCase()) && !methods.includes('*')) {
    return fail(`${answer.path}: Access-Control-Allow-Methods without ${method}`, answer);
  }
  const headers = listed(answer, 'access-control-allow-headers');
  const lacking = wanted.filter((name) => !headers.includes(name));
  if (lacking.length > 0)
    return fail(`${answer.path}: Access-Control-Allow-Headers without ${lacking.join(', ')}`, answer);
  return pass(`HTTP ${answer.status}`, answer);
}

function allows({ headers }: Exchange, origin: string): boolean {
  const allowed = headers.get('access-control-allow-origin');
  return allowed === origin || allowed === '*';
}

function listed({ headers }: Exchange, name: string): readonly string[] {
  return (headers.get(name) ?? '')
    .split(',')
    .map((item) => item.trim().toLowerCase())
    .filter((item) => item !== '');
}
