import { describe, expect, test } from '@jest/globals';
import type { Administration, BloodOrder, SourceCoverage } from '../../src/record/patient-record.js';
import { coverage, HOUR_MS, T0 } from '../support/record-builder.js';
import { map } from './mapped-chart.js';

function given(
  kind: Administration['kind'],
  agent: string,
  hours: number,
  more: Partial<Administration> = {},
): Administration {
  const startMs = T0 - hours * HOUR_MS;
  return { kind, agent, startMs, availableMs: startMs, evidence: `${agent}-${hours}`, ...more };
}

const rate = (value: number): Pick<Administration, 'rate'> => ({ rate: { value, unit: 'ug/kg/min' } });
const ended = (hours: number): Pick<Administration, 'endMs'> => ({ endMs: T0 - hours * HOUR_MS });

describe('a vasopressor whose dose nobody can tell is not a dose of 0', () => {
  const nee = (...administrations: readonly Administration[]): readonly number[] => {
    const { column } = map({ administrations });
    return [column('nee__now_24h'), column('nee__max_24h')];
  };

  test('a drip without a usable rate', () => {
    expect(nee(given('vasopressor', 'norepinephrine', 3))).toEqual([NaN, NaN]);
    expect(nee(given('vasopressor', 'norepinephrine', 9, ended(6)))).toEqual([0, NaN]);
    expect(nee(given('vasopressor', 'norepinephrine', 40, ended(30)))).toEqual([0, 0]);
  });

  test('beside a drip with a rate the known dose stands', () => {
    const known = given('vasopressor', 'epinephrine', 3, rate(0.5));
    expect(nee(given('vasopressor', 'norepinephrine', 3), known)).toEqual([0.5, 0.5]);
  });

  test('a rate outside the keep range is a slip of the pen', () => {
    expect(nee(given('vasopressor', 'norepinephrine', 3, rate(80)))).toEqual([NaN, NaN]);
  });

  test('a rate charted at a moment, as some charts do, counts at that moment; how long it ran is not known', () => {
    const charted = given('vasopressor', 'norepinephrine', 2, { ...rate(0.25), ...ended(2) });
    expect(nee(charted)).toEqual([NaN, 0.25]);
    expect(nee(given('vasopressor', 'norepinephrine', 9, { ...rate(0.25), ...ended(9) }))).toEqual([0, 0.25]);
  });

  test('a rate of 0 is a dose of 0', () => {
    expect(nee(given('vasopressor', 'norepinephrine', 3, rate(0)))).toEqual([0, 0]);
  });

  test('at a change of rate both rows never count together', () => {
    const rows = [
      given('vasopressor', 'norepinephrine', 4, { ...rate(0.25), ...ended(2) }),
      given('vasopressor', 'norepinephrine', 2, { ...rate(0.5), ...ended(0) }),
    ];
    expect(nee(...rows)).toEqual([0, 0.5]);
  });
});

describe('an order for "blood product" and no more does not say that it is not red cells', () => {
  const order = (changes: Partial<BloodOrder>): BloodOrder => ({
    products: [],
    reference: 'ServiceRequest/a',
    ...changes,
  });
  const products = (...orders: readonly BloodOrder[]): readonly number[] => {
    const { column } = map({ orders });
    return ['rbc', 'platelets', 'plasma', 'cryo', 'whole_blood'].map((name) => column(`product__${name}`));
  };

  test('no product is known', () => {
    expect(products(order({ unspecified: true }))).toEqual([NaN, NaN, NaN, NaN, NaN]);
  });

  test('beside a named one, the others are not known', () => {
    expect(products(order({ unspecified: true }), order({ products: ['rbc'] }))).toEqual([1, NaN, NaN, NaN, NaN]);
  });

  test('a named product, also one without a column, rules the others out', () => {
    expect(products(order({ products: ['plasma'] }))).toEqual([0, 0, 1, 0, 0]);
    expect(products(order({ products: ['granulocytes'] }))).toEqual([0, 0, 0, 0, 0]);
  });

  test('without a draft order there is no product', () => {
    expect(products()).toEqual([0, 0, 0, 0, 0]);
  });
});

describe('a transfusion whose product the chart does not say', () => {
  test('may be any product: none of them is known to be 0', () => {
    const { column } = map({ administrations: [given('blood', 'unspecified', 3, ended(2))] });
    expect(column('prior_exposure__units_rbc_6h')).toBeNaN();
    expect(column('prior_exposure__units_plasma_24h')).toBeNaN();
    expect(column('prior_exposure__hours_since_last_168h')).toBe(3);
    expect(column('prior_exposure__massive_24h')).toBe(0);
  });

  test('red cells given beside it are counted', () => {
    const administrations = [given('blood', 'unspecified', 3, ended(2)), given('blood', 'rbc', 4, ended(3))];
    expect(map({ administrations }).column('prior_exposure__units_rbc_6h')).toBe(1);
  });

  test('with it there may have been a massive transfusion', () => {
    const administrations = [5, 4.9, 4.8, 4.7].map((hours) =>
      given('blood', hours === 5 ? 'unspecified' : 'rbc', hours, ended(hours - 0.05)),
    );
    expect(map({ administrations }).column('prior_exposure__massive_24h')).toBeNaN();
  });
});

describe('cell salvage', () => {
  test('that still runs has no volume yet, which is not 0 mL', () => {
    const running = given('cell-salvage', 'cell-salvage', 2, { volumeMl: 400 });
    expect(map({ administrations: [running] }).column('prior_exposure__cell_salvage_ml_24h')).toBeNaN();
    expect(map({}).column('prior_exposure__cell_salvage_ml_24h')).toBe(0);
    const done = given('cell-salvage', 'cell-salvage', 5, { volumeMl: 250, ...ended(4) });
    expect(map({ administrations: [running, done] }).column('prior_exposure__cell_salvage_ml_24h')).toBe(250);
  });
});

describe('diagnoses of which only some pages were read', () => {
  const conditions = [{ charlson: 'dementia', recordedMs: T0 - 9000 * HOUR_MS, evidence: 'Condition/a' }];
  const cut: SourceCoverage = { kind: 'covered', sinceMs: T0, origin: 'fhir' };

  test('those read are there; nothing is concluded about the others', () => {
    const { column } = map({ conditions, coverage: coverage({ conditions: cut }) });
    expect(column('comorbidity__dementia')).toBe(1);
    expect(column('comorbidity__renal_disease')).toBeNaN();
    expect(column('comorbidity__index')).toBeNaN();
    expect(column('comorbidity__no_record')).toBe(0);
  });

  test('none read is not "no record"', () => {
    expect(map({ coverage: coverage({ conditions: cut }) }).column('comorbidity__no_record')).toBeNaN();
    expect(map({}).column('comorbidity__no_record')).toBe(1);
    expect(map({ conditions }).column('comorbidity__renal_disease')).toBe(0);
  });
});
