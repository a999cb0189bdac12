import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { emptyMembers } from '../../src/cds-hooks/empty-members.js';
import { assertResponseShape } from '../../src/cds-hooks/response-shape.js';

const card = {
  uuid: '3f0c5c1e-5a0b-4c0e-9a3e-2b8f6a1d7e10',
  summary: 'High 7-day mortality risk: 18 %',
  indicator: 'warning',
  detail: '**Predicted risk 18 %**',
  source: {
    label: 'Hemolens',
    url: 'https://cds.example.org/model-card',
    topic: { system: 'https://cds.example.org/topics', code: 'TXMORT7D', display: '7-day mortality risk' },
  },
  extension: { 'org.hemolens.assessment': { probability: 0.18 } },
};
const suggestion = {
  label: 'Change to one unit',
  actions: [{ type: 'delete', description: 'x', resourceId: 'ServiceRequest/1' }],
};
const response = (changes: object) => ({ cards: [{ ...card, ...changes }] });

function withAction(action: object): unknown {
  return response({ suggestions: [{ label: 'x', actions: [action] }], selectionBehavior: 'any' });
}

describe('a response', () => {
  it.each<[string, unknown]>([
    ['with no card (req. 35)', { cards: [] }],
    ['with one card', response({})],
    ['with a summary of 139 characters (req. 40)', response({ summary: 'x'.repeat(139) })],
    [
      'with a SMART link and its appContext, among its links (req. 46, 53, cds-resp-3)',
      response({ links: [{ label: 'Details', url: 'https://a.example/launch', type: 'smart', appContext: 'x' }] }),
    ],
    [
      'with suggestions and how to select among them (req. 44, cds-resp-6)',
      response({ suggestions: [suggestion], selectionBehavior: 'any' }),
    ],
    [
      'with one recommended suggestion of at-most-one, or two of any (req. 48, cds-resp-1)',
      {
        cards: [
          {
            ...card,
            suggestions: [{ ...suggestion, isRecommended: true }, suggestion],
            selectionBehavior: 'at-most-one',
          },
          {
            ...card,
            suggestions: [1, 2].map(() => ({ ...suggestion, isRecommended: true })),
            selectionBehavior: 'any',
          },
        ],
      },
    ],
    [
      'with override reasons (req. 45, cds-resp-4)',
      response({ overrideReasons: [{ system: 'https://a.example', code: 'x', display: 'X' }] }),
    ],
  ])('%s is well formed', (_, value) => {
    expect(() => assertResponseShape(value)).not.toThrow();
  });

  it.each<[string, unknown]>([
    ['without cards (req. 34)', {}],
    ['with system actions, which no client agreed to (req. 38)', { cards: [], systemActions: [{ type: 'delete' }] }],
    ['without a uuid (req. 39)', response({ uuid: undefined })],
    ['with a summary of 140 characters (req. 40)', response({ summary: 'x'.repeat(140) })],
    ['with a summary of 70 characters outside the basic plane (req. 40)', response({ summary: '🩸'.repeat(70) })],
    ['without a summary (req. 40)', response({ summary: '' })],
    ['with another indicator (req. 42)', response({ indicator: 'hard-stop' })],
    ['without a source label (req. 43)', response({ source: { url: 'https://a.example' } })],
    ['with a relative source address (req. 43)', response({ source: { ...card.source, url: '/model-card' } })],
    ['with suggestions and no selectionBehavior (req. 44, cds-resp-6)', response({ suggestions: [suggestion] })],
    [
      'with an override reason without display (req. 45, cds-resp-4)',
      response({ overrideReasons: [{ system: 'https://a.example', code: 'x' }] }),
    ],
    ['with a member of its own at the top of a card (req. 75)', response({ title: 'Sepsis' })],
    [
      'with two recommended suggestions of at-most-one (req. 48, cds-resp-1)',
      response({
        suggestions: [1, 2].map(() => ({ ...suggestion, isRecommended: true })),
        selectionBehavior: 'at-most-one',
      }),
    ],
    [
      'with an actionSelectionBehavior, which no client said it supports (req. 49, cds-resp-7)',
      response({ suggestions: [{ ...suggestion, actionSelectionBehavior: 'any' }], selectionBehavior: 'any' }),
    ],
    [
      'with a creation without a resource (req. 50)',
      response({
        suggestions: [{ label: 'x', actions: [{ type: 'create', description: 'x' }] }],
        selectionBehavior: 'any',
      }),
    ],
    [
      'with an action without a description (req. 50, cds-resp-5)',
      withAction({ type: 'delete', resourceId: 'ServiceRequest/1' }),
    ],
    ['with a delete without a resourceId (req. 50, cds-resp-2)', withAction({ type: 'delete', description: 'x' })],
    [
      'with a delete with a resource (req. 50, cds-resp-2)',
      withAction({
        type: 'delete',
        description: 'x',
        resourceId: 'ServiceRequest/1',
        resource: { resourceType: 'ServiceRequest' },
      }),
    ],
    ['with a selectionBehavior and no suggestions (req. 44, cds-resp-6)', response({ selectionBehavior: 'any' })],
    ...['system', 'code', 'display'].map((member): [string, unknown] => [
      `with an override reason without ${member} (req. 45)`,
      response({ overrideReasons: [{ system: 'https://a.example', code: 'x', display: 'X', [member]: undefined }] }),
    ]),
    ['with links that are no list (req. 46)', response({ links: { label: 'x' } })],
    ['with a relative link (req. 52)', response({ links: [{ label: 'x', url: '/app', type: 'absolute' }] })],
    [
      'with an appContext on an absolute link (req. 53, cds-resp-3)',
      response({ links: [{ label: 'x', url: 'https://a.example', type: 'absolute', appContext: 'x' }] }),
    ],
    [
      'with an autolaunchable link (req. 55)',
      response({ links: [{ label: 'x', url: 'https://a.example', type: 'smart', autolaunchable: true }] }),
    ],
    ['with an empty extension (req. 2)', response({ extension: {} })],
    [
      'with a null deep in an extension (req. 2)',
      response({ extension: { 'org.hemolens.assessment': { drivers: [{ value: null }] } } }),
    ],
  ])('fault: %s does not leave', (_, value) => {
    const json: unknown = JSON.parse(JSON.stringify(value));
    expect(() => assertResponseShape(json)).toThrow(expect.objectContaining({ code: 'ERR_INTERNAL' }));
  });
});

describe('the scan for members without a value (req. 2)', () => {
  it('names each of them', () => {
    const value = { a: null, b: '', c: [], d: {}, e: [{ f: [null] }], cards: [], deep: { cards: [] } };
    expect(emptyMembers(value, ['cards'])).toEqual(['a', 'b', 'c', 'd', 'e[0].f[0]', 'deep.cards']);
  });

  it('finds one hidden anywhere, and none where there is none', () => {
    const leaf = fc.oneof(fc.integer(), fc.boolean(), fc.string({ minLength: 1 }));
    const full = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('node'), { minLength: 1, maxLength: 3 }),
        fc.dictionary(fc.string(), tie('node'), { minKeys: 1, maxKeys: 3 }),
      ),
    })).node;
    fc.assert(
      fc.property(full, fc.constantFrom(null, '', [], {}), (value, empty) => {
        expect(emptyMembers(value)).toEqual([]);
        expect(emptyMembers({ value, hidden: [value, { empty }] })).toEqual(['hidden[1].empty']);
      }),
    );
  });
});
