import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parseTrees } from '../../src/ensemble/bundle-schemas.js';
import { inputVocabulary, rowInputs } from '../../src/ensemble/graph-inputs.js';
import { openGraph } from '../../src/ensemble/graph-session.js';
import type { TreeModel } from '../../src/ensemble/model-bundle.js';
import { leafOf, rawScore } from '../../src/ensemble/tree-walk.js';
import type { FeatureSpec } from '../../src/features/feature-spec.js';
import { treeShap } from '../../src/explanation/tree-shap.js';

const LOGIT_TOLERANCE = 1e-5;
const DOUBLE_TOLERANCE = 1e-9;
const CONTRIBUTION_TOLERANCE = 1e-6;

interface Expectations {
  readonly rows: readonly (readonly (number | string | null)[])[];
  readonly raw: readonly number[];
  readonly leaves: readonly (readonly number[])[];
}

async function json(file: string): Promise<unknown> {
  return JSON.parse(await readFile(new URL(file, import.meta.url), 'utf8'));
}

function vector(row: readonly (number | string | null)[]): Float32Array {
  return Float32Array.from(row, (cell) => (cell === null ? NaN : Number(cell)));
}

function specOfColumns(columns: number): FeatureSpec {
  const tabular = Array.from({ length: columns }, (_none, at) => ({
    name: `c${at}`,
    kind: 'static' as const,
    concept: 'age',
  }));
  return {
    specVersion: 1,
    id: 'columns',
    tabular,
    series: { concepts: [], maxTokens: 1, windowHours: 48 },
    notes: { maxChunks: 1, maxWords: 250, windowHours: 168 },
    states: [],
  };
}

/** Rows on thresholds, next to them, NaN, ±0, in LightGBM's zero band and infinite, scored by LightGBM itself. */
describe('LightGBM in the service, against LightGBM (training/hemolens_training/make_fixtures.py)', () => {
  let model: TreeModel;
  let expected: Expectations;
  let rows: Float32Array[];

  beforeAll(async () => {
    model = parseTrees('gbm.json', await json('./fixtures/gbm.json'));
    expected = (await json('./fixtures/lightgbm-rows.json')) as Expectations;
    rows = expected.rows.map(vector);
  });

  test('every row falls into the same leaf of every tree', () => {
    const found = rows.map((row) => model.trees.map((tree) => leafOf(tree, row)));
    expect(found).toEqual(expected.leaves);
  });

  test('the trees give the same raw score in double precision', () => {
    const differences = rows.map((row, index) => Math.abs(rawScore(model, row) - (expected.raw[index] ?? NaN)));
    expect(Math.max(...differences)).toBeLessThan(DOUBLE_TOLERANCE);
  });

  test('the ONNX graph gives the same raw score, one row at a time', async () => {
    const columns = model.featureNames.length;
    const spec = specOfColumns(columns);
    const graph = await openGraph(new URL('./fixtures/gbm.onnx', import.meta.url).pathname, {
      file: 'gbm.onnx',
      inputs: [{ name: 'tabular', type: 'float32', shape: [null, columns] }],
      outputs: [{ name: 'logit', type: 'float32', shape: [null, 1] }],
      vocabulary: inputVocabulary(spec, 0),
    });
    const differences: number[] = [];
    for (const [index, row] of rows.entries()) {
      const logit = (await graph.run(rowInputs(spec, 0, { tabular: row }))).get('logit')?.[0] ?? NaN;
      differences.push(Math.abs(logit - (expected.raw[index] ?? NaN)));
    }
    expect(differences).toHaveLength(200);
    expect(Math.max(...differences)).toBeLessThan(LOGIT_TOLERANCE);
  });
});

describe('TreeSHAP against LightGBM pred_contrib', () => {
  test('contributions of every column and the base agree', async () => {
    const fixture = (await json('../explanation/fixtures/lightgbm-contrib.json')) as Expectations & {
      readonly model: unknown;
      readonly contributions: readonly (readonly number[])[];
    };
    const model = parseTrees('lightgbm-contrib.json', fixture.model);
    const worst = fixture.rows.map((row, index) => {
      const { contributions, base } = treeShap(model, vector(row));
      const found = [...contributions, base];
      return Math.max(...found.map((value, at) => Math.abs(value - (fixture.contributions[index]?.[at] ?? NaN))));
    });
    expect(worst).toHaveLength(120);
    expect(Math.max(...worst)).toBeLessThan(CONTRIBUTION_TOLERANCE);
  });
});
