import { describe, expect, test } from '@jest/globals';
import { wasInIcu, whyNotScored } from '../../src/assessment/applicability.js';
import type { EncounterInterval, ObservedValue } from '../../src/record/patient-record.js';
import { HOUR, T0, record, recordOfUnknownAge } from '../cards/assessments.js';

const seen = (concept: string, hoursBefore: number, more: Partial<ObservedValue> = {}): ObservedValue => {
  const timeMs = T0 - hoursBefore * HOUR;
  return { concept, value: 80, timeMs, availableMs: timeMs, evidence: 'Observation/1', ...more };
};
const RECENT = [seen('hr', 1)];

describe('age', () => {
  test.each([
    ['2008-11-23', undefined],
    ['2008-11-24', 'under-18'],
    ['1945', undefined],
    ['2007', undefined],
    ['2008', 'age-unknown'],
    ['2008-11', 'age-unknown'],
    ['2008-10', undefined],
    ['2009', 'under-18'],
    ['1945-13-01', 'age-unknown'],
    ['unknown', 'age-unknown'],
    [undefined, 'age-unknown'],
  ])('born %s, on 23 November 2026: %s', (birthDate, reason) => {
    const chart = recordOfUnknownAge({ values: RECENT, ...(birthDate === undefined ? {} : { birthDate }) });
    expect(whyNotScored(chart, T0)).toBe(reason);
  });
});

describe('data', () => {
  test.each([
    ['a haemoglobin of 24 h ago', undefined, seen('hb', 24)],
    ['a haemoglobin of over 24 h ago', 'too-little-data', seen('hb', 24.01)],
    ['a blood pressure', undefined, seen('sbp', 3)],
    ['a temperature', undefined, seen('temp', 3)],
    ['only a creatinine', 'too-little-data', seen('creatinine', 3)],
    ['only a coma score, which is no vital sign', 'too-little-data', seen('gcs_total', 3)],
    ['a haemoglobin after the order', 'too-little-data', seen('hb', -0.1)],
    ['a haemoglobin filed after the order', 'too-little-data', seen('hb', 1, { availableMs: T0 + 1 })],
  ])('%s: %s', (_what, reason, value) => {
    expect(whyNotScored(record({ values: [value] }), T0)).toBe(reason);
  });
});

describe('the place of the patient at the order', () => {
  const stay = (setting: EncounterInterval['setting'], from: number, to?: number): EncounterInterval => ({
    setting,
    startMs: T0 - from * HOUR,
    ...(to === undefined ? {} : { endMs: T0 - to * HOUR }),
    evidence: 'Encounter/1',
  });

  test.each([
    ['an open ICU stay within an admission', true, [stay('inpatient', 50), stay('icu', 20)]],
    ['an ICU stay that is over', false, [stay('inpatient', 50), stay('icu', 20, 2)]],
    ['an ICU stay that ends at the order', false, [stay('inpatient', 50), stay('icu', 20, 0)]],
    ['an ICU stay that begins after the order', false, [stay('inpatient', 50), stay('icu', -1)]],
    ['no stay at that time', undefined, [stay('inpatient', 500, 300)]],
    ['no stay at all', undefined, []],
  ])('%s: %s', (_what, inIcu, encounters) => {
    expect(wasInIcu(record({ encounters }), T0)).toBe(inIcu);
  });
});
