import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MAX_FEEDBACK_ITEMS, parseFeedback } from '../../src/cds-hooks/parse-feedback.js';

const CARD = '9368D37B-283F-44A0-93EA-547CEBAB93ED';
const TIME = '2026-03-02T09:00:00Z';
const accepted = { card: CARD, outcome: 'accepted', acceptedSuggestions: [{ id: 's-1' }], outcomeTimestamp: TIME };
const overridden = (overrideReason?: unknown) => ({
  card: CARD,
  outcome: 'overridden',
  outcomeTimestamp: TIME,
  ...(overrideReason === undefined ? {} : { overrideReason }),
});
const REASON = { system: 'http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes', code: 'action-completed' };

describe('feedback on cards (req. 56, 57)', () => {
  it('accepted names its suggestions (cds-fb-1) (cds-fb-2)', () => {
    expect(parseFeedback({ feedback: [accepted] })).toEqual({
      items: [
        {
          cardId: CARD.toLowerCase(),
          outcome: 'accepted',
          acceptedSuggestionIds: ['s-1'],
          outcomeTimestampMs: Date.parse(TIME),
        },
      ],
      problems: [],
    });
  });

  it('accepted without suggestions is kept, and said to be incomplete (cds-fb-2)', () => {
    const { items, problems } = parseFeedback({ feedback: [{ ...accepted, acceptedSuggestions: undefined }] });
    expect(items).toMatchObject([{ outcome: 'accepted', acceptedSuggestionIds: [] }]);
    expect(problems).toMatchObject([{ expression: 'feedback[0].acceptedSuggestions', isRefused: false }]);
  });

  it.each<[string, unknown, Record<string, unknown>]>([
    ['a reason without display', { reason: REASON }, { overrideReason: REASON }],
    ['a reason without system', { reason: { code: 'a' } }, { overrideReason: { code: 'a' } }],
    ['a reason with display', { reason: { ...REASON, display: 'd' } }, { overrideReason: { ...REASON, display: 'd' } }],
    ['a comment only', { userComment: 'c' }, { userComment: 'c' }],
    ['both', { reason: REASON, userComment: 'c' }, { overrideReason: REASON, userComment: 'c' }],
    ['no reason at all', undefined, {}],
    ['null for what is not given', { reason: REASON, userComment: null }, { overrideReason: REASON }],
  ])('an override may have %s (cds-fb-3)', (_, reason, want) => {
    const { items, problems } = parseFeedback({ feedback: [overridden(reason)] });
    expect(problems).toEqual([]);
    expect(items).toEqual([
      {
        cardId: CARD.toLowerCase(),
        outcome: 'overridden',
        acceptedSuggestionIds: [],
        outcomeTimestampMs: Date.parse(TIME),
        ...want,
      },
    ]);
  });

  it('ignores members that are not known (req. 4)', () => {
    const item = { ...accepted, extension: { a: 1 }, later: true };
    expect(parseFeedback({ feedback: [item], more: 1 })).toMatchObject({ items: [{}], problems: [] });
  });

  it.each([
    ['2026-03-02T10:00:00.5+01:00', '2026-03-02T09:00:00.500Z'],
    ['2026-03-02t09:00:00z', TIME],
    ['2026-12-31T23:59:60Z', '2026-12-31T23:59:59Z'],
  ])('reads the RFC 3339 time %s (req. 57)', (text, same) => {
    const { items } = parseFeedback({ feedback: [{ ...accepted, outcomeTimestamp: text }] });
    expect(items[0]?.outcomeTimestampMs).toBe(Date.parse(same));
  });

  it('several items, on several cards and repeated, are all read (req. 58)', () => {
    const { items } = parseFeedback({ feedback: [accepted, accepted, overridden({ reason: REASON })] });
    expect(items).toHaveLength(3);
  });
});

describe('bad call: an item that does not fit is named, and the others are kept (req. 59)', () => {
  it.each<[string, unknown, string]>([
    ['no object', 'accepted', 'feedback[1]'],
    ['no card', { ...accepted, card: undefined }, 'feedback[1].card'],
    ['a card that is no uuid', { ...accepted, card: 'x' }, 'feedback[1].card'],
    ['an unknown outcome (cds-fb-1)', { ...accepted, outcome: 'ignored' }, 'feedback[1].outcome'],
    ['no time', { ...accepted, outcomeTimestamp: undefined }, 'feedback[1].outcomeTimestamp'],
    ['a time without zone', { ...accepted, outcomeTimestamp: '2026-03-02T09:00:00' }, 'feedback[1].outcomeTimestamp'],
    ['a day that is none', { ...accepted, outcomeTimestamp: '2026-13-02T09:00:00Z' }, 'feedback[1].outcomeTimestamp'],
    ['a suggestion without id', { ...accepted, acceptedSuggestions: [{}] }, 'feedback[1].acceptedSuggestions[0].id'],
    ['suggestions that are no list', { ...accepted, acceptedSuggestions: {} }, 'feedback[1].acceptedSuggestions'],
    ['an empty override reason (cds-fb-3)', overridden({}), 'feedback[1].overrideReason'],
    ['a reason without code', overridden({ reason: { display: 'd' } }), 'feedback[1].overrideReason.reason.code'],
    ['an endless comment', overridden({ userComment: 'x'.repeat(4097) }), 'feedback[1].overrideReason.userComment'],
    ['a control character', overridden({ reason: { code: 'a\u0000' } }), 'feedback[1].overrideReason.reason.code'],
  ])('%s', (_, item, expression) => {
    const { items, problems } = parseFeedback({ feedback: [accepted, item, accepted] });
    expect(items).toHaveLength(2);
    expect(problems).toMatchObject([{ expression, isRefused: true }]);
  });

  it('free text is kept without the character that databases refuse', () => {
    const { items } = parseFeedback({ feedback: [overridden({ userComment: 'a\u0000b\ud800' })] });
    expect(items[0]?.userComment).toBe('ab\ufffd');
  });
});

describe('bad call: a body without a list of items is refused', () => {
  it.each<[string, unknown]>([
    ['null', null],
    ['an array', [accepted]],
    ['an object without feedback', { card: CARD }],
    ['feedback that is an object', { feedback: accepted }],
    ['no item', { feedback: [] }],
    ['too many items', { feedback: Array.from({ length: MAX_FEEDBACK_ITEMS + 1 }, () => accepted) }],
  ])('%s', (_, body) => {
    expect(() => parseFeedback(body)).toThrow('ERR_REQUEST_INVALID');
  });

  it('whatever is sent, nothing else is thrown and no value is quoted', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (value) => {
        const { items, problems } = parseFeedback({ feedback: [accepted, value] });
        expect(items.length + problems.length).toBeGreaterThan(1);
      }),
    );
  });
});
