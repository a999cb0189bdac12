import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { TreeArrays, TreeModel } from '../../src/ensemble/model-bundle.js';
import { goesLeft, rawScore } from '../../src/ensemble/tree-walk.js';
import { treeShap } from '../../src/explanation/tree-shap.js';

const SHAP_TOLERANCE = 1e-9;
const COLUMNS = 4;

/** Expected leaf value when only the columns in `known` are known: the game whose Shapley values TreeSHAP gives. */
function conditional(tree: TreeArrays, row: Float32Array, known: ReadonlySet<number>, node = 0): number {
  if (tree.splitFeature.length === 0) return tree.leafValue[0] ?? NaN;
  if (node < 0) return tree.leafValue[~node] ?? NaN;
  const column = tree.splitFeature[node] ?? -1;
  const left = tree.leftChild[node] ?? -1;
  const right = tree.rightChild[node] ?? -1;
  if (known.has(column)) {
    return conditional(tree, row, known, goesLeft(tree, node, row[column] ?? NaN) ? left : right);
  }
  const cover = (child: number): number => (child < 0 ? tree.leafCount[~child] : tree.internalCount[child]) ?? NaN;
  const total = tree.internalCount[node] ?? NaN;
  return (
    (cover(left) / total) * conditional(tree, row, known, left) +
    (cover(right) / total) * conditional(tree, row, known, right)
  );
}

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}

/** Shapley values by their definition: every subset of the columns. */
function bruteForce(model: TreeModel, row: Float32Array): number[] {
  const value = (known: ReadonlySet<number>): number =>
    model.trees.reduce((sum, tree) => sum + conditional(tree, row, known), 0);
  return Array.from({ length: COLUMNS }, (_, column) => {
    let phi = 0;
    for (let bits = 0; bits < 1 << COLUMNS; bits++) {
      if (bits & (1 << column)) continue;
      const known = new Set(Array.from({ length: COLUMNS }, (_unused, i) => i).filter((i) => bits & (1 << i)));
      const weight = (factorial(known.size) * factorial(COLUMNS - known.size - 1)) / factorial(COLUMNS);
      phi += weight * (value(new Set([...known, column])) - value(known));
    }
    return phi;
  });
}

/** A random binary tree of the given depth; leaf counts are positive and inner counts are their sums. */
const treeArbitrary: fc.Arbitrary<TreeArrays> = fc
  .record({
    depth: fc.integer({ min: 0, max: 4 }),
    columns: fc.array(fc.integer({ min: 0, max: COLUMNS - 1 }), { minLength: 15, maxLength: 15 }),
    thresholds: fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 15, maxLength: 15 }),
    lefts: fc.array(fc.boolean(), { minLength: 15, maxLength: 15 }),
    missing: fc.array(fc.constantFrom('none' as const, 'zero' as const, 'nan' as const), {
      minLength: 15,
      maxLength: 15,
    }),
    counts: fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 16, maxLength: 16 }),
    values: fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 16, maxLength: 16 }),
  })
  .map(({ depth, columns, thresholds, lefts, missing, counts, values }) => {
    const inner = (1 << depth) - 1;
    const leaves = 1 << depth;
    const child = (index: number): number => (index < inner ? index : ~(index - inner));
    const internalCount: number[] = [];
    const count = (node: number): number =>
      node >= inner ? (counts[node - inner] ?? 1) : count(2 * node + 1) + count(2 * node + 2);
    for (let node = 0; node < inner; node++) internalCount.push(count(node));
    return {
      splitFeature: columns.slice(0, inner),
      threshold: thresholds.slice(0, inner),
      defaultLeft: lefts.slice(0, inner),
      missingType: missing.slice(0, inner),
      leftChild: Array.from({ length: inner }, (_, node) => child(2 * node + 1)),
      rightChild: Array.from({ length: inner }, (_, node) => child(2 * node + 2)),
      internalCount,
      leafCount: counts.slice(0, leaves),
      leafValue: values.slice(0, leaves),
    };
  });

const modelArbitrary = fc
  .array(treeArbitrary, { minLength: 1, maxLength: 3 })
  .map((trees): TreeModel => ({ kind: 'lightgbm-trees', featureNames: ['a', 'b', 'c', 'd'], trees }));

const rowArbitrary = fc
  .array(fc.constantFrom(NaN, -3, -2, -1, -0, 0, 1, 2, 3), { minLength: COLUMNS, maxLength: COLUMNS })
  .map((values) => Float32Array.from(values));

describe('exact TreeSHAP', () => {
  test('equals Shapley values computed over every subset of the columns', () => {
    fc.assert(
      fc.property(modelArbitrary, rowArbitrary, (model, row) => {
        const { contributions } = treeShap(model, row);
        const expected = bruteForce(model, row);
        expected.forEach((phi, column) => expect(contributions[column]).toBeCloseTo(phi, 9));
      }),
      { numRuns: 300 },
    );
  });

  test('base and contributions add up to the raw score', () => {
    fc.assert(
      fc.property(modelArbitrary, rowArbitrary, (model, row) => {
        const { contributions, base } = treeShap(model, row);
        const sum = contributions.reduce((a, b) => a + b, base);
        expect(Math.abs(sum - rawScore(model, row))).toBeLessThan(SHAP_TOLERANCE);
      }),
    );
  });

  test('a column no tree splits on contributes nothing', () => {
    const stump: TreeArrays = {
      splitFeature: [1],
      threshold: [0.5],
      defaultLeft: [true],
      missingType: ['nan'],
      leftChild: [-1],
      rightChild: [-2],
      internalCount: [10],
      leafCount: [4, 6],
      leafValue: [-1, 1],
    };
    const model: TreeModel = { kind: 'lightgbm-trees', featureNames: ['a', 'b'], trees: [stump] };
    const { contributions, base } = treeShap(model, Float32Array.from([7, 9]));
    expect([...contributions]).toEqual([0, expect.closeTo(0.8, 12)]);
    expect(base).toBeCloseTo(0.2, 12);
  });
});
