import { describe, expect, test } from '@jest/globals';
import { conceptByKey } from '../../src/concepts/dictionary.js';
import type { DriverDescription } from '../../src/explanation/driver-facts.js';
import { describeDriver } from '../../src/explanation/driver-wording.js';
import type { TabularColumn } from '../../src/features/feature-spec.js';
import type { ConceptState } from '../../src/features/feature-tensors.js';
import { record, tensors } from '../cards/assessments.js';

/** Describes a concept whose columns hold these values; the first column has the largest share. */
function describeRow(
  key: string,
  row: readonly (readonly [column: object, value: number])[],
  state: ConceptState = 'observed',
): DriverDescription {
  const columns = row.map(([column], index) => ({
    column: { name: `c${index}`, concept: key, ...column } as TabularColumn,
    index,
    contribution: 1 / (index + 1),
  }));
  const seen = tensors([], { tabular: Float32Array.from(row, ([, value]) => value) });
  return describeDriver({
    concept: conceptByKey(key),
    state,
    columns,
    evidence: undefined,
    tensors: seen,
    record: record(),
  });
}
const yesNo = { kind: 'static' };
const level = (name: string): object => ({ kind: 'static', level: name });
const measure = (name: string, windowHours: number): object => ({ kind: 'aggregate', measure: name, windowHours });

describe('facts that are no timed measurement, in words', () => {
  test.each([
    ['age', [[yesNo, 81]], 'age 81 years'],
    ['age', [[yesNo, 90]], 'age 90 years or more'],
    ['sex', [[yesNo, 0]], 'female sex'],
    ['sedation', [[yesNo, 1]], 'sedation running'],
    ['inotrope', [[yesNo, 0]], 'no inotrope running'],
    ['inotrope', [[yesNo, NaN]], 'inotrope running not known'],
    ['rrt_24h', [[yesNo, 0]], 'no renal replacement in 24 h'],
    [
      'resp_support',
      [
        [level('oxygen-therapy'), 0],
        [level('invasive-ventilation'), 1],
      ],
      'respiratory support: invasive ventilation',
    ],
    ['resp_support', [[level('oxygen-therapy'), 0]], 'no respiratory support'],
    ['resp_support', [[level('oxygen-therapy'), NaN]], 'respiratory support not known'],
    [
      'product',
      [
        [level('units'), 2],
        [level('rbc'), 1],
        [level('cryo'), 1],
      ],
      'blood product ordered: cryoprecipitate, red cells, 2 units',
    ],
    [
      'product',
      [
        [level('stat'), 1],
        [level('rbc'), 0],
      ],
      'blood product ordered: not specified, stat',
    ],
    ['hours_since_admission', [[level('icu'), Math.log1p(40)]], 'time since ICU admission 40 h'],
    ['hours_since_admission', [[level('hospital'), Math.log1p(240)]], 'time since admission 10 d'],
    ['comorbidity', [[level('index'), 5]], 'Charlson index 5'],
    ['comorbidity', [[level('no-record'), 1]], 'no earlier diagnoses on record'],
    ['nee', [[measure('max', 24), 0.25]], 'vasopressors (norepinephrine equivalent) 0.25 µg/kg/min (max, 24 h)'],
    ['nee', [[measure('now', 6), 0]], 'no vasopressors (norepinephrine equivalent) (now)'],
    ['urine_mlkgh', [[measure('rate', 6), 0.3]], 'urine output 0.3 mL/kg/h (rate, 6 h)'],
    ['prior_exposure', [[measure('units:rbc', 24), 3]], '3 units of red cells already given in 24 h'],
    ['prior_exposure', [[measure('units:plasma', 168), 0]], 'no units of plasma already given in 7 d'],
    ['prior_exposure', [[measure('massive', 24), 1]], 'massive transfusion in 24 h'],
    ['prior_exposure', [[measure('hours_since_last', 168), 5.2]], 'last blood product 5 h before'],
  ] as const)('%s %j is "%s"', (key, row, wording) => {
    expect(describeRow(key, row).wording).toBe(wording);
  });

  test('quote the figure they show, with its unit', () => {
    expect(describeRow('hours_since_admission', [[level('icu'), Math.log1p(40)]])).toMatchObject({ unit: 'h' });
    expect(describeRow('prior_exposure', [[measure('units:rbc', 24), 3]])).toMatchObject({ value: 3, unit: '{unit}' });
    expect(describeRow('sedation', [[yesNo, 1]])).toEqual({ wording: 'sedation running' });
  });

  test('a source that could not be read is never said to hold nothing', () => {
    expect(describeRow('rrt_24h', [[yesNo, NaN]], 'unavailable').wording).toBe(
      'renal replacement in 24 h could not be read',
    );
    expect(describeRow('fibrinogen', [[yesNo, NaN]], 'absent').wording).toBe('fibrinogen not measured in 48 h');
  });
});
