import { isObject, member } from '../../../sandbox/resource-json.js';
import type { Exchange } from '../exchange.js';
import { fail, notApplicable, pass, rulesOf, warn } from '../rule.js';
import { cardsOf, each, given, isAbsoluteUrl, isText, quoted, type Problem } from './found.js';

const MAXIMUM_SUMMARY = 139;
const INDICATORS: ReadonlySet<unknown> = new Set(['info', 'warning', 'critical']);
const BEHAVIOURS: ReadonlySet<unknown> = new Set(['at-most-one', 'any']);
const HTML = /<\/?[a-z][^>]*>/i;
const CODE = /(```[\s\S]*?```|`[^`\n]*`)/g;

/** 1.7 of the reference. */
export const CARD_RULES = rulesOf({ section: 'card', needs: 'call', isReview: true }, [
  {
    id: 'card-summary',
    requirements: ['40'],
    title: 'summary is a text of fewer than 140 characters, in code points and in UTF-16 units',
    check: (probe) =>
      each('cards', cardsOf(probe), ({ value }) => {
        const summary = given(value, 'summary');
        if (!isText(summary)) return 'has no summary';
        const [points, units] = [Array.from(summary).length, summary.length];
        if (points > MAXIMUM_SUMMARY) return `has a summary of ${points} characters`;
        return units > MAXIMUM_SUMMARY ? `has a summary of ${units} UTF-16 units` : undefined;
      }),
  },
  {
    id: 'card-detail',
    requirements: ['41'],
    title: 'detail, where given, is a text',
    check: (probe) => each('cards', cardsOf(probe), ({ value }) => optionalText(value, 'detail')),
  },
  {
    id: 'card-detail-markdown',
    requirements: ['41'],
    level: 'SHOULD',
    title: 'detail is Markdown without HTML, which clients render or show as it stands',
    check: (probe) =>
      each('cards', cardsOf(probe), ({ value }) => {
        const detail = given(value, 'detail');
        return isText(detail) && HTML.test(detail.replace(CODE, '')) ? 'has HTML in its detail' : undefined;
      }),
  },
  {
    id: 'card-indicator',
    requirements: ['42'],
    title: 'indicator is info, warning or critical',
    check: (probe) =>
      each('cards', cardsOf(probe), ({ value }) => {
        const indicator = given(value, 'indicator');
        return INDICATORS.has(indicator) ? undefined : `has indicator ${quoted(indicator)}`;
      }),
  },
  {
    id: 'card-source',
    requirements: ['43'],
    title: 'source has a label; its url and icon, where given, are absolute; its topic has a code',
    check: (probe) => each('cards', cardsOf(probe), ({ value }) => sourceProblem(given(value, 'source'))),
  },
  {
    id: 'card-uuid',
    requirements: ['39'],
    title: 'uuid, where given, is a text of its own for each card of each answer',
    check(probe) {
      const cards = cardsOf(probe);
      if (cards.length === 0) return notApplicable('no answer holds cards');
      const first = new Map<string, Exchange>();
      for (const { value, path, exchange } of cards) {
        const uuid = given(value, 'uuid');
        if (uuid === undefined) continue;
        if (!isText(uuid)) return fail(`${path}.uuid is no text`, exchange, value);
        if (first.has(uuid)) return fail(`${path}.uuid was used before`, exchange, value);
        first.set(uuid, exchange);
      }
      if (first.size === 0) return warn('no card has a uuid: feedback cannot name it', cards[0]?.exchange);
      return pass(`${first.size} cards, each with a uuid of its own`);
    },
  },
  {
    id: 'card-selection-behavior',
    requirements: ['44', 'cds-resp-6'],
    title: 'selectionBehavior is at-most-one or any, and stands with suggestions',
    check: (probe) =>
      each('cards', cardsOf(probe), ({ value }) => {
        const [suggestions, behaviour] = [given(value, 'suggestions'), given(value, 'selectionBehavior')];
        const has = Array.isArray(suggestions) && suggestions.length > 0;
        if (behaviour !== undefined && !BEHAVIOURS.has(behaviour)) {
          return `has selectionBehavior ${JSON.stringify(behaviour)}`;
        }
        if (has && behaviour === undefined) return 'has suggestions and no selectionBehavior';
        return !has && behaviour !== undefined ? { warns: 'has selectionBehavior and no suggestions' } : undefined;
      }),
  },
  {
    id: 'card-override-reasons',
    requirements: ['45', 'cds-resp-4'],
    title: 'Each override reason has code, system and display',
    check: (probe) => {
      const cards = cardsOf(probe).filter(({ value }) => Array.isArray(member(value, 'overrideReasons')));
      return each('cards with overrideReasons', cards, ({ value }) => {
        const reasons = member(value, 'overrideReasons');
        const bad = (Array.isArray(reasons) ? reasons : []).findIndex((reason: unknown) =>
          ['code', 'system', 'display'].some((name) => !isText(given(reason, name))),
        );
        return bad >= 0 ? `overrideReasons[${bad}] lacks code, system or display` : undefined;
      });
    },
  },
  {
    id: 'card-members',
    requirements: ['46', '75'],
    title: 'links, suggestions and overrideReasons, where given, are lists',
    check: (probe) =>
      each('cards', cardsOf(probe), ({ value }) => {
        const odd = ['links', 'suggestions', 'overrideReasons'].find((name) => {
          const list = given(value, name);
          return list !== undefined && !(Array.isArray(list) && list.every(isObject));
        });
        return odd === undefined ? undefined : `has ${odd} that is no list of objects`;
      }),
  },
]);

function optionalText(value: unknown, name: string): Problem {
  const found = given(value, name);
  return found === undefined || isText(found) ? undefined : `has a ${name} that is no text`;
}

function sourceProblem(source: unknown): Problem {
  if (!isText(given(source, 'label'))) return 'has no source.label';
  const relative = ['url', 'icon'].find((name) => {
    const url = given(source, name);
    return url !== undefined && !isAbsoluteUrl(url);
  });
  if (relative !== undefined) return `has a source.${relative} that is not absolute`;
  const topic = given(source, 'topic');
  return topic !== undefined && !isText(given(topic, 'code')) ? 'has a source.topic without a code' : undefined;
}
