import { describe, expect, test } from '@jest/globals';
import { withoutSource } from '../../src/cohort/column-sources.js';
import type { Administration, ObservedValue, PatientRecord, ProcedureEvent } from '../../src/record/patient-record.js';
import { HOUR_MS, observed, record, T0 } from '../support/record-builder.js';
import { map } from './mapped-chart.js';

const points = (component: string, changes: Partial<PatientRecord>): number =>
  map(changes).column(`sofa_${component}_24h`);

function drip(agent: string, value: number | undefined, from = 5, to?: number): Administration {
  const startMs = T0 - from * HOUR_MS;
  return {
    kind: agent === 'dobutamine' ? 'inotrope' : 'vasopressor',
    agent,
    startMs,
    ...(to === undefined ? {} : { endMs: T0 - to * HOUR_MS }),
    availableMs: startMs,
    ...(value === undefined ? {} : { rate: { value, unit: 'ug/kg/min' } }),
    evidence: agent,
  };
}

const ventilator = (kind: ProcedureEvent['kind'], from: number, to?: number): ProcedureEvent => ({
  kind,
  startMs: T0 - from * HOUR_MS,
  ...(to === undefined ? {} : { endMs: T0 - to * HOUR_MS }),
  availableMs: T0 - from * HOUR_MS,
  evidence: 'Procedure/v',
});

const urine = (ml: number, hours: number): ObservedValue => observed('urine_mlkgh', ml, hours);

describe('SOFA by organ (Vincent 1996, table 3)', () => {
  test.each([
    [400, 0],
    [399, 1],
    [300, 1],
    [299, 2],
    [200, 2],
    [199, 3],
    [100, 3],
    [99, 4],
  ])('P/F %d with a ventilator: %d', (ratio, expected) => {
    const values = [observed('po2', ratio / 2, 3), observed('fio2', 50, 4)];
    expect(points('respiration', { values, procedures: [ventilator('invasive-ventilation', 10)] })).toBe(expected);
    expect(points('respiration', { values, procedures: [ventilator('noninvasive-ventilation', 10)] })).toBe(expected);
    expect(points('respiration', { values })).toBe(Math.min(expected, 2));
    const over = [ventilator('invasive-ventilation', 10, 5)];
    expect(points('respiration', { values, procedures: over })).toBe(Math.min(expected, 2));
  });

  test('the worst gas of the day counts; one without an inspired fraction says nothing', () => {
    const values = [
      observed('po2', 120, 20),
      observed('fio2', 50, 21),
      observed('po2', 180, 2),
      observed('fio2', 40, 3),
    ];
    expect(points('respiration', { values })).toBe(2);
    expect(points('respiration', { values: [observed('po2', 60, 2), observed('o2_flow', 6, 2)] })).toBeNaN();
    expect(points('respiration', { values: [observed('po2', 63, 2)] })).toBe(1);
  });

  test.each([
    ['plt', 'coagulation', [150, 149, 100, 99, 50, 49, 20, 19], [0, 1, 1, 2, 2, 3, 3, 4]],
    ['bili', 'liver', [1.1, 1.2, 1.9, 2, 5.9, 6, 11.9, 12], [0, 1, 1, 2, 2, 3, 3, 4]],
    ['gcs_total', 'cns', [15, 14, 13, 12, 10, 9, 6, 5, 3], [0, 1, 1, 2, 2, 3, 3, 4, 4]],
    ['creatinine', 'renal', [1.1, 1.2, 1.9, 2, 3.4, 3.5, 4.9, 5], [0, 1, 1, 2, 2, 3, 3, 4]],
    ['map', 'cardiovascular', [70, 69.9], [0, 1]],
  ])('%s: %s', (concept, component, values, expected) => {
    expect(values.map((value) => points(component, { values: [observed(concept, value, 2)] }))).toEqual(expected);
    expect(points(component, {})).toBeNaN();
    expect(points(component, { values: [observed(concept, values.at(-1) ?? 0, 24.1)] })).toBeNaN();
  });

  test('the worst of the window, not the newest', () => {
    expect(points('coagulation', { values: [observed('plt', 40, 20), observed('plt', 160, 1)] })).toBe(3);
    expect(points('liver', { values: [observed('bili', 7, 24), observed('bili', 1, 1)] })).toBe(3);
  });

  test.each([
    ['norepinephrine', 0.1, 3],
    ['norepinephrine', 0.11, 4],
    ['epinephrine', 0.05, 3],
    ['epinephrine', 0.2, 4],
    ['dopamine', 5, 2],
    ['dopamine', 5.1, 3],
    ['dopamine', 15.1, 4],
    ['dobutamine', 2, 2],
    ['phenylephrine', 3, 0],
  ])('%s at %d ug/kg/min: %d', (agent, rate, expected) => {
    const values = [observed('map', 75, 1)];
    expect(points('cardiovascular', { values, administrations: [drip(agent, rate)] })).toBe(expected);
    expect(points('cardiovascular', { values, administrations: [drip(agent, rate, 40, 23)] })).toBe(expected);
    expect(points('cardiovascular', { values, administrations: [drip(agent, rate, 40, 25)] })).toBe(0);
  });

  test('a drip whose rate nobody can tell leaves the grade open, unless another is the worst', () => {
    const values = [observed('map', 60, 1)];
    const unknown = drip('norepinephrine', undefined);
    expect(points('cardiovascular', { values, administrations: [unknown] })).toBeNaN();
    expect(points('cardiovascular', { values, administrations: [unknown, drip('epinephrine', 0.3)] })).toBe(4);
    expect(points('cardiovascular', { values, administrations: [drip('dobutamine', undefined)] })).toBe(2);
    expect(points('cardiovascular', { values, administrations: [drip('epinephrine', undefined, 5, 5)] })).toBe(1);
  });

  test.each([
    ['600 mL in a day', [urine(50, 24), urine(300, 12), urine(300, 0)], 0],
    ['450 mL in a day', [urine(900, 24), urine(300, 12), urine(150, 0)], 3],
    ['180 mL in a day', [urine(900, 24), urine(100, 12), urine(80, 0)], 4],
    ['180 mL in 22.5 h are 192 mL a day', [urine(900, 24.5), urine(180, 2)], 4],
    ['190 mL in 22.5 h are 203 mL a day', [urine(900, 24.5), urine(190, 2)], 3],
  ])('%s', (_title, values, expected) => {
    expect(points('renal', { values })).toBe(expected);
    expect(points('renal', { values: [...values, observed('creatinine', 2, 5)] })).toBe(Math.max(2, expected));
  });

  test.each([
    ['urine first charted 6 h ago', [urine(40, 6), urine(40, 2)]],
    ['urine last charted 8 h ago', [urine(40, 24), urine(40, 8)]],
    ['nothing charted in the day before the window', [urine(40, 40), urine(40, 1)]],
    ['more irrigant in than urine out', [urine(40, 24), urine(-500, 1)]],
  ])('little urine is not concluded from too little charting: %s', (_title, values) => {
    expect(points('renal', { values })).toBeNaN();
    expect(points('renal', { values: [...values, observed('creatinine', 1, 5)] })).toBe(0);
  });
});

describe('the whole score', () => {
  const whole: PatientRecord = record({
    values: [
      ...[observed('po2', 75, 3), observed('fio2', 50, 4), observed('plt', 90, 5), observed('bili', 2.5, 5)],
      ...[observed('map', 60, 2), observed('gcs_total', 11, 6), observed('creatinine', 3.6, 5)],
    ],
    administrations: [drip('norepinephrine', 0.2)],
    procedures: [ventilator('invasive-ventilation', 10)],
  });

  test('adds up the six organs', () => {
    const { column } = map(whole);
    const organs = ['respiration', 'coagulation', 'liver', 'cardiovascular', 'cns', 'renal'];
    expect(organs.map((organ) => column(`sofa_${organ}_24h`))).toEqual([3, 2, 2, 4, 2, 3]);
    expect([column('sofa_total_24h'), column('sofa_components_24h')]).toEqual([16, 6]);
  });

  test('an organ that was not measured counts 0 and is not counted as known', () => {
    const { column } = map({ values: [observed('plt', 90, 5)] });
    expect([column('sofa_total_24h'), column('sofa_components_24h')]).toEqual([2, 1]);
  });

  test('with no organ measured there is no score', () => {
    const { column } = map({});
    expect([column('sofa_total_24h'), column('sofa_components_24h')]).toEqual([NaN, 0]);
  });

  test.each([
    ['labs', ['respiration', 'coagulation', 'liver', 'renal']],
    ['vitals', ['cardiovascular']],
    ['bedside', ['respiration', 'cns', 'renal']],
    ['procedures', ['respiration']],
    ['administrations', ['cardiovascular']],
  ] as const)('without %s: these organs and the sum are unknown, the others as they were', (source, lost) => {
    const { column } = map(withoutSource(whole, source));
    const complete = map(whole).column;
    for (const organ of ['respiration', 'coagulation', 'liver', 'cardiovascular', 'cns', 'renal'] as const) {
      const name = `sofa_${organ}_24h`;
      expect([name, column(name)]).toEqual([name, lost.some((one) => one === organ) ? NaN : complete(name)]);
    }
    expect([column('sofa_total_24h'), column('sofa_components_24h')]).toEqual([NaN, NaN]);
  });

  test('sources the score does not read make no difference', () => {
    expect(map(withoutSource(whole, 'encounters')).column('sofa_total_24h')).toBe(16);
  });
});
