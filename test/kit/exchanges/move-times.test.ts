import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { latestInstantMs } from '../../../src/record/fhir-time.js';
import { ageYears } from '../../../src/features/tabular/age.js';
import { ageAt, moveTimes, moveTimesInText, moveTo } from '../../../src/kit/exchanges/move-times.js';

const DAY_MS = 86_400_000;
const FROM = Date.UTC(2026, 4, 12, 9, 30);
const day = { fromMs: FROM, byMs: DAY_MS };
const moment = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2040, 0, 1) });
const minutes = fc.integer({ min: -10 * 525_600, max: 10 * 525_600 }).map((count) => count * 60_000);

describe('moving the times of an exchange', () => {
  test('keeps zone and precision of a moment', () => {
    const hour = { fromMs: FROM, byMs: 3_600_000 };
    expect(moveTimes({ issued: '2026-05-12T23:30:15.123+05:30', start: '2026-05-12T09:30:00Z' }, hour)).toEqual({
      issued: '2026-05-13T00:30:15.123+05:30',
      start: '2026-05-12T10:30:00Z',
    });
  });

  test('moves days, months and years where they are dates, and leaves codes, systems and numbers alone', () => {
    const year = { fromMs: FROM, byMs: 365 * DAY_MS };
    const json = {
      recordedDate: '2026-05-12',
      onsetDateTime: '2025-12',
      deceasedDateTime: '2026',
      code: '2026-05-12',
      valueString: '2026',
      value: 2026,
    };
    expect(moveTimes(json, year)).toEqual({
      recordedDate: '2027-05-12',
      onsetDateTime: '2026-12',
      deceasedDateTime: '2027',
      code: '2026-05-12',
      valueString: '2026',
      value: 2026,
    });
  });

  test('moves the times in a text, to the minute', () => {
    expect(moveTimesInText('scored for 2026-05-12 09:30 UTC, drawn 2026-05-11T08:00:10Z, on 2026-05-01.', day)).toBe(
      'scored for 2026-05-13 09:30 UTC, drawn 2026-05-12T08:00:10Z, on 2026-05-02.',
    );
    expect(moveTimesInText('no time at all: 718-7, 99-99-9999, 2026-99-99', day)).toBe(
      'no time at all: 718-7, 99-99-9999, 2026-99-99',
    );
  });

  test('every distance between moments stays, whatever the move', () => {
    fc.assert(
      fc.property(moment, moment, minutes, (a, b, byMs) => {
        const json = { start: new Date(a).toISOString(), end: new Date(b).toISOString() };
        const moved = moveTimes(json, { fromMs: a, byMs }) as typeof json;
        expect(Date.parse(moved.end) - Date.parse(moved.start)).toBe(b - a);
        expect(Date.parse(moved.start)).toBe(a + byMs);
      }),
    );
  });

  test('there and back is where it was', () => {
    fc.assert(
      fc.property(moment, moment, minutes, (fromMs, ms, byMs) => {
        const iso = new Date(ms).toISOString();
        const json = { issued: iso, date: iso.slice(0, 10), detail: `at ${iso.slice(0, 16).replace('T', ' ')} UTC` };
        const there = {
          ...(moveTimes(json, { fromMs, byMs }) as typeof json),
          detail: moveTimesInText(json.detail, { fromMs, byMs }),
        };
        const back = { fromMs: fromMs + byMs, byMs: -byMs };
        expect({ ...(moveTimes(there, back) as typeof json), detail: moveTimesInText(there.detail, back) }).toEqual(
          json,
        );
      }),
    );
  });

  test('an age in years stays, near birthdays and leap days too, also for a birth date that is a month or a year', () => {
    fc.assert(
      fc.property(
        moment,
        // Around birthdays: anywhere else a day more or less is no year.
        fc
          .tuple(fc.integer({ min: 1, max: 95 }), fc.integer({ min: -1, max: 1 }))
          .map(([years, days]) => Math.round(years * 365.2425) + days),
        fc.constantFrom(4, 7, 10),
        minutes,
        (fromMs, days, length, byMs) => {
          const birthDate = new Date(fromMs - days * DAY_MS).toISOString().slice(0, length);
          const moved = moveTimes({ birthDate }, { fromMs, byMs }) as { birthDate: string };
          expect(moved.birthDate).toHaveLength(length);
          expect(ageAt(moved.birthDate, fromMs + byMs)).toBe(ageAt(birthDate, fromMs));
          // The features count as this does.
          expect(ageYears(birthDate, fromMs)).toBe(ageAt(birthDate, fromMs));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('a move to now ends within the last minute, never in the future', () => {
    fc.assert(
      fc.property(moment, moment, (fromMs, now) => {
        const { byMs } = moveTo(fromMs, now);
        expect(byMs % 60_000).toBeCloseTo(0);
        expect(now - (fromMs + byMs)).toBeGreaterThanOrEqual(0);
        expect(now - (fromMs + byMs)).toBeLessThan(60_000);
      }),
    );
  });

  test('a recorded day stays known as long before the order as it was, to the day', () => {
    const moved = moveTimes({ recordedDate: '2026-05-10' }, { fromMs: FROM, byMs: 40 * DAY_MS + 3_600_000 }) as {
      recordedDate: string;
    };
    const before = (latestInstantMs('2026-05-10') ?? NaN) - FROM;
    const after = (latestInstantMs(moved.recordedDate) ?? NaN) - (FROM + 40 * DAY_MS + 3_600_000);
    expect(Math.abs(after - before)).toBeLessThan(DAY_MS);
  });
});
