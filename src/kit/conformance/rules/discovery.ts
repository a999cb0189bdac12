import { parsePrefetchTemplate } from '../../../cds-hooks/prefetch-query.js';
import { isObject, member, textMember } from '../../../sandbox/resource-json.js';
import type { Probe } from '../probe.js';
import { fail, notApplicable, pass, rulesOf, warn } from '../rule.js';
import { isAnswered } from './answers.js';
import { each, given, isText, type Found } from './found.js';

const SEMVER = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;
/** Versions of order-sign in the hook library's table and change log. */
const ORDER_SIGN_VERSIONS: ReadonlySet<string> = new Set(['1.0', '1.0.0', '1.0.1', '1.1', '1.1.0']);
const TOKEN = /\{\{([^{}]*)\}\}/g;
const ORDER_SIGN_TOKENS: ReadonlySet<string> = new Set([
  ...['context.userId', 'context.patientId', 'context.encounterId'],
  ...['userPractitionerId', 'userPractitionerRoleId', 'userPatientId', 'userRelatedPersonId'],
]);
/** What only 3.0 allows in a token. */
const BALLOT_TOKEN = /today\(\)|resolve\(\)|ofType\(|%|\|/;

/** 1.2 of the reference, and what a discovery entry says about prefetch. */
export const DISCOVERY_RULES = rulesOf({ section: 'discovery', needs: 'discovery' }, [
  {
    id: 'discovery-address',
    requirements: ['5'],
    title: 'GET {base}/cds-services is answered 200 with { "services": [ … ] }',
    check({ discovery, base }) {
      const { status, headers, body } = discovery;
      if (status !== 200) return fail(`${base}/cds-services: HTTP ${status}`, discovery);
      if (Array.isArray(member(body, 'services'))) return pass('HTTP 200', discovery);
      const isPage = (headers.get('content-type') ?? '').includes('html');
      return fail(isPage ? 'discovery is an HTML page' : 'the body is not { "services": [ … ] }', discovery);
    },
  },
  {
    id: 'discovery-entry',
    requirements: ['7'],
    title: 'Each service has hook, id and description, as texts',
    check: (probe) =>
      each('services', entriesOf(probe), ({ value }) => {
        const lacking = ['hook', 'id', 'description'].filter((name) => !isText(given(value, name)));
        return lacking.length > 0 ? `has no ${lacking.join(', ')}` : undefined;
      }),
  },
  {
    id: 'discovery-title',
    requirements: ['8'],
    level: 'SHOULD',
    title: 'Each service has a title',
    check: (probe) =>
      each('services', entriesOf(probe), ({ value }) => (isText(given(value, 'title')) ? undefined : 'has no title')),
  },
  {
    id: 'discovery-members',
    requirements: ['9'],
    title: 'prefetch, where given, is an object of texts; usageRequirements is a text',
    check: (probe) =>
      each('services', entriesOf(probe), ({ value }) => {
        const [prefetch, usage] = [given(value, 'prefetch'), given(value, 'usageRequirements')];
        if (usage !== undefined && !isText(usage)) return 'has a usageRequirements that is no text';
        if (prefetch === undefined) return undefined;
        if (!isObject(prefetch)) return 'has a prefetch that is no object';
        const odd = Object.entries(prefetch).find(([, template]) => template !== null && !isText(template));
        return odd ? `has a prefetch template ${odd[0]} that is no text` : undefined;
      }),
  },
  {
    id: 'discovery-version',
    requirements: ['10'],
    level: 'SHOULD',
    source: '3.0 ballot',
    title: 'version is the semver of the CDS Hooks text that is implemented',
    check: (probe) =>
      each('services', entriesOf(probe), ({ value }) => {
        const version = given(value, 'version');
        if (version === undefined) return 'has no version';
        return isText(version) && SEMVER.test(version) ? undefined : 'has a version that is no semver';
      }),
  },
  {
    id: 'discovery-hook-version',
    requirements: ['11'],
    source: '3.0 ballot',
    title: 'hookVersion, where given, is a published version of the hook',
    check(probe) {
      const versioned = entriesOf(probe).filter(
        ({ value }) => textMember(value, 'hook') === 'order-sign' && given(value, 'hookVersion') !== undefined,
      );
      if (versioned.length === 0) return notApplicable('no order-sign service names a hookVersion');
      return each('services with hookVersion', versioned, ({ value }) =>
        ORDER_SIGN_VERSIONS.has(String(given(value, 'hookVersion')))
          ? undefined
          : `has hookVersion ${String(given(value, 'hookVersion'))}, which order-sign never had`,
      );
    },
  },
  {
    id: 'discovery-distinct-ids',
    requirements: ['12'],
    level: 'SHOULD',
    source: 'practice',
    title: 'No two services have the same id',
    check({ services, discovery }) {
      const ids = services.map((service) => textMember(service, 'id'));
      const twice = ids.find((id, at) => id !== undefined && ids.indexOf(id) !== at);
      if (twice === undefined) return pass(`${ids.length} services`);
      return fail(`id ${twice} is used twice: clients that key services by id keep one of them`, discovery);
    },
  },
  {
    id: 'discovery-open-or-401',
    requirements: ['14'],
    level: 'MAY',
    title: 'Discovery without a token is answered, or refused with 401',
    check: async (probe) => {
      if (probe.discovery.status !== 200 && probe.discovery.status !== 401) {
        return notApplicable(`discovery is not answered: HTTP ${probe.discovery.status}`);
      }
      const answer = await probe.send({
        label: 'discovery without a client token',
        kind: 'discovery',
        method: 'GET',
        path: '/cds-services',
        token: 'none',
      });
      const { status } = answer;
      if (status === 200 || status === 401) return pass(`HTTP ${status}`, answer);
      return fail(`HTTP ${status}, wanted 200 or 401`, answer);
    },
  },
  {
    id: 'discovery-stable',
    requirements: ['20'],
    needs: 'service',
    title: 'Prefetch templates are published under the same keys each time',
    check: async (probe) => {
      const again = await probe.send({
        label: 'discovery, again',
        kind: 'discovery',
        method: 'GET',
        path: '/cds-services',
      });
      const id = textMember(probe.entry, 'id');
      const services = member(again.body, 'services');
      const entry: unknown = Array.isArray(services)
        ? services.find((service: unknown) => textMember(service, 'id') === id)
        : undefined;
      const [first, second] = [probe.entry, entry].map((one) => JSON.stringify(member(one, 'prefetch') ?? null));
      if (first !== second) return fail('the prefetch templates changed between two calls', again);
      return first === 'null' ? notApplicable('the service publishes no prefetch') : pass('twice the same', again);
    },
  },
  {
    id: 'prefetch-tokens',
    requirements: ['21', '22'],
    title: 'Templates hold only tokens that order-sign offers',
    check: (probe) =>
      each('prefetch templates', templatesOf(probe), ({ value }) => {
        const text = templateText(value);
        for (const [, token = ''] of text.matchAll(TOKEN)) {
          if (ORDER_SIGN_TOKENS.has(token)) continue;
          if (BALLOT_TOKEN.test(token)) {
            return { warns: `uses {{${token}}}: 3.0 only, 2.0 clients leave the key out` };
          }
          return `uses {{${token}}}, which order-sign does not offer`;
        }
        return undefined;
      }),
  },
  {
    id: 'prefetch-queries',
    requirements: ['23'],
    level: 'SHOULD',
    title: 'Templates use only the query forms that clients are asked to support',
    check: (probe) =>
      each('prefetch templates', templatesOf(probe), ({ value }) => {
        const text = templateText(value);
        if ([...text.matchAll(TOKEN)].some(([, token = '']) => !ORDER_SIGN_TOKENS.has(token))) return undefined;
        try {
          parsePrefetchTemplate(text);
          return undefined;
        } catch (error) {
          return error instanceof Error ? error.message.replace(/^ERR_\w+: a prefetch template /, '') : 'is illegal';
        }
      }),
  },
  {
    id: 'trailing-slash',
    requirements: ['72'],
    level: 'SHOULD',
    source: 'practice',
    needs: 'call',
    title: 'A slash at the end of an address changes nothing',
    check: async (probe) => {
      const path = '/cds-services/';
      const list = await probe.send({ label: 'discovery, trailing slash', kind: 'discovery', method: 'GET', path });
      if (list.status !== 200) return warn(`discovery with a slash at its end: HTTP ${list.status}`, list);
      const call = await probe.call(
        { label: 'order-sign, trailing slash' },
        // The audience is the address as discovery gives it.
        { path: `${probe.servicePath}/`, ...plainAudience(probe) },
      );
      return isAnswered(call) ? pass('HTTP 200', call) : fail(`the call with a slash: HTTP ${call.status}`, call);
    },
  },
]);

function plainAudience({ tokens, base, servicePath }: Probe): { readonly token?: () => Promise<string> } {
  return tokens ? { token: () => tokens.sign(`${base}${servicePath}`) } : {};
}

function entriesOf({ services, discovery }: Probe): readonly Found[] {
  return services.map((service, at) => ({
    value: isObject(service) ? service : {},
    path: `services[${at}]`,
    exchange: discovery,
  }));
}

/** Each template of the service under test, as an object of one member. */
function templatesOf({ entry, discovery }: Probe): readonly Found[] {
  const prefetch = member(entry, 'prefetch');
  if (!isObject(prefetch)) return [];
  return Object.entries(prefetch).flatMap(([key, text]: [string, unknown]) =>
    isText(text) ? [{ value: { [key]: text }, path: `prefetch.${key}`, exchange: discovery }] : [],
  );
}

function templateText(value: object): string {
  return String(Object.values(value)[0]);
}
