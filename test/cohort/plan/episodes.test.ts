import { describe, expect, test } from '@jest/globals';
import { assertIndexRule, episodesOf, type IndexRule } from '../../../src/cohort/plan/episodes.js';
import { chartOf, HOUR, NOON, orderAt, productAt } from '../made-up-chart.js';

const rule = (kind: IndexRule['kind'], changes: Partial<IndexRule> = {}): IndexRule => ({
  kind,
  gapHours: 24,
  landmarkHours: [6, 24],
  ...changes,
});
const hoursOf = (times: readonly { readonly indexMs: number }[]): readonly number[] =>
  times.map(({ indexMs }) => (indexMs - NOON) / HOUR);

describe('episodes by order time', () => {
  test('a new episode begins when more than 24 h passed since the previous order, not since the first', () => {
    const chart = chartOf({ orders: [orderAt(0), orderAt(20), orderAt(44), orderAt(68.001)] });
    expect(hoursOf(episodesOf(chart, rule('order-time')).episodes)).toEqual([0, 68.001]);
    expect(episodesOf(chart, rule('order-time')).episodes.map(({ events }) => events)).toEqual([3, 1]);
  });

  test('orders of one minute are one signing: all their products, at the time of the last', () => {
    const chart = chartOf({
      orders: [orderAt(0, { orderMs: NOON + 5000 }), orderAt(0.1, { orderMs: NOON + 40_000, products: ['platelets'] })],
    });
    const [episode] = episodesOf(chart, rule('order-time')).episodes;
    expect(episode).toMatchObject({ indexMs: NOON + 40_000, products: ['platelets', 'rbc'], admissionId: 'a1' });
  });

  test('a changed order is signed again; a discontinued order is no signing', () => {
    const chart = chartOf({
      orders: [orderAt(0, { transaction: 'discontinue' }), orderAt(2, { transaction: 'change' })],
    });
    expect(hoursOf(episodesOf(chart, rule('order-time')).episodes)).toEqual([2]);
  });

  test('an order outside an ICU stay is kept and has no stay', () => {
    const [episode] = episodesOf(chartOf({ orders: [orderAt(-5)] }), rule('order-time')).episodes;
    expect(episode).toMatchObject({ stayId: null, admissionId: 'a1' });
  });

  test('with a gap of 0 h every signing is an episode of its own', () => {
    const chart = chartOf({ orders: [orderAt(0), orderAt(1), orderAt(2)] });
    expect(episodesOf(chart, rule('order-time', { gapHours: 0 })).episodes).toHaveLength(3);
  });
});

describe('episodes by administration', () => {
  test('an operating room row begins the episode and is never its index', () => {
    const chart = chartOf({
      transfusions: [productAt(1, { place: 'operating-room' }), productAt(3), productAt(4, { product: 'plasma' })],
    });
    const { episodes, operatingRoomOnly } = episodesOf(chart, rule('admin-start'));
    expect(hoursOf(episodes)).toEqual([3]);
    expect(episodes[0]).toMatchObject({ operatingRoomRowsBefore: 1, events: 3, indexEvidence: ['given-3'] });
    expect(operatingRoomOnly).toEqual([]);
  });

  test('operating and recovery room rows alone are counted and give no index', () => {
    const chart = chartOf({
      transfusions: [productAt(1, { place: 'operating-room' }), productAt(2, { place: 'recovery-room' })],
    });
    expect(episodesOf(chart, rule('admin-start'))).toEqual({
      episodes: [],
      operatingRoomOnly: [{ admissionId: 'a1', stayId: 's1' }],
    });
  });

  test('products begun at one moment are one index', () => {
    const chart = chartOf({ transfusions: [productAt(1), productAt(1, { evidence: 'b', product: 'plasma' })] });
    expect(episodesOf(chart, rule('admin-start')).episodes[0]).toMatchObject({ products: ['plasma', 'rbc'] });
  });
});

describe('landmarks', () => {
  test('only of stays that are still open then', () => {
    const stay = { stayId: 's1', admissionId: 'a1', startMs: NOON, endMs: NOON + 24 * HOUR };
    const { episodes } = episodesOf(chartOf({ icuStays: [stay] }), rule('landmark'));
    expect(hoursOf(episodes)).toEqual([6]);
    expect(episodes[0]).toMatchObject({ landmarkHour: 6, products: [], stayId: 's1' });
  });
});

test.each([
  [{ gapHours: -1 }, 'gap'],
  [{ landmarkHours: [] }, 'landmarks'],
  [{ landmarkHours: [6, 6] }, 'landmarks'],
  [{ landmarkHours: [NaN] }, 'landmarks'],
])('bad call: %j is refused', (changes, words) => {
  expect(() => {
    assertIndexRule(rule('landmark', changes));
  }).toThrow(words);
});
