import type { TreeArrays, TreeModel } from './model-bundle.js';

/** LightGBM reads magnitudes up to this as zero where a split's missing type is `zero`. */
const ZERO_THRESHOLD = 1e-35;

/**
 * LightGBM's numerical decision at an inner node, in double precision.
 * NaN counts as 0 unless the split's missing type is `nan`.
 * @see LightGBM `include/LightGBM/tree.h`, `NumericalDecision`
 */
export function goesLeft(tree: TreeArrays, node: number, value: number): boolean {
  const missing = tree.missingType[node] ?? 'none';
  const x = Number.isNaN(value) && missing !== 'nan' ? 0 : value;
  const isMissing = missing === 'nan' ? Number.isNaN(x) : missing === 'zero' && Math.abs(x) <= ZERO_THRESHOLD;
  if (isMissing) return tree.defaultLeft[node] ?? false;
  return x <= (tree.threshold[node] ?? 0);
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
