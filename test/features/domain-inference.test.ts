import { describe, expect, test } from '@jest/globals';
import { icuBaselineSpec } from '../../src/cohort/sources/challenge-2012/icu-baseline-spec.js';
import { buildFeatureSpec } from '../../src/features/build-feature-spec.js';
import { dropIntubatedVerbal } from '../../src/record/intubated-verbal.js';
import type { ProcedureEvent, SourceCoverage } from '../../src/record/patient-record.js';
import { coverage, HOUR_MS, observed, T0 } from '../support/record-builder.js';
import { map } from './mapped-chart.js';

const failed: SourceCoverage = { kind: 'unavailable', reason: 'timeout' };
const since = (hours: number): SourceCoverage => ({
  kind: 'covered',
  sinceMs: T0 - hours * HOUR_MS,
  origin: 'prefetch',
});

function procedure(kind: ProcedureEvent['kind'], startHours: number, endHours?: number): ProcedureEvent {
  const startMs = T0 - startHours * HOUR_MS;
  const endMs = endHours === undefined ? {} : { endMs: T0 - endHours * HOUR_MS };
  return { kind, startMs, ...endMs, availableMs: startMs, evidence: `Procedure/${kind}` };
}

describe('haemoglobin, else a third of the haematocrit', () => {
  test('a measured haemoglobin wins over a newer haematocrit', () => {
    const { column } = map({ values: [observed('hb', 8.1, 20), observed('hct', 30, 1)] });
    expect(column('hb_or_hct_third_24h')).toBeCloseTo(8.1, 6);
  });

  test('without one it is a third of the newest haematocrit; the charted columns stay empty', () => {
    const { column, state } = map({ values: [observed('hct', 27, 9), observed('hct', 24, 3), observed('hb', 9, 25)] });
    expect(column('hb_or_hct_third_24h')).toBe(8);
    expect(map({ values: [observed('hct', 24, 3)] }).column('hb__last_48h')).toBeNaN();
    expect(state('hb')).toBe('observed');
  });

  test('missing with neither, and where the laboratory was not read all the way back', () => {
    expect(map({}).column('hb_or_hct_third_24h')).toBeNaN();
    const values = [observed('hct', 24, 3)];
    expect(map({ values, coverage: coverage({ labs: failed }) }).column('hb_or_hct_third_24h')).toBeNaN();
    expect(map({ values, coverage: coverage({ labs: since(10) }) }).column('hb_or_hct_third_24h')).toBeNaN();
  });
});

describe('inspired oxygen, else room air', () => {
  const fio2 = (changes: Parameters<typeof map>[0]): number => map(changes).column('fio2_or_room_air_24h');

  test('the newest charted FiO2 wins', () => {
    expect(fio2({ values: [observed('fio2', 60, 9), observed('fio2', 40, 2), observed('o2_flow', 3, 1)] })).toBe(40);
  });

  test('21 where bedside and procedures were read and there is no oxygen', () => {
    expect(fio2({})).toBe(21);
    expect(fio2({ values: [observed('o2_flow', 0, 2), observed('fio2', 50, 25)] })).toBe(21);
    expect(map({}).column('fio2__last_48h')).toBeNaN();
  });

  test.each([
    ['oxygen flow', { values: [observed('o2_flow', 2, 20)] }],
    ['PEEP', { values: [observed('peep', 5, 3)] }],
    ['a mask', { procedures: [procedure('oxygen-therapy', 30, 23)] }],
    ['high flow', { procedures: [procedure('high-flow-oxygen', 5, 4)] }],
    ['a ventilator', { procedures: [procedure('invasive-ventilation', 40)] }],
  ])('unknown, not 21, with %s and no charted fraction', (_title, changes) => {
    expect(fio2(changes)).toBeNaN();
  });

  test('support that ended before the window does not count', () => {
    expect(fio2({ procedures: [procedure('invasive-ventilation', 40, 25)] })).toBe(21);
  });

  test.each(['bedside', 'procedures'] as const)('"not read" is never "none": %s', (source) => {
    expect(fio2({ coverage: coverage({ [source]: failed }) })).toBeNaN();
    expect(fio2({ coverage: coverage({ [source]: since(23) }) })).toBeNaN();
    expect(fio2({ coverage: coverage({ [source]: since(24) }) })).toBe(21);
  });
});

describe('P/F, else on room air', () => {
  const ratio = (changes: Parameters<typeof map>[0]): number => map(changes).column('pf_ratio_or_room_air_24h');
  const gas = observed('po2', 84, 2);

  test('a fraction charted at most 4 h before the gas is used as in the charted ratio', () => {
    const values = [gas, observed('fio2', 50, 5.5)];
    expect(ratio({ values })).toBe(168);
    expect(map({ values }).column('pf_ratio_24h')).toBe(168);
  });

  test('without oxygen the gas was drawn on room air; the charted ratio stays empty', () => {
    expect(ratio({ values: [gas] })).toBe(400);
    expect(map({ values: [gas] }).column('pf_ratio_24h')).toBeNaN();
  });

  test.each([
    ['a fraction charted too early to be paired', [gas, observed('fio2', 50, 7)]],
    ['a fraction charted after the gas', [gas, observed('fio2', 50, 1)]],
    ['oxygen flow', [gas, observed('o2_flow', 4, 3)]],
    ['a pressure that room air does not hold', [observed('po2', 150, 2)]],
    ['oxygen in the 4 h before an early gas', [observed('po2', 84, 23), observed('o2_flow', 4, 26)]],
  ])('unknown with %s', (_title, values) => {
    expect(ratio({ values })).toBeNaN();
  });

  test.each(['labs', 'bedside', 'procedures'] as const)('missing where %s could not be read', (source) => {
    const values = source === 'labs' ? [] : [gas];
    expect(ratio({ values, coverage: coverage({ [source]: failed }) })).toBeNaN();
  });
});

describe('vasopressors', () => {
  test('none charted in a covered ICU is a dose of 0; not read is unknown', () => {
    expect([map({}).column('nee__now_24h'), map({}).column('nee__max_24h')]).toEqual([0, 0]);
    const dark = map({ coverage: coverage({ administrations: failed }) });
    expect([dark.column('nee__now_24h'), dark.column('nee__max_24h')]).toEqual([NaN, NaN]);
    const short = map({ coverage: coverage({ administrations: since(12) }) });
    expect(short.column('nee__max_24h')).toBeNaN();
  });
});

describe('readings that follow from others', () => {
  test('mean pressure is (SBP + 2 DBP) / 3 where both were read at once', () => {
    expect(map({ values: [observed('sbp', 110, 1), observed('dbp', 65, 1)] }).column('map__last_48h')).toBe(80);
    expect(map({ values: [observed('sbp', 110, 1), observed('dbp', 65, 2)] }).column('map__last_48h')).toBeNaN();
  });

  test('with a tube in the airway the verbal response is missing, not 1, and so is the Glasgow coma score', () => {
    const scores = [observed('gcs_motor', 6, 2), observed('gcs_eye', 4, 2), observed('gcs_verbal', 1, 2)];
    const tube = procedure('invasive-ventilation', 10);
    const { values } = dropIntubatedVerbal(scores, [tube]);
    const { column } = map({ values, procedures: [tube] });
    expect(column('gcs_motor__last_48h')).toBe(6);
    expect(column('gcs_verbal__last_48h')).toBeNaN();
    expect(column('gcs_total__last_48h')).toBeNaN();
    expect(column('sofa_cns_24h')).toBeNaN();
  });
});

describe('which specs have the inferred columns', () => {
  const inferred = /^(sofa_|hb_or_|fio2_or_|pf_ratio_or_)/;
  test('none of icu-baseline: Challenge 2012 has no haemoglobin, oxygen flow or drugs', () => {
    expect(icuBaselineSpec().tabular.filter(({ name }) => inferred.test(name))).toEqual([]);
  });

  test('only where all parts are there', () => {
    const { tabular } = buildFeatureSpec({ id: 'x', concepts: ['hb', 'hct', 'fio2', 'o2_flow', 'peep', 'po2'] });
    expect(tabular.filter(({ name }) => inferred.test(name)).map(({ name }) => name)).toEqual(['hb_or_hct_third_24h']);
  });
});
