/**
 * `npm run bench:trees -- BUNDLE PARITY-FOLDER [--json]`: the served graph, the tree walk and TreeSHAP against LightGBM's own
 * answers. The folder is made by `python -m hemolens_training parity --bundle BUNDLE --out PARITY-FOLDER`.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rowInputs } from '../src/ensemble/graph-inputs.js';
import { loadModelBundle } from '../src/ensemble/load-model-bundle.js';
import { leafOf, rawScore } from '../src/ensemble/tree-walk.js';
import { treeShap } from '../src/explanation/tree-shap.js';

const LOGIT_TOLERANCE = 1e-5;
const CONTRIBUTION_TOLERANCE = 1e-6;

interface ParityMeta {
  readonly rows: number;
  readonly columns: number;
  readonly trees: number;
  readonly contributionRows: number;
}

async function bytes(folder: string, file: string): Promise<ArrayBuffer> {
  return new Uint8Array(await readFile(join(folder, file))).buffer;
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

const positionals = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const [bundleFolder = 'models/icu-baseline', parityFolder] = positionals;
if (parityFolder === undefined) {
  console.error('usage: npm run bench:trees -- BUNDLE PARITY-FOLDER [--json]');
  process.exit(2);
}

const bundle = await loadModelBundle(bundleFolder);
const learner = bundle.manifest.baseLearners.find(({ kind }) => kind === 'lightgbm');
const model = bundle.trees.get(learner?.id ?? '');
if (!learner || !model) throw new Error(`${bundleFolder} has no LightGBM base learner with trees`);
const meta = JSON.parse(await readFile(join(parityFolder, 'meta.json'), 'utf8')) as ParityMeta;
const inputs = new Float32Array(await bytes(parityFolder, 'rows.f32'));
const raw = new Float64Array(await bytes(parityFolder, 'raw.f64'));
const leaves = new Int32Array(await bytes(parityFolder, 'leaves.i32'));
const contributions = new Float64Array(await bytes(parityFolder, 'contributions.f64'));

let graphDifference = 0;
let treeDifference = 0;
let leafMismatches = 0;
let contributionDifference = 0;
const scoreMs: number[] = [];
const shapMs: number[] = [];
for (let at = 0; at < meta.rows; at++) {
  const row = inputs.subarray(at * meta.columns, (at + 1) * meta.columns);
  const expected = raw[at] ?? NaN;
  const startScore = performance.now();
  const found = (await bundle.score(learner.id, rowInputs(bundle.spec, 0, { tabular: row }))).logits[0] ?? NaN;
  scoreMs.push(performance.now() - startScore);
  graphDifference = Math.max(graphDifference, Math.abs(found - expected));
  treeDifference = Math.max(treeDifference, Math.abs(rawScore(model, row) - expected));
  model.trees.forEach((tree, index) => {
    if (leafOf(tree, row) !== leaves[at * meta.trees + index]) leafMismatches += 1;
  });
  if (at >= meta.contributionRows) continue;
  const startShap = performance.now();
  const shap = treeShap(model, row);
  shapMs.push(performance.now() - startShap);
  [...shap.contributions, shap.base].forEach((value, column) => {
    const wanted = contributions[at * (meta.columns + 1) + column] ?? NaN;
    contributionDifference = Math.max(contributionDifference, Math.abs(value - wanted));
  });
}

const sorted = (values: number[]): number[] => values.sort((a, b) => a - b);
const result = {
  bundle: `${bundle.identity.id} ${bundle.identity.version}`,
  rows: meta.rows,
  trees: meta.trees,
  leafMismatches,
  maxGraphDifference: graphDifference,
  maxTreeDifference: treeDifference,
  contributionRows: meta.contributionRows,
  maxContributionDifference: contributionDifference,
  scoreMs: { p50: quantile(sorted(scoreMs), 0.5), p95: quantile(scoreMs, 0.95) },
  treeShapMs: { p50: quantile(sorted(shapMs), 0.5), p95: quantile(shapMs, 0.95) },
};
const holds =
  leafMismatches === 0 && graphDifference <= LOGIT_TOLERANCE && contributionDifference <= CONTRIBUTION_TOLERANCE;

console.log(`${result.bundle}, ${result.trees} trees, against LightGBM`);
console.table({
  [`same leaf in every tree, ${result.rows} rows`]: { found: `${leafMismatches} mismatches`, bar: '0' },
  [`graph, largest difference of the logit, ${result.rows} rows`]: { found: graphDifference, bar: LOGIT_TOLERANCE },
  [`tree walk, largest difference of the logit`]: { found: treeDifference, bar: '' },
  [`TreeSHAP, largest difference, ${result.contributionRows} rows`]: {
    found: contributionDifference,
    bar: CONTRIBUTION_TOLERANCE,
  },
  'graph, one row, ms p50 / p95': {
    found: `${result.scoreMs.p50.toFixed(3)} / ${result.scoreMs.p95.toFixed(3)}`,
    bar: '',
  },
  'TreeSHAP, one row, ms p50 / p95': {
    found: `${result.treeShapMs.p50.toFixed(3)} / ${result.treeShapMs.p95.toFixed(3)}`,
    bar: '',
  },
});
if (process.argv.includes('--json')) console.log(JSON.stringify({ ...result, holds }));
process.exitCode = holds ? 0 : 1;
