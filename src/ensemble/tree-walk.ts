import type { TreeArrays, TreeModel } from './model-bundle.js';

/** LightGBM reads magnitudes up to float32(1e-35) as zero before it walks a tree. */
const ZERO_BAND = Math.fround(1e-35);

/** LightGBM writes an infinite threshold ("missing against the rest") as this number. */
const STORED_INFINITY = 1e300;

/**
 * LightGBM's numerical decision at an inner node, in double precision.
 * NaN counts as 0 unless the split's missing type is `nan`.
 * @see LightGBM `include/LightGBM/tree.h`, `NumericalDecision`
 */
export function goesLeft(tree: TreeArrays, node: number, value: number): boolean {
  const missing = tree.missingType[node] ?? 'none';
  const isZero = Math.abs(value) <= ZERO_BAND || (Number.isNaN(value) && missing !== 'nan');
  const x = isZero ? 0 : value;
  const isMissing = missing === 'nan' ? Number.isNaN(x) : missing === 'zero' && isZero;
  if (isMissing) return tree.defaultLeft[node] ?? false;
  const threshold = tree.threshold[node] ?? 0;
  return x <= threshold || threshold >= STORED_INFINITY;
}

/** Index of the leaf a row falls into. `row` has shape [columns]. */
export function leafOf(tree: TreeArrays, row: Float32Array): number {
  if (tree.splitFeature.length === 0) return 0;
  let node = 0;
  while (node >= 0) {
    const value = row[tree.splitFeature[node] ?? 0] ?? NaN;
    node = (goesLeft(tree, node, value) ? tree.leftChild[node] : tree.rightChild[node]) ?? -1;
  }
  return ~node;
}

/** Raw score (log-odds) of one row, summed in double precision in tree order. */
export function rawScore(model: TreeModel, row: Float32Array): number {
  let sum = 0;
  for (const tree of model.trees) sum += tree.leafValue[leafOf(tree, row)] ?? 0;
  return sum;
}
