import { describe, expect, test } from '@jest/globals';
import { predictionTime } from '../../src/assessment/prediction-time.js';

const NOW = Date.parse('2026-11-23T10:00:00Z');
const at = (text: string): number => Date.parse(text);

describe('the moment a call is answered for', () => {
  test('is the latest authoredOn of the blood orders', () => {
    expect(predictionTime(['2026-11-23T09:30:00Z', '2026-11-23T09:45:00Z', '2026-11-23T09:40:00Z'], NOW)).toBe(
      at('2026-11-23T09:45:00Z'),
    );
  });

  test('reads the zone of the order', () => {
    expect(predictionTime(['2026-11-23T04:55:00-05:00'], NOW)).toBe(at('2026-11-23T09:55:00Z'));
    expect(predictionTime(['2026-11-23T15:25:00.500+05:30'], NOW)).toBe(at('2026-11-23T09:55:00.500Z'));
  });

  test.each([
    ['a date without a time', '2026-11-23'],
    ['a time without a zone', '2026-11-23T09:45:00'],
    ['over an hour ago', '2026-11-23T08:59:59Z'],
    ['over two minutes ahead of the clock', '2026-11-23T10:02:01Z'],
    ['no date at all', 'yesterday'],
    ['an impossible date', '2026-13-45T09:45:00Z'],
  ])('is the arrival time where authoredOn is %s', (_what, authoredOn) => {
    expect(predictionTime([authoredOn], NOW)).toBe(NOW);
  });

  test('is the arrival time where no order says when', () => {
    expect(predictionTime([], NOW)).toBe(NOW);
  });

  test.each(['2026-11-23T09:00:00Z', '2026-11-23T10:02:00Z', '2026-11-23T10:00:00Z'])(
    'may be %s: bounds count',
    (text) => {
      expect(predictionTime([text], NOW)).toBe(at(text));
    },
  );

  test('a bare date beside a full time does not matter', () => {
    expect(predictionTime(['2026-11-23', '2026-11-23T09:45:00Z'], NOW)).toBe(at('2026-11-23T09:45:00Z'));
  });
});
