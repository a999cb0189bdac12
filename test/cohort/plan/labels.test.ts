import { describe, expect, test } from '@jest/globals';
import { dayOf, outcomeOf, type LabelRule } from '../../../src/cohort/plan/labels.js';
import { chartOf, DAY, HOUR, NOON } from '../made-up-chart.js';

const RULE: LabelRule = { deathsSeen: 'any', sameDayDeath: 'event', clockOffsetMs: 0 };
const INDEX = { indexMs: NOON, admissionId: 'a1' };
const admission = chartOf().admissions[0] ?? { admissionId: 'a1', startMs: 0, isDeadAtDischarge: false };
const dead = (deathMs: number): ReturnType<typeof chartOf> =>
  chartOf({ admissions: [{ ...admission, deathMs, isDeadAtDischarge: true }] });
const today = dayOf(NOON, RULE);

describe('a death with a time in the admission of the index', () => {
  test.each([
    [1, true, true],
    [6 * HOUR, true, true],
    [24 * HOUR, true, true],
    [24 * HOUR + 1, true, false],
    [7 * DAY, true, false],
    [7 * DAY + 1, false, false],
  ])('after %d ms: within 7 days %s, within 24 h %s', (after, died7d, died24h) => {
    expect(outcomeOf(dead(NOON + after), INDEX, RULE)).toMatchObject({
      died7d,
      died7dSensitivity: died7d,
      died24h,
      diedInHospital: true,
      diedWithin6h: after <= 6 * HOUR,
      ambiguous: false,
    });
  });

  test('at the index itself is before it', () => {
    expect(outcomeOf(dead(NOON), INDEX, RULE)).toEqual({ kind: 'dead-before-index' });
  });

  test('wins over a date of death that disagrees', () => {
    const chart = { ...dead(NOON + 2 * DAY), deathDay: today + 30 };
    expect(outcomeOf(chart, INDEX, RULE)).toMatchObject({ died7d: true, deathKnownBy: 'time' });
  });
});

describe('a death known by its date', () => {
  test.each([
    [0, true, true, false],
    [3, true, true, false],
    [6, true, true, false],
    [7, true, false, true],
    [8, false, false, false],
    [-1, true, false, true],
  ])(
    '%d days later: event %s, in the sensitivity label %s, ambiguous %s',
    (days, died7d, died7dSensitivity, ambiguous) => {
      expect(outcomeOf(chartOf({ deathDay: today + days }), INDEX, RULE)).toMatchObject({
        died7d,
        died7dSensitivity,
        ambiguous,
        diedInHospital: false,
      });
    },
  );

  test('two days before the index is dead before it', () => {
    expect(outcomeOf(chartOf({ deathDay: today - 2 }), INDEX, RULE)).toEqual({ kind: 'dead-before-index' });
  });

  test('a death time of another admission counts by its date', () => {
    const other = {
      admissionId: 'a2',
      startMs: NOON + 3 * DAY,
      deathMs: NOON + 7 * DAY + HOUR,
      isDeadAtDischarge: true,
    };
    const outcome = outcomeOf(chartOf({ admissions: [admission, other] }), INDEX, RULE);
    expect(outcome).toMatchObject({ died7d: true, ambiguous: true, diedInHospital: false, deathKnownBy: 'date' });
  });

  test('the date is one by the wall clock of the chart', () => {
    const rule = { ...RULE, clockOffsetMs: -13 * HOUR };
    expect(dayOf(NOON, rule)).toBe(today - 1);
  });
});

test('a source that counts days cannot place a death on the day of the index', () => {
  const rule: LabelRule = { ...RULE, sameDayDeath: 'unlabelled' };
  expect(outcomeOf(chartOf({ deathDay: today }), INDEX, rule)).toMatchObject({
    died7d: null,
    died7dSensitivity: true,
    died24h: null,
    diedWithin6h: null,
    ambiguous: true,
  });
  expect(outcomeOf(chartOf({ deathDay: today + 7 }), INDEX, rule)).toMatchObject({ died7d: true, ambiguous: false });
  expect(outcomeOf(chartOf({ deathDay: today - 1 }), INDEX, rule)).toEqual({ kind: 'dead-before-index' });
});

test('discharged alive within 7 days from a source that sees in-hospital deaths only is flagged', () => {
  const chart = chartOf({ admissions: [{ ...admission, endMs: NOON + DAY }] });
  expect(outcomeOf(chart, INDEX, { ...RULE, deathsSeen: 'in-hospital' })).toMatchObject({
    died7d: false,
    lostBefore7d: true,
  });
  expect(outcomeOf(chart, INDEX, RULE)).toMatchObject({ died7d: false, lostBefore7d: false });
});

test('a death time before the index is dead before it, in whatever admission it stands', () => {
  const charts = dead(NOON - HOUR);
  expect(outcomeOf(charts, { indexMs: NOON, admissionId: null }, RULE)).toEqual({ kind: 'dead-before-index' });
});

test('known to have lived for three days and no longer: no label for seven, none for the stay', () => {
  const unknown = { ...admission, endMs: NOON + 3 * DAY, isOutcomeUnknown: true } as const;
  expect(outcomeOf(chartOf({ admissions: [unknown] }), INDEX, { ...RULE, deathsSeen: 'in-hospital' })).toMatchObject({
    died7d: null,
    died7dSensitivity: null,
    died72h: false,
    died24h: false,
    diedInHospital: null,
    lostBefore7d: true,
  });
});

test('outside any admission nobody can say whether the death was in hospital', () => {
  expect(outcomeOf(chartOf(), { indexMs: NOON, admissionId: null }, RULE)).toMatchObject({ diedInHospital: null });
});
