import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { SourceKey } from '../../src/concepts/concept.js';
import { predictRisk } from '../../src/ensemble/predict-risk.js';
import { explainPrediction } from '../../src/explanation/explain-prediction.js';
import type { Driver, Explanation } from '../../src/explanation/explanation.js';
import type { Evidence, FeatureTensors } from '../../src/features/feature-tensors.js';
import type { PatientRecord } from '../../src/record/patient-record.js';
import { coverage, evidence, record, tensors } from '../cards/assessments.js';
import { COLUMNS, TREES, explainedBundle } from './explained-model.js';

const ADDITIVITY_TOLERANCE = 1e-6;

interface Chart {
  readonly row: readonly number[];
  readonly seen?: readonly Evidence[];
  readonly states?: readonly number[];
  readonly record?: PatientRecord;
}

const OBSERVED = 0;
const ABSENT = 1;
const UNAVAILABLE = 2;

function tensorsOf({ row, seen = [], states = [OBSERVED, OBSERVED, OBSERVED, OBSERVED] }: Chart): FeatureTensors {
  return tensors(seen, { tabular: Float32Array.from(row), states: Uint8Array.from(states) });
}

async function explain(chart: Chart, maxDrivers?: number): Promise<{ explanation: Explanation; logit: number }> {
  const bundle = explainedBundle();
  const seen = tensorsOf(chart);
  const prediction = await predictRisk(bundle, seen);
  const options = maxDrivers === undefined ? {} : { maxDrivers };
  const explanation = explainPrediction(bundle, seen, prediction, chart.record ?? record(), options);
  return { explanation, logit: prediction.logit };
}

const driverOf = ({ drivers }: Explanation, concept: string): Driver => {
  const driver = drivers.find((one) => one.concept === concept);
  if (!driver) throw new Error(`${concept} is no driver`);
  return driver;
};

const SICK: Chart = {
  row: [81, 6.1, 6.1, 118, 7.2],
  seen: [evidence('lactate', 6.1, 'mmol/L', 2), evidence('hr', 118, '/min', 0.2), evidence('hb', 7.2, 'g/dL', 5)],
};

describe('contributions', () => {
  test('add up from the base to the calibrated logit, for any row', async () => {
    const value = fc.oneof(fc.double({ min: -50, max: 300, noNaN: true }), fc.constant(NaN));
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: COLUMNS.length, maxLength: COLUMNS.length }), async (row) => {
        const { explanation, logit } = await explain({ row });
        const sum = explanation.contributions.reduce(
          (total, { contribution }) => total + contribution,
          explanation.base,
        );
        expect(Math.abs(sum - logit)).toBeLessThanOrEqual(ADDITIVITY_TOLERANCE);
      }),
      { numRuns: 100 },
    );
  });

  test('are summed per concept, over all its columns, in calibrated log-odds', async () => {
    const { explanation } = await explain(SICK);
    // A stump whose row goes right: the right leaf less the mean of both leaves by their rows; times weight and slope.
    const share = (left: number, right: number): number => (right - (0.6 * left + 0.4 * right)) * 1.2 * 0.9;
    const lactate = explanation.contributions.find(({ concept }) => concept === 'lactate');
    expect(lactate?.contribution).toBeCloseTo(share(-0.5, 0.9) + share(-0.1, 0.3), 6);
    expect(explanation.contributions.map(({ concept }) => concept)).toEqual(['lactate', 'age', 'hb', 'hr']);
  });

  test('fault: trees that do not add up to the score of their graph are not explained', async () => {
    const bundle = explainedBundle({ graphError: 0.01 });
    const seen = tensorsOf(SICK);
    const prediction = await predictRisk(bundle, seen);
    expect(() => explainPrediction(bundle, seen, prediction, record())).toThrow(/ERR_MODEL_BUNDLE.*gbm disagree/);
  });
});

describe('drivers', () => {
  test('are the three to five largest, in either direction', async () => {
    const { explanation } = await explain(SICK);
    expect(explanation.drivers.map(({ concept }) => concept)).toEqual(['lactate', 'age', 'hb', 'hr']);
    expect((await explain(SICK, 3)).explanation.drivers).toHaveLength(3);
    expect((await explain(SICK, 1)).explanation.drivers).toHaveLength(3);
    const healthy = (await explain({ ...SICK, row: [40, 1, 1, 80, 12] })).explanation.drivers;
    expect(healthy.every(({ contribution }) => contribution < 0)).toBe(true);
  });

  test('carry value, unit, time and evidence of the newest value the model saw', async () => {
    const { explanation } = await explain(SICK);
    expect(driverOf(explanation, 'lactate')).toMatchObject({
      value: 6.1,
      unit: 'mmol/L',
      hoursBefore: 2,
      evidence: 'Observation/lactate',
      wording: 'lactate 6.1 mmol/L, 2 h ago',
    });
    expect(driverOf(explanation, 'hr').wording).toBe('heart rate 118/min, 12 min ago');
    expect(driverOf(explanation, 'hb').wording).toBe('haemoglobin 7.2 g/dL, 5 h ago');
    const age = driverOf(explanation, 'age');
    expect(age).toMatchObject({ value: 81, unit: 'a', wording: 'age 81 years' });
    expect(age.timeMs).toBeUndefined();
  });

  test('a value that is only bounded keeps its sign, a preliminary one says so', async () => {
    const lactate = { ...evidence('lactate', 15, 'mmol/L', 1), provisional: true };
    const { timeMs } = lactate;
    const values = [
      {
        concept: 'lactate',
        value: 15,
        timeMs,
        availableMs: timeMs,
        comparator: '>' as const,
        evidence: lactate.evidence,
      },
    ];
    const { explanation } = await explain({
      ...SICK,
      row: [81, 15, 15, 118, 7.2],
      seen: [lactate],
      record: record({ values }),
    });
    expect(driverOf(explanation, 'lactate').wording).toBe('lactate >15.0 mmol/L, 1 h ago (preliminary)');
  });

  test('a share that comes from an earlier peak names the peak', async () => {
    const bundle = explainedBundle({ trees: TREES.slice(2, 3) });
    const seen = tensorsOf({ row: [81, 1.8, 8.04, 118, 7.2], seen: [evidence('lactate', 1.8, 'mmol/L', 1)] });
    const explained = explainPrediction(bundle, seen, await predictRisk(bundle, seen), record());
    expect(driverOf(explained, 'lactate').wording).toBe('lactate 1.8 mmol/L, 1 h ago (highest 8.0 in 48 h)');
  });

  test('what was looked for and not found is said to be not measured', async () => {
    const { explanation } = await explain({
      row: [81, NaN, NaN, 118, 7.2],
      states: [OBSERVED, ABSENT, OBSERVED, OBSERVED],
    });
    const driver = driverOf(explanation, 'lactate');
    expect(driver.wording).toBe('lactate not measured in 48 h');
    expect(driver).not.toHaveProperty('value');
    expect(explanation.absent).toEqual(['lactate']);
  });

  test('of what was not found, that which moved the prediction most comes first', async () => {
    const { explanation } = await explain({
      row: [81, NaN, NaN, NaN, NaN],
      states: [OBSERVED, ABSENT, ABSENT, ABSENT],
    });
    expect(explanation.absent).toEqual(['lactate', 'haemoglobin', 'heart rate']);
  });

  test('what could not be read is never said to be not measured', async () => {
    const labs = { kind: 'unavailable', reason: 'timeout' } as const;
    const { explanation } = await explain({
      row: [81, NaN, NaN, 118, NaN],
      states: [OBSERVED, UNAVAILABLE, OBSERVED, UNAVAILABLE],
      record: record({ coverage: coverage({ labs }) }),
    });
    expect(driverOf(explanation, 'lactate').wording).toBe('lactate could not be read');
    expect(explanation.absent).toEqual([]);
    expect(explanation.unavailable).toEqual([{ source: 'labs' satisfies SourceKey, reason: 'timeout' }]);
  });
});
