import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { loadModelBundle } from '../../src/ensemble/load-model-bundle.js';
import type { ModelBundle } from '../../src/ensemble/model-bundle.js';
import { graphInputs } from '../../src/ensemble/graph-inputs.js';
import type { NoteEncoder } from '../../src/ensemble/note-encoder/note-encoder.js';
import { predictRisk } from '../../src/ensemble/predict-risk.js';
import type { RiskPrediction } from '../../src/ensemble/risk-prediction.js';
import { explainPrediction } from '../../src/explanation/explain-prediction.js';
import type { FeatureTensors } from '../../src/features/feature-tensors.js';
import { record, tensors } from '../cards/assessments.js';
import { ENSEMBLE_STACK, removeTinyEnsemble, writeTinyEnsemble } from '../support/tiny-ensemble.js';
import { SLOPE } from '../support/tiny-bundle.js';

const ADDITIVITY_TOLERANCE = 1e-6;
/** Long enough that a busy machine is never late. */
const PATIENT = { noteEncodingMs: 30_000 };
const TOKENS = 16;

interface Chart {
  readonly row?: readonly number[];
  readonly tokens?: readonly (readonly [id: number, hoursBefore: number, value: number])[];
  readonly notes?: readonly string[];
}

function chart({ row = [2, 80, 9, 1, 140, 200], tokens = [], notes = [] }: Chart): FeatureTensors {
  const series = {
    conceptIds: new Int32Array(TOKENS),
    hoursBefore: new Float32Array(TOKENS),
    values: new Float32Array(TOKENS),
    mask: new Uint8Array(TOKENS),
    tokens: tokens.length,
  };
  tokens.forEach(([id, hoursBefore, value], at) => {
    series.conceptIds[at] = id;
    series.hoursBefore[at] = hoursBefore;
    series.values[at] = value;
    series.mask[at] = 1;
  });
  const chunks = notes.map((text, at) => ({ text, kind: 'nursing', hoursBefore: at * 3, evidence: `note ${at}` }));
  return tensors([], {
    specId: 'tiny',
    tabular: Float32Array.from(row),
    states: new Uint8Array(6),
    series,
    notes: { chunks, mask: new Uint8Array(1) },
    modalities: {
      tabular: 'present',
      series: tokens.length > 0 ? 'present' : 'empty',
      notes: notes.length > 0 ? 'present' : 'empty',
    },
  });
}

const WHOLE: Chart = {
  tokens: [
    [1, 0.5, 4.2],
    [2, 1, 110],
    [3, 6, 7.1],
  ],
  notes: ['acute bleeding , 2 units of red cells given', 'patient stable overnight'],
};

const used = ({ baseLearners }: RiskPrediction): readonly string[] =>
  baseLearners.filter(({ available }) => available).map(({ id }) => id);

let folder: string;
let bundle: ModelBundle;
beforeAll(async () => {
  folder = await writeTinyEnsemble();
  bundle = await loadModelBundle(folder);
});
afterAll(async () => {
  await bundle.close();
  await removeTinyEnsemble(folder);
});

const encoderOf = (embed: NoteEncoder['embed']): ModelBundle => {
  if (!bundle.noteEncoder) throw new Error('no encoder');
  return { ...bundle, noteEncoder: { ...bundle.noteEncoder, embed } };
};

describe('a score of an ensemble', () => {
  test.each([
    ['everything is there', WHOLE, ['gbm', 'series', 'text', 'fusion'], 'read', 'read'],
    ['there are no notes', { ...WHOLE, notes: [] }, ['gbm', 'series', 'fusion'], 'read', 'empty'],
    ['there is no series', { ...WHOLE, tokens: [] }, ['gbm', 'text', 'fusion'], 'empty', 'read'],
    ['there is nothing but the tabular row', {}, ['gbm', 'fusion'], 'empty', 'empty'],
    ['notes hold no readable text', { notes: [' \u200b '] }, ['gbm', 'fusion'], 'empty', 'empty'],
  ] as const)('uses the weights of what is there: %s', async (_title, parts, learners, series, notes) => {
    const prediction = await predictRisk(bundle, chart(parts), PATIENT);
    expect(used(prediction)).toEqual(learners);
    expect(prediction.modalities).toEqual({ tabular: 'read', series, notes });
    const pattern = ENSEMBLE_STACK.patterns.find((one) => one.learners.join() === learners.join());
    for (const { id, weight, logit } of prediction.baseLearners) {
      expect(weight).toBe(pattern?.weights[id] ?? 0);
      expect(logit === undefined).toBe(!used(prediction).includes(id));
    }
  });

  test('the gate adds up to 1 over what is there', async () => {
    const gateOf = async (parts: Chart): Promise<readonly number[]> => {
      const { baseLearners } = await predictRisk(bundle, chart(parts), PATIENT);
      const { tabular, series, notes } = baseLearners.find(({ id }) => id === 'fusion')?.gate ?? {};
      return [tabular ?? NaN, series ?? NaN, notes ?? NaN];
    };
    for (const parts of [WHOLE, {}]) {
      const gate = await gateOf(parts);
      expect(gate.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 6);
    }
    expect(await gateOf({})).toEqual([1, 0, 0]);
  });

  test('series that could not be read are masked and said, not scored as "nothing was measured"', async () => {
    const dark = chart({ notes: WHOLE.notes ?? [] });
    const prediction = await predictRisk(
      bundle,
      { ...dark, modalities: { ...dark.modalities, series: 'unavailable' } },
      PATIENT,
    );
    expect(prediction.modalities.series).toBe('unavailable');
    expect(used(prediction)).not.toContain('series');
  });

  test('attention and gate come from the detail graph, whose logit is that of the score', async () => {
    const seen = chart(WHOLE);
    const inputs = graphInputs(bundle.spec, 8, seen, undefined);
    const { logits, gates } = await bundle.score('fusion', inputs);
    const detail = await bundle.detail(inputs);
    expect(detail?.learner).toBe('fusion');
    expect(detail?.logits[0]).toBeCloseTo(logits[0] ?? NaN, 6);
    expect(detail?.gates).toEqual(gates);
    expect(detail?.attention).toHaveLength(TOKENS + 1);
    expect(detail?.attention.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
    expect(detail?.attention.slice(4).every((share) => share < 1e-6)).toBe(true);
  });
});

describe('notes under a time limit', () => {
  test('what is not embedded in time is masked and said, and is there at the next call', async () => {
    const texts = { ...WHOLE, notes: ['kidney pain improved', 'liver worse'] };
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const slow = encoderOf(async (text) => {
      await gate;
      return bundle.noteEncoder?.embed(text) ?? [];
    });
    const late = await predictRisk(slow, chart(texts), { noteEncodingMs: 20 });
    expect(late.modalities.notes).toBe('late');
    expect(late.logit).toBe((await predictRisk(bundle, chart({ ...texts, notes: [] }))).logit);
    release();
    const next = await predictRisk(slow, chart(texts), PATIENT);
    expect(next.modalities.notes).toBe('read');
    expect(used(next)).toContain('text');
  });

  test('fault: an encoder that fails masks the notes, never the score', async () => {
    const broken = encoderOf(() => Promise.reject(new Error('thread ended')));
    const prediction = await predictRisk(broken, chart(WHOLE), PATIENT);
    expect(prediction.modalities.notes).toBe('failed');
    expect(prediction.logit).toBe((await predictRisk(bundle, chart({ ...WHOLE, notes: [] }))).logit);
  });

  test('notes that could not be fetched are unavailable, not empty', async () => {
    const dark = chart({});
    const prediction = await predictRisk(bundle, {
      ...dark,
      modalities: { ...dark.modalities, notes: 'unavailable' },
    });
    expect(prediction.modalities.notes).toBe('unavailable');
  });
});

describe('the explanation of an ensemble', () => {
  test('base, concepts and networks add up to the calibrated logit, for any chart', async () => {
    const value = fc.oneof(fc.double({ min: -50, max: 300, noNaN: true }), fc.constant(NaN));
    const token = fc.tuple(
      fc.integer({ min: 1, max: 6 }),
      fc.double({ min: 0, max: 48, noNaN: true }),
      fc.integer({ min: -50, max: 300 }),
    );
    const any = fc.record({
      row: fc.array(value, { minLength: 6, maxLength: 6 }),
      tokens: fc.array(token, { maxLength: TOKENS }),
      notes: fc.subarray(['red cells given', 'patient stable', 'acute sepsis']),
    });
    await fc.assert(
      fc.asyncProperty(any, async (parts) => {
        const seen = chart(parts);
        const prediction = await predictRisk(bundle, seen, PATIENT);
        const { base, contributions, parts: networks } = explainPrediction(bundle, seen, prediction, record());
        const sum = [...contributions, ...networks].reduce((total, { contribution }) => total + contribution, base);
        expect(Math.abs(sum - prediction.logit)).toBeLessThanOrEqual(ADDITIVITY_TOLERANCE);
      }),
      { numRuns: 60 },
    );
  });

  test('a network counts from its usual score, and nothing where its weight is 0', async () => {
    const seen = chart({ ...WHOLE, tokens: [] });
    const prediction = await predictRisk(bundle, seen, PATIENT);
    const { parts } = explainPrediction(bundle, seen, prediction, record());
    const fusion = prediction.baseLearners.find(({ id }) => id === 'fusion');
    expect(parts).toEqual([
      { learner: 'text', contribution: 0 },
      { learner: 'fusion', contribution: expect.closeTo(SLOPE * 0.25 * ((fusion?.logit ?? NaN) - 0.05), 9) },
    ]);
  });
});
