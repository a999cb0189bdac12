import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  compareResponses,
  PROBABILITY_TOLERANCE,
  type Difference,
} from '../../../src/kit/exchanges/compare-responses.js';
import { differenceWords } from '../../../src/kit/exchanges/replay-report.js';

const FACTS = {
  probability: 0.18,
  tier: 'high',
  model: { id: 'm', version: '1' },
  modalities: { notes: 'present' },
  drivers: [
    { concept: 'lactate', contribution: 0.4, value: 4.1, unit: 'mmol/L' },
    { concept: 'age', contribution: -0.1, value: 41 },
  ],
  unavailable: [{ source: 'notes', reason: 'timeout' }],
};
const CARD = {
  summary: 'High risk',
  indicator: 'warning',
  detail: 'Risk 18 %\n\n- lactate',
  source: { label: 'Hemolens' },
  extension: { 'org.hemolens.assessment': FACTS },
};

function answer(changes: object = {}, facts: object = {}): { status: number; response: unknown } {
  return {
    status: 200,
    response: { cards: [{ ...CARD, extension: { 'org.hemolens.assessment': { ...FACTS, ...facts } }, ...changes }] },
  };
}

function kinds(differences: readonly Difference[]): readonly string[] {
  return differences.map(({ what }) => what);
}

/** As it comes over the wire. */
function asJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

const anyAnswer = fc.record({
  status: fc.constantFrom(200, 200, 401, 412, 500),
  response: fc.oneof(
    fc.jsonValue(),
    fc.record({ cards: fc.array(fc.jsonValue(), { maxLength: 3 }) }),
    fc.record({
      cards: fc.array(
        fc.record({
          summary: fc.string(),
          detail: fc.string(),
          indicator: fc.constantFrom('info', 'warning'),
          extension: fc.record({
            'org.hemolens.assessment': fc.record({
              probability: fc.double({ min: 0, max: 1, noNaN: true }),
              tier: fc.constantFrom('low', 'high'),
              drivers: fc.array(fc.record({ concept: fc.string(), contribution: fc.double(), value: fc.double() })),
              unavailable: fc.array(fc.jsonValue()),
            }),
          }),
        }),
        { maxLength: 3 },
      ),
    }),
  ),
});

describe('comparing two answers', () => {
  test('an answer is the same as itself, whatever it is', () => {
    fc.assert(
      fc.property(anyAnswer, (one) => expect(compareResponses(asJson(one), asJson(one))).toEqual([])),
      { numRuns: 500 },
    );
  });

  test('a difference is one from both sides', () => {
    fc.assert(
      fc.property(anyAnswer, anyAnswer, (a, b) => {
        expect(compareResponses(asJson(a), asJson(b)).length > 0).toBe(
          compareResponses(asJson(b), asJson(a)).length > 0,
        );
      }),
      { numRuns: 300 },
    );
  });

  test.each<[string, object, object, readonly string[]]>([
    ['summary', { summary: 'Low risk' }, {}, ['summary']],
    ['indicator', { indicator: 'info' }, {}, ['indicator']],
    ['tier', {}, { tier: 'moderate' }, ['tier']],
    ['probability', {}, { probability: 0.2 }, ['probability']],
    ['a probability that went', {}, { probability: undefined }, ['probability']],
    [
      'a driver that came',
      {},
      { drivers: [...FACTS.drivers, { concept: 'sodium', contribution: 1 }] },
      ['driver-added'],
    ],
    ['a driver that went', {}, { drivers: FACTS.drivers.slice(0, 1) }, ['driver-removed']],
    [
      'a driver that turned',
      {},
      { drivers: [{ ...FACTS.drivers[0], contribution: -0.4 }, FACTS.drivers[1]] },
      ['driver-changed'],
    ],
    [
      'a gap that came',
      {},
      { unavailable: [...FACTS.unavailable, { source: 'labs', reason: 'timeout' }] },
      ['missing-added'],
    ],
    ['a gap that went', {}, { unavailable: undefined }, ['missing-removed']],
    ['a modality', {}, { modalities: { notes: 'empty' } }, ['modality']],
    ['the detail', { detail: 'Risk 18 %\n\n- sodium' }, {}, ['detail']],
    ['the order of lines', { detail: '- lactate\n\nRisk 18 %' }, {}, ['detail']],
    ['the source', { source: { label: 'Other' } }, {}, ['source']],
    ['a link', { links: [{ label: 'x' }] }, {}, ['links']],
    ['a suggestion', { suggestions: [{ label: 'x' }] }, {}, ['suggestions']],
    ['another extension', {}, { inIcu: true }, ['extension']],
    ['a member nobody knows', { overrideReasons: [{ code: 'x' }] }, {}, ['other']],
  ])('%s: told, and nothing else', (_title, changes, facts, want) => {
    const found = compareResponses(answer(), answer(changes, facts));
    expect(kinds(found)).toEqual(want);
    for (const difference of found) expect(differenceWords(difference)).not.toBe('');
  });

  test('probabilities closer than the tolerance, the version of the model and the order of drivers are no difference', () => {
    const near = { probability: FACTS.probability + PROBABILITY_TOLERANCE / 2 };
    expect(compareResponses(answer(), answer({}, near))).toEqual([]);
    expect(kinds(compareResponses(answer(), answer({}, { probability: 0.18 + 2 * PROBABILITY_TOLERANCE })))).toEqual([
      'probability',
    ]);
    expect(compareResponses(answer(), answer({}, { model: { id: 'm', version: '2' } }))).toEqual([]);
    expect(compareResponses(answer(), answer({}, { drivers: [...FACTS.drivers].reverse() }))).toEqual([]);
  });

  test('another number of cards, another status and another refusal are told in words', () => {
    expect(compareResponses(answer(), { status: 200, response: { cards: [] } })).toEqual([
      { what: 'cards', before: '1 card', after: 'no card' },
    ]);
    const outcome = (text: string): unknown => ({ issue: [{ details: { text } }] });
    expect(compareResponses(answer(), { status: 412, response: outcome('no chart') })).toEqual([
      { what: 'status', before: '200', after: '412 no chart' },
    ]);
    const [one, two] = [
      { status: 412, response: outcome('a') },
      { status: 412, response: outcome('b') },
    ];
    expect(compareResponses(one, two)).toEqual([{ what: 'error', before: 'a', after: 'b' }]);
  });
});
