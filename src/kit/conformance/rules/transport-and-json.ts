import { emptyMembers } from '../../../cds-hooks/empty-members.js';
import { isObject, member } from '../../../sandbox/resource-json.js';
import type { Exchange } from '../exchange.js';
import { isLoopbackUrl } from '../loopback.js';
import { fail, notApplicable, pass, rulesOf } from '../rule.js';
import { sameAnswer } from './answers.js';
import { actionsOf } from './found.js';

const JSON_TYPE = /^application\/(fhir\+)?json\b/i;

/** 1.1 of the reference. */
export const TRANSPORT_RULES = rulesOf({ section: 'transport and JSON', needs: 'call' }, [
  {
    id: 'https',
    requirements: ['1'],
    title: 'The service is reached over https, but on loopback',
    needs: 'discovery',
    check({ base }) {
      if (base.startsWith('https:')) return pass(`${base} is https`);
      if (isLoopbackUrl(base)) return notApplicable('plain http on loopback is for trying');
      return fail(`${base} is plain http to another machine`);
    },
  },
  {
    id: 'json-media-type',
    requirements: ['1', '37'],
    title: 'Every successful answer is JSON and says so',
    isReview: true,
    check({ exchanges }) {
      const bodies = exchanges.filter(({ status, text }) => status >= 200 && status < 300 && text !== '');
      const bad = bodies.find(({ headers, body }) => body === undefined || !isJsonType(headers));
      if (!bad) return pass(`${bodies.length} answers`);
      const type = bad.headers.get('content-type') ?? 'none';
      return fail(bad.body === undefined ? 'the body is not JSON' : `Content-Type is ${type}`, bad);
    },
  },
  {
    id: 'no-empty-members',
    requirements: ['2'],
    title: 'No answer holds null, "", [] or {} but for cards: [] and services: []',
    isReview: true,
    check({ exchanges }) {
      const bodies = exchanges.filter(({ body }) => body !== undefined);
      for (const exchange of bodies) {
        const paths = emptyPaths(exchange);
        if (paths.length > 0) return fail(`${paths.slice(0, 5).join(', ')} has no value`, exchange);
      }
      return pass(`${bodies.length} answers scanned`);
    },
  },
  {
    id: 'fhir-resources',
    requirements: ['3'],
    source: '3.0 ballot',
    title: 'Embedded resources are FHIR JSON with a resourceType',
    isReview: true,
    check(probe) {
      const resources = actionsOf(probe).flatMap(({ value, exchange }) => {
        const resource = member(value, 'resource');
        return isObject(resource) ? [{ resource, exchange }] : [];
      });
      const bad = resources.find(({ resource }) => typeof member(resource, 'resourceType') !== 'string');
      if (bad) return fail('a resource has no resourceType', bad.exchange, bad.resource);
      return resources.length === 0
        ? notApplicable('no answer holds a resource')
        : pass(`${resources.length} resources`);
    },
  },
  {
    id: 'unknown-fields',
    requirements: ['4'],
    source: 'practice',
    title: 'Members of a request that the service does not know are ignored',
    check: async (probe) => {
      const changed = await probe.call({ label: 'order-sign with unknown members', change: withUnknownMembers });
      return sameAnswer(probe, changed, 'members that no specification names');
    },
  },
]);

function isJsonType(headers: Headers): boolean {
  return JSON_TYPE.test(headers.get('content-type') ?? '');
}

function emptyPaths({ body, kind }: Exchange): readonly string[] {
  // Nobody says what answers feedback; an empty object is usual (requirement 59).
  const paths = emptyMembers(body, ['cards', 'services']);
  return kind === 'feedback' ? paths.filter((path) => path !== '$this') : paths;
}

function withUnknownMembers(body: Readonly<Record<string, unknown>>): unknown {
  const context = body['context'];
  return {
    ...body,
    conformanceUnknown: { nested: ['value'] },
    ...(isObject(context) && { context: { ...context, conformanceUnknown: 'value' } }),
  };
}
