import type { TreeArrays, TreeModel } from '../ensemble/model-bundle.js';
import { goesLeft } from '../ensemble/tree-walk.js';

/** The signed share of every column in one raw score, and the score with no column known. */
export interface TreeShapResult {
  /** Shape [columns], log-odds. `base + Σ contributions` is the model's raw score. */
  readonly contributions: Float64Array;
  readonly base: number;
}

/**
 * Path entries of one root-to-node walk, one stretch per depth: the column split on (−1 for the root), the share of
 * training rows that would go this way with the column unknown (`zero`), whether the row itself does (`one`), and the
 * summed permutation weights of subsets of each size.
 */
interface PathBuffers {
  readonly feature: Int32Array;
  readonly zero: Float64Array;
  readonly one: Float64Array;
  readonly weight: Float64Array;
}

interface PreparedTree {
  readonly tree: TreeArrays;
  readonly depth: number;
  /** Mean leaf value over the training rows. */
  readonly expected: number;
}

const prepared = new WeakMap<TreeModel, readonly PreparedTree[]>();
let buffers: PathBuffers = allocate(0);
let bufferDepth = 0;

/**
 * Exact path-dependent TreeSHAP over LightGBM trees: Shapley values of the game in which an unknown column sends the
 * row down both branches in proportion to the training rows that went there. O(trees · leaves · depth²).
 * `row` has shape [columns]; NaN is LightGBM's missing value. Pure.
 * @see Lundberg et al., "Consistent individualized feature attribution for tree ensembles", 2018 (algorithm 2)
 */
export function treeShap(model: TreeModel, row: Float32Array): TreeShapResult {
  const contributions = new Float64Array(model.featureNames.length);
  let base = 0;
  for (const { tree, depth, expected } of prepare(model)) {
    base += expected;
    if (tree.splitFeature.length > 0) walkTree(tree, depth, row, contributions);
  }
  return { contributions, base };
}

function prepare(model: TreeModel): readonly PreparedTree[] {
  const known = prepared.get(model);
  if (known) return known;
  const trees = model.trees.map((tree) => ({ tree, depth: depthOf(tree), expected: expectedValue(tree) }));
  prepared.set(model, trees);
  return trees;
}

function depthOf(tree: TreeArrays, node = 0): number {
  if (node < 0 || tree.splitFeature.length === 0) return 0;
  return 1 + Math.max(depthOf(tree, tree.leftChild[node] ?? -1), depthOf(tree, tree.rightChild[node] ?? -1));
}

function expectedValue(tree: TreeArrays): number {
  if (tree.splitFeature.length === 0) return tree.leafValue[0] ?? 0;
  let sum = 0;
  let rows = 0;
  tree.leafValue.forEach((value, leaf) => {
    const count = tree.leafCount[leaf] ?? 0;
    sum += value * count;
    rows += count;
  });
  return sum / rows;
}

function allocate(depth: number): PathBuffers {
  const size = ((depth + 2) * (depth + 3)) / 2;
  return {
    feature: new Int32Array(size),
    zero: new Float64Array(size),
    one: new Float64Array(size),
    weight: new Float64Array(size),
  };
}

function walkTree(tree: TreeArrays, depth: number, row: Float32Array, phi: Float64Array): void {
  if (depth > bufferDepth) {
    buffers = allocate(depth);
    bufferDepth = depth;
  }
  visit({ tree, row, phi, path: buffers }, 0, 0, 0, 1, 1, -1);
}

interface Walk {
  readonly tree: TreeArrays;
  readonly row: Float32Array;
  readonly phi: Float64Array;
  readonly path: PathBuffers;
}

/** `start` is where the parent's path begins in the buffers, `length` how many entries it has before this node's own. */
function visit(
  walk: Walk,
  node: number,
  start: number,
  length: number,
  zeroShare: number,
  oneShare: number,
  column: number,
): void {
  const { tree, row, path } = walk;
  const own = length === 0 ? start : copyPath(path, start, length);
  extend(path, own, length, zeroShare, oneShare, column);
  if (node < 0) {
    attributeLeaf(walk, own, length, tree.leafValue[~node] ?? 0);
    return;
  }
  const split = tree.splitFeature[node] ?? 0;
  const left = tree.leftChild[node] ?? -1;
  const right = tree.rightChild[node] ?? -1;
  const takesLeft = goesLeft(tree, node, row[split] ?? NaN);
  const hot = takesLeft ? left : right;
  const cold = takesLeft ? right : left;
  const cover = tree.internalCount[node] ?? 1;

  let incomingZero = 1;
  let incomingOne = 1;
  let entries = length;
  const seen = findColumn(path, own, length, split);
  if (seen >= 0) {
    incomingZero = path.zero[own + seen] ?? 1;
    incomingOne = path.one[own + seen] ?? 1;
    unwind(path, own, length, seen);
    entries -= 1;
  }
  visit(walk, hot, own, entries + 1, (coverOf(tree, hot) / cover) * incomingZero, incomingOne, split);
  visit(walk, cold, own, entries + 1, (coverOf(tree, cold) / cover) * incomingZero, 0, split);
}

function coverOf(tree: TreeArrays, node: number): number {
  return (node < 0 ? tree.leafCount[~node] : tree.internalCount[node]) ?? 0;
}

/** Copies the parent's entries behind themselves, so that siblings do not disturb each other; returns the new start. */
function copyPath({ feature, zero, one, weight }: PathBuffers, start: number, length: number): number {
  const own = start + length;
  feature.copyWithin(own, start, own);
  zero.copyWithin(own, start, own);
  one.copyWithin(own, start, own);
  weight.copyWithin(own, start, own);
  return own;
}

function findColumn({ feature }: PathBuffers, start: number, last: number, column: number): number {
  for (let i = 1; i <= last; i++) if (feature[start + i] === column) return i;
  return -1;
}

/** Adds one split to the path: subsets of every size grow by a member that is known (`one`) or unknown (`zero`). */
function extend(
  { feature, zero, one, weight }: PathBuffers,
  start: number,
  index: number,
  zeroShare: number,
  oneShare: number,
  column: number,
): void {
  feature[start + index] = column;
  zero[start + index] = zeroShare;
  one[start + index] = oneShare;
  weight[start + index] = index === 0 ? 1 : 0;
  for (let i = index - 1; i >= 0; i--) {
    const w = weight[start + i] ?? 0;
    weight[start + i + 1] = (weight[start + i + 1] ?? 0) + (oneShare * w * (i + 1)) / (index + 1);
    weight[start + i] = (zeroShare * w * (index - i)) / (index + 1);
  }
}

/** Undoes `extend` of the entry at `at`. */
function unwind({ feature, zero, one, weight }: PathBuffers, start: number, last: number, at: number): void {
  const oneShare = one[start + at] ?? 0;
  const zeroShare = zero[start + at] ?? 0;
  let next = weight[start + last] ?? 0;
  for (let i = last - 1; i >= 0; i--) {
    const w = weight[start + i] ?? 0;
    if (oneShare !== 0) {
      weight[start + i] = (next * (last + 1)) / ((i + 1) * oneShare);
      next = w - ((weight[start + i] ?? 0) * zeroShare * (last - i)) / (last + 1);
    } else {
      weight[start + i] = (w * (last + 1)) / (zeroShare * (last - i));
    }
  }
  for (let i = at; i < last; i++) {
    feature[start + i] = feature[start + i + 1] ?? -1;
    zero[start + i] = zero[start + i + 1] ?? 0;
    one[start + i] = one[start + i + 1] ?? 0;
  }
}

/** Sum of the subset weights with the entry at `at` taken out. */
function unwoundSum({ zero, one, weight }: PathBuffers, start: number, last: number, at: number): number {
  const oneShare = one[start + at] ?? 0;
  const zeroShare = zero[start + at] ?? 0;
  let next = weight[start + last] ?? 0;
  let total = 0;
  for (let i = last - 1; i >= 0; i--) {
    const w = weight[start + i] ?? 0;
    if (oneShare !== 0) {
      const part = (next * (last + 1)) / ((i + 1) * oneShare);
      total += part;
      next = w - part * zeroShare * ((last - i) / (last + 1));
    } else if (zeroShare !== 0) {
      total += w / zeroShare / ((last - i) / (last + 1));
    }
  }
  return total;
}

function attributeLeaf({ path, phi }: Walk, start: number, last: number, leafValue: number): void {
  for (let i = 1; i <= last; i++) {
    const column = path.feature[start + i] ?? 0;
    const share = (path.one[start + i] ?? 0) - (path.zero[start + i] ?? 0);
    phi[column] = (phi[column] ?? 0) + unwoundSum(path, start, last, i) * share * leafValue;
  }
}
