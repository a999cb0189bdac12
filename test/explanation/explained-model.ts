import type { StackSpec, ModelBundle, TreeArrays } from '../../src/ensemble/model-bundle.js';
import { rawScore } from '../../src/ensemble/tree-walk.js';
import type { FeatureSpec, TabularColumn } from '../../src/features/feature-spec.js';

/** One split: left up to the threshold, missing values to the right. */
function stump(feature: number, threshold: number, left: number, right: number): TreeArrays {
  return {
    splitFeature: [feature],
    threshold: [threshold],
    defaultLeft: [false],
    missingType: ['nan'],
    leftChild: [~0],
    rightChild: [~1],
    internalCount: [100],
    leafCount: [60, 40],
    leafValue: [left, right],
  };
}

const statistic = (concept: string, name: 'last' | 'max'): TabularColumn => ({
  name: `${concept}_${name}_48h`,
  kind: 'statistic',
  concept,
  statistic: name,
  windowHours: 48,
});

/** Columns of the test model: age, lactate (last and max), heart rate, haemoglobin. */
export const COLUMNS: readonly TabularColumn[] = [
  { name: 'age', kind: 'static', concept: 'age' },
  statistic('lactate', 'last'),
  statistic('lactate', 'max'),
  statistic('hr', 'last'),
  statistic('hb', 'last'),
];

export const SPEC: FeatureSpec = {
  specVersion: 1,
  id: 'test-spec',
  tabular: COLUMNS,
  series: { concepts: ['lactate', 'hr', 'hb'], maxTokens: 8, windowHours: 48 },
  notes: { maxChunks: 8, maxWords: 250, windowHours: 48 },
  states: ['age', 'lactate', 'hr', 'hb'],
};

/** In the order of the columns. */
export const TREES: readonly TreeArrays[] = [
  stump(0, 70, -0.2, 0.4),
  stump(1, 2, -0.5, 0.9),
  stump(2, 4, -0.1, 0.3),
  stump(3, 100, -0.1, 0.2),
  stump(4, 8, 0.3, -0.2),
];

/** A verified bundle in miniature: five stumps, scored as its trees say, with a stack and a calibration that do something. */
export function explainedBundle({
  graphError = 0,
  trees = TREES,
}: { graphError?: number; trees?: readonly TreeArrays[] } = {}): ModelBundle {
  const model = { kind: 'lightgbm-trees' as const, featureNames: COLUMNS.map(({ name }) => name), trees };
  const stack: StackSpec = {
    kind: 'affine-logit',
    patterns: [{ learners: ['gbm'], intercept: -0.3, weights: { gbm: 1.2 } }],
    calibration: { slope: 0.9, intercept: -1.5 },
  };
  const population = { description: 'general ICU patients', baseRate: 0.08, icuOnly: true };
  return {
    identity: { id: 'test-model', version: '0.0.1', sha256: 'f'.repeat(64), title: 'General ICU model' },
    manifest: {
      bundleVersion: 1,
      id: 'test-model',
      version: '0.0.1',
      title: 'General ICU model',
      outcome: 'death within 7 days',
      population,
      trainingData: [{ source: 'synthetic', rows: 100, events: 8 }],
      files: {},
      featureSpecSha256: '0'.repeat(64),
      baseLearners: [
        {
          id: 'gbm',
          kind: 'lightgbm',
          modalities: ['tabular'],
          graph: 'gbm.onnx',
          trees: 'gbm.json',
          inputs: [{ name: 'tabular', type: 'float32', shape: [null, COLUMNS.length] }],
          output: { name: 'logit', type: 'float32', shape: [null, 1] },
        },
      ],
    },
    spec: SPEC,
    stack,
    trees: new Map([['gbm', model]]),
    score: (_learner, { tabular }) =>
      Promise.resolve({ logits: Float32Array.of(rawScore(model, tabular) + graphError) }),
    detail: () => Promise.resolve(undefined),
    close: () => Promise.resolve(),
  };
}
