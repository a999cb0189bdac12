import { isObject, member } from '../../../sandbox/resource-json.js';
import { rulesOf } from '../rule.js';
import { sameAnswer } from './answers.js';
import { actionsOf, cardsOf, each, given, linksOf, suggestionsOf, type Found } from './found.js';

const CARD_MEMBERS: ReadonlySet<string> = new Set([
  ...['uuid', 'summary', 'detail', 'indicator', 'source', 'suggestions', 'selectionBehavior'],
  ...['overrideReasons', 'links', 'extension'],
]);
const REVERSE_DNS = /^[a-z0-9-]+(\.[A-Za-z0-9_-]+)+$/;
const ASSOCIATED = 'davinci-crd.associated-resource';

/** Extensions, in requests and answers (1.12 of the reference). */
export const EXTENSION_RULES = rulesOf({ section: 'extensions', needs: 'call' }, [
  {
    id: 'request-extension',
    requirements: ['75'],
    title: 'An extension in a request that the service does not know is ignored',
    check: async (probe) => {
      const changed = await probe.call({
        label: 'order-sign with an unknown extension',
        change: (body) => ({ ...body, extension: { 'org.example.conformance': { level: 1, names: ['a'] } } }),
      });
      return sameAnswer(probe, changed, 'an unknown extension');
    },
  },
  {
    id: 'configuration-extension',
    requirements: ['76'],
    source: 'practice',
    title: 'Configuration that the service does not know is ignored',
    check: async (probe) => {
      const changed = await probe.call({
        label: 'order-sign with unknown configuration',
        change: (body) => ({ ...body, extension: { 'davinci-crd.configuration': { 'conformance-unknown': 1 } } }),
      });
      return sameAnswer(probe, changed, 'unknown configuration');
    },
  },
  {
    id: 'extension-objects',
    requirements: ['75'],
    title: 'extension, where given, is an object, its names reverse-DNS',
    isReview: true,
    check(probe) {
      const extended = extensible(probe).filter(({ value }) => given(value, 'extension') !== undefined);
      return each('extensions', extended, ({ value }) => {
        const extension = given(value, 'extension');
        if (!isObject(extension)) return 'has an extension that is no object';
        const odd = Object.keys(extension).find((name) => !REVERSE_DNS.test(name));
        return odd === undefined ? undefined : { warns: `has an extension ${odd}, which is no reverse-DNS name` };
      });
    },
  },
  {
    id: 'card-own-members',
    requirements: ['75'],
    level: 'SHOULD',
    title: 'What a card says beyond the specification stands in its extension',
    isReview: true,
    check: (probe) =>
      each('cards', cardsOf(probe), ({ value }) => {
        const own = Object.keys(value).filter((name) => !CARD_MEMBERS.has(name));
        return own.length > 0 ? `has members of its own: ${own.join(', ')}` : undefined;
      }),
  },
  {
    id: 'associated-resource',
    requirements: ['47'],
    level: 'MAY',
    source: 'practice',
    title: 'The extension that ties a card to its orders is a list of references',
    isReview: true,
    check: (probe) => {
      const tied = cardsOf(probe).filter(({ value }) => given(given(value, 'extension'), ASSOCIATED) !== undefined);
      return each(`cards with ${ASSOCIATED}`, tied, ({ value }) => {
        const references = given(given(value, 'extension'), ASSOCIATED);
        const isList = Array.isArray(references) && references.every((one: unknown) => typeof one === 'string');
        return isList ? undefined : `has ${ASSOCIATED} that is no list of references`;
      });
    },
  },
]);

/** Everything that may carry an extension. */
function extensible(probe: Parameters<typeof cardsOf>[0]): readonly Found[] {
  const answers = probe.exchanges.filter(
    ({ kind, status, body }) => kind === 'call' && status === 200 && isObject(body),
  );
  const bodies = answers.flatMap((exchange) =>
    isObject(exchange.body) ? [{ value: exchange.body, path: '$this', exchange }] : [],
  );
  const sources = cardsOf(probe).flatMap(({ value, path, exchange }) => {
    const source = member(value, 'source');
    return isObject(source) ? [{ value: source, path: `${path}.source`, exchange }] : [];
  });
  return [...bodies, ...cardsOf(probe), ...sources, ...suggestionsOf(probe), ...actionsOf(probe), ...linksOf(probe)];
}
