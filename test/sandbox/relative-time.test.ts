import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { materialise } from '../../src/sandbox/relative-time.js';

const T0 = Date.UTC(2028, 1, 29, 12, 30, 15, 250);

describe('times relative to the order', () => {
  test.each([
    ['{{t0}}', '2028-02-29T12:30:15.250Z'],
    ['{{t0-2h}}', '2028-02-29T10:30:15.250Z'],
    ['{{t0-90m}}', '2028-02-29T11:00:15.250Z'],
    ['{{t0+30m}}', '2028-02-29T13:00:15.250Z'],
    ['{{t0-15s}}', '2028-02-29T12:30:00.250Z'],
    ['{{t0-1d}}', '2028-02-28T12:30:15.250Z'],
    ['{{t0-2w}}', '2028-02-15T12:30:15.250Z'],
    ['{{t0-1d-2h}}', '2028-02-28T10:30:15.250Z'],
    ['{{t0+1mo}}', '2028-03-29T12:30:15.250Z'],
    ['{{t0-1y}}', '2027-02-28T12:30:15.250Z'],
    ['{{date:t0}}', '2028-02-29'],
    ['{{date:t0-70y}}', '1958-02-28'],
    ['{{date:t0-13h}}', '2028-02-28'],
    ['{{ t0-2h }}', '2028-02-29T10:30:15.250Z'],
    ['seen at {{t0-2h}} and {{t0}}', 'seen at 2028-02-29T10:30:15.250Z and 2028-02-29T12:30:15.250Z'],
    ['no time here', 'no time here'],
  ])('%s is %s', (text, want) => {
    expect(materialise(text, T0)).toBe(want);
  });

  test('a text at any depth is set, everything else stays', () => {
    const json = { a: [{ b: '{{t0}}' }, 1, null, true], '{{t0}}': 'name' };
    expect(materialise(json, T0)).toEqual({ a: [{ b: '2028-02-29T12:30:15.250Z' }, 1, null, true], '{{t0}}': 'name' });
    expect(json.a[0]).toEqual({ b: '{{t0}}' });
  });

  test.each(['{{t1}}', '{{t0-2}}', '{{t0-2 hours}}', '{{date:}}', '{{}}', '{{context.patientId}}'])(
    'bad call: %s is refused by name',
    (text) => {
      expect(() => materialise({ text }, T0)).toThrow(text);
    },
  );

  test('distances do not depend on the moment or the zone', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: -5000, max: 5000 }), (t0Ms, minutes) => {
        const text = materialise(`{{t0${minutes < 0 ? '' : '+'}${minutes}m}}`, t0Ms);
        expect(Date.parse(String(text)) - t0Ms).toBe(minutes * 60_000);
      }),
    );
  });
});
