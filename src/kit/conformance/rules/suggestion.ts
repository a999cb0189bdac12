import { isObject, member } from '../../../sandbox/resource-json.js';
import { rulesOf } from '../rule.js';
import { actionsOf, cardsOf, each, given, isText, quoted, suggestionsOf, type Problem } from './found.js';

const ACTION_TYPES: ReadonlySet<unknown> = new Set(['create', 'update', 'delete']);
const ACTION_BEHAVIOURS: ReadonlySet<unknown> = new Set(['all', 'any', 'at-most-one']);

/** 1.8 of the reference. */
export const SUGGESTION_RULES = rulesOf({ section: 'suggestion', needs: 'call', isReview: true }, [
  {
    id: 'suggestion-members',
    requirements: ['48'],
    title: 'A suggestion has a label; uuid is a text, isRecommended true or false, actions a list',
    check: (probe) =>
      each('suggestions', suggestionsOf(probe), ({ value }) => {
        if (!isText(given(value, 'label'))) return 'has no label';
        const [uuid, recommended, actions] = ['uuid', 'isRecommended', 'actions'].map((name) => given(value, name));
        if (uuid !== undefined && !isText(uuid)) return 'has a uuid that is no text';
        if (recommended !== undefined && typeof recommended !== 'boolean')
          return 'has isRecommended that is no boolean';
        return actions === undefined || (Array.isArray(actions) && actions.every(isObject))
          ? undefined
          : 'has actions that are no list of objects';
      }),
  },
  {
    id: 'suggestion-one-recommended',
    requirements: ['48', 'cds-resp-1'],
    title: 'Of at-most-one, at most one suggestion is recommended',
    check: (probe) =>
      each(
        'cards with at-most-one',
        cardsOf(probe).filter(({ value }) => given(value, 'selectionBehavior') === 'at-most-one'),
        ({ value }) => {
          const suggestions = given(value, 'suggestions');
          const recommended = (Array.isArray(suggestions) ? suggestions : []).filter(
            (one: unknown) => given(one, 'isRecommended') === true,
          );
          return recommended.length > 1 ? `recommends ${recommended.length} suggestions of at-most-one` : undefined;
        },
      ),
  },
  {
    id: 'suggestion-actions',
    requirements: ['50', 'cds-resp-2', 'cds-resp-5'],
    title: 'An action has type and description; create and update a resource, delete a resourceId',
    check: (probe) => {
      const actions = actionsOf(probe).filter(({ path }) => path.startsWith('cards'));
      return each('actions', actions, ({ value }) =>
        isText(given(value, 'description')) ? actionProblem(value) : 'has no description',
      );
    },
  },
  {
    id: 'action-selection-behavior',
    requirements: ['49', 'cds-resp-7'],
    source: '3.0 ballot',
    title: 'actionSelectionBehavior is not used towards a client that is not known to support it',
    check: (probe) =>
      each('suggestions', suggestionsOf(probe), ({ value }) => {
        const behaviour = given(value, 'actionSelectionBehavior');
        if (behaviour === undefined) return undefined;
        return ACTION_BEHAVIOURS.has(behaviour)
          ? { warns: 'has actionSelectionBehavior: only for a client that supports it' }
          : `has actionSelectionBehavior ${JSON.stringify(behaviour)}`;
      }),
  },
]);

/** What is wrong with an action, its description apart. */
export function actionProblem(action: unknown): Problem {
  const [type, resource] = [given(action, 'type'), given(action, 'resource')];
  if (!ACTION_TYPES.has(type)) return `has type ${quoted(type)}`;
  if (type !== 'delete') return isObject(resource) ? undefined : `has no resource to ${String(type)}`;
  if (isText(given(action, 'resourceId')) && member(action, 'resource') === undefined) return undefined;
  return { warns: 'is a delete without resourceId, or with a resource (cds-resp-2)' };
}
