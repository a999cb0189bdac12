import { describe, expect, test } from '@jest/globals';
import type { BloodOrder, EncounterInterval, SourceCoverage } from '../../src/record/patient-record.js';
import { coverage, HOUR_MS, T0 } from '../support/record-builder.js';
import { map } from './mapped-chart.js';

const stay = (
  setting: EncounterInterval['setting'],
  hours: number,
  more: Partial<EncounterInterval> = {},
): EncounterInterval => ({
  setting,
  startMs: T0 - hours * HOUR_MS,
  evidence: `Encounter/${setting}-${hours}`,
  ...more,
});

describe('time since admission', () => {
  const hours = (level: 'hospital' | 'icu', ...encounters: readonly EncounterInterval[]): number =>
    Math.round(Math.expm1(map({ encounters }).column(`hours_since_admission__${level}`)));

  test('is that of the stay in hospital, by way of the emergency department', () => {
    expect(hours('hospital', stay('inpatient', 30), stay('icu', 10))).toBe(30);
    expect(hours('hospital', stay('emergency', 36), stay('inpatient', 30))).toBe(36);
    expect(hours('icu', stay('inpatient', 30), stay('icu', 10))).toBe(10);
  });

  test('is not that of an outpatient or home care episode that was never closed', () => {
    expect(hours('hospital', stay('ambulatory', 400), stay('other', 900), stay('inpatient', 30))).toBe(30);
    expect(hours('hospital', stay('ambulatory', 400))).toBeNaN();
  });

  test('is not that of a stay beyond the keep range, left open for years', () => {
    expect(hours('hospital', stay('inpatient', 20_000), stay('inpatient', 30))).toBe(30);
    expect(hours('icu', stay('icu', 5001))).toBeNaN();
    expect(hours('icu', stay('icu', 5000))).toBe(5000);
  });
});

describe('admission', () => {
  const admission = (level: string, changes: Parameters<typeof map>[0]): number =>
    map(changes).column(`admission__${level}`);

  test('an open outpatient episode does not make the admission elective', () => {
    const encounters = [
      stay('ambulatory', 400, { admissionType: 'elective' }),
      stay('inpatient', 30, { admissionType: 'emergency' }),
    ];
    expect(admission('elective', { encounters })).toBe(0);
    expect(admission('emergency', { encounters })).toBe(1);
  });

  test('an admission whose type the chart does not say is of no known type', () => {
    const encounters = [stay('inpatient', 30), stay('icu', 10)];
    expect(admission('elective', { encounters })).toBeNaN();
    expect(admission('icu', { encounters })).toBe(1);
    expect(admission('emergency_department', { encounters })).toBe(0);
    expect(admission('elective', { encounters: [] })).toBe(0);
  });

  test('"not in the ICU" needs encounters read as far back as a stay may have begun', () => {
    const short: SourceCoverage = { kind: 'covered', sinceMs: T0 - 48 * HOUR_MS, origin: 'prefetch' };
    expect(admission('icu', { encounters: [], coverage: coverage({ encounters: short }) })).toBeNaN();
    const encounters = [stay('icu', 10)];
    expect(admission('icu', { encounters, coverage: coverage({ encounters: short }) })).toBe(1);
  });
});

describe('units ordered', () => {
  const order = (products: BloodOrder['products'], orderedUnits: number | undefined, id: string): BloodOrder => ({
    products,
    ...(orderedUnits === undefined ? {} : { orderedUnits }),
    ...(products.length === 0 ? { unspecified: true } : {}),
    reference: `ServiceRequest/${id}`,
  });
  const units = (...orders: readonly BloodOrder[]): number => map({ orders }).column('product__units');

  test('"prepare 2" and "transfuse 2" of one product, signed together, are 2 units', () => {
    expect(units(order(['rbc'], 2, 'prepare'), order(['rbc'], 2, 'transfuse'))).toBe(2);
    expect(units(order(['rbc'], 2, 'prepare'), order([], 2, 'transfuse, product in comment'))).toBe(2);
  });

  test('units of different products add up', () => {
    expect(units(order(['rbc'], 2, 'a'), order(['plasma'], 3, 'b'), order(['platelets'], undefined, 'c'))).toBe(5);
    expect(units(order(['rbc'], undefined, 'a'))).toBeNaN();
  });
});

describe('products already given', () => {
  const unit = (agent: string, hours: number) => ({
    kind: 'blood' as const,
    agent,
    startMs: T0 - hours * HOUR_MS,
    availableMs: T0 - hours * HOUR_MS,
    evidence: `${agent}-${hours}`,
  });

  test('the product that begins at the prediction time is not one of them', () => {
    const { column, state } = map({ administrations: [unit('rbc', 0)] });
    expect(column('prior_exposure__units_rbc_6h')).toBe(0);
    expect(column('prior_exposure__hours_since_last_168h')).toBeNaN();
    expect(state('prior_exposure')).toBe('absent');
  });

  test('a unit of whole blood is a unit of red cells', () => {
    expect(map({ administrations: [unit('whole-blood', 2)] }).column('prior_exposure__units_rbc_6h')).toBe(1);
  });
});

describe('Charlson index', () => {
  const index = (...charlson: readonly string[]): number =>
    map({
      conditions: charlson.map((key) => ({ charlson: key, recordedMs: T0 - HOUR_MS, evidence: key })),
    }).column('comorbidity__index');

  test.each([
    [['mild-liver-disease', 'moderate-or-severe-liver-disease'], 3],
    [['diabetes-without-complication', 'diabetes-with-complication'], 2],
    [['malignancy', 'metastatic-solid-tumor'], 6],
    [['malignancy', 'dementia', 'renal-disease'], 5],
  ])('%j: %d, the milder form of a disease does not count beside the worse', (keys, expected) => {
    expect(index(...keys)).toBe(expected);
  });
});
