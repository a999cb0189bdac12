import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ServiceError } from '../errors/service-error.js';
import type { FeatureSpec } from '../features/feature-spec.js';
import { parseFeatureSpec } from '../features/parse-feature-spec.js';
import { parseGolden, parseManifest, parseStack, parseTrees } from './bundle-schemas.js';
import { openGraph, type GraphSession } from './graph-session.js';
import type { BundleManifest, ModelBundle, StackSpec, TreeModel } from './model-bundle.js';
import { verifyGoldenRows } from './verify-golden-rows.js';

const SPEC_FILE = 'feature-spec.json';

/**
 * Loads a model bundle and verifies all of it: every file's sha256, the feature spec's hash, names, types and shapes of
 * the graphs' inputs, columns of the trees, the stack's learners, and the golden rows within their tolerance.
 * Throws ERR_MODEL_BUNDLE naming the file, what was expected and what was found.
 */
export async function loadModelBundle(directory: string): Promise<ModelBundle> {
  const manifestBytes = await read(directory, 'manifest.json');
  const manifest = parseManifest(parseJson('manifest.json', manifestBytes));
  const files = await verifiedFiles(directory, manifest);
  const spec = verifiedSpec(manifest, files);
  const stack = parseStack(parseJson('stack.json', fileOf(files, 'stack.json')));
  verifyStackLearners(manifest, stack);
  const golden = parseGolden(parseJson('golden.json', fileOf(files, 'golden.json')));

  const trees = new Map<string, TreeModel>();
  const graphs = new Map<string, GraphSession>();
  for (const learner of manifest.baseLearners) {
    if (learner.trees !== undefined) trees.set(learner.id, loadTrees(learner.trees, files, spec));
    fileOf(files, learner.graph);
    graphs.set(learner.id, await openGraph(join(directory, learner.graph), learner, spec.tabular.length));
  }

  const bundle: ModelBundle = {
    identity: { id: manifest.id, version: manifest.version, sha256: sha256(manifestBytes), title: manifest.title },
    manifest,
    spec,
    stack,
    trees,
    score: async (learnerId, tabular, rows) => {
      const graph = graphs.get(learnerId);
      if (!graph) throw mismatch('manifest.json', 'a known base learner', learnerId);
      return graph.run(tabular, rows);
    },
  };
  await verifyGoldenRows(bundle, golden);
  return bundle;
}

async function read(directory: string, file: string): Promise<Buffer> {
  try {
    return await readFile(join(directory, file));
  } catch (cause) {
    throw new ServiceError('ERR_MODEL_BUNDLE', { detail: `${file}: expected in the bundle, cannot be read`, cause });
  }
}

async function verifiedFiles(directory: string, manifest: BundleManifest): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const [file, { sha256: expected }] of Object.entries(manifest.files)) {
    if (file.includes('..') || file.startsWith('/')) throw mismatch('manifest.json', 'a path inside the bundle', file);
    const bytes = await read(directory, file);
    const found = sha256(bytes);
    if (found !== expected) throw mismatch(file, `sha256 ${expected}`, found);
    files.set(file, bytes);
  }
  const top = (await readdir(directory, { withFileTypes: true })).filter((entry) => entry.isFile());
  const stray = top.find(({ name }) => name !== 'manifest.json' && !files.has(name));
  if (stray) throw mismatch(stray.name, 'every file listed in manifest.json', 'not listed');
  return files;
}

function verifiedSpec(manifest: BundleManifest, files: ReadonlyMap<string, Buffer>): FeatureSpec {
  const bytes = fileOf(files, SPEC_FILE);
  const found = sha256(bytes);
  if (found !== manifest.featureSpecSha256) throw mismatch(SPEC_FILE, `sha256 ${manifest.featureSpecSha256}`, found);
  return parseFeatureSpec(parseJson(SPEC_FILE, bytes));
}

function verifyStackLearners(manifest: BundleManifest, stack: StackSpec): void {
  const known = manifest.baseLearners.map(({ id }) => id);
  for (const { learners, weights } of stack.patterns) {
    const named = [...learners].sort().join(',');
    const weighted = Object.keys(weights).sort().join(',');
    if (named !== weighted) throw mismatch('stack.json', `weights for ${named}`, weighted);
    const unknown = learners.find((id) => !known.includes(id));
    if (unknown !== undefined) throw mismatch('stack.json', `base learners among ${known.join(',')}`, unknown);
  }
}

function loadTrees(file: string, files: ReadonlyMap<string, Buffer>, spec: FeatureSpec): TreeModel {
  const model = parseTrees(file, parseJson(file, fileOf(files, file)));
  const expected = spec.tabular.map(({ name }) => name);
  const at = expected.findIndex((name, index) => model.featureNames[index] !== name);
  if (at >= 0 || model.featureNames.length !== expected.length) {
    throw mismatch(
      file,
      `column ${at} to be ${expected[at] ?? 'absent'} (${expected.length} columns)`,
      `${model.featureNames[at] ?? 'absent'} (${model.featureNames.length} columns)`,
    );
  }
  return model;
}

function fileOf(files: ReadonlyMap<string, Buffer>, file: string): Buffer {
  const bytes = files.get(file);
  if (!bytes) throw mismatch('manifest.json', `${file} among its files`, 'not listed');
  return bytes;
}

function parseJson(file: string, bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new ServiceError('ERR_MODEL_BUNDLE', { detail: `${file}: expected JSON, found text that is not`, cause });
  }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function mismatch(file: string, expected: string, found: string): ServiceError {
  return new ServiceError('ERR_MODEL_BUNDLE', { detail: `${file}: expected ${expected}, found ${found}` });
}
