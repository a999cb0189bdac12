import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { FeatureSpec } from '../features/feature-spec.js';
import { parseFeatureSpec } from '../features/parse-feature-spec.js';
import { reachablePatterns } from './availability.js';
import { parseGolden, parseManifest, parseStack, parseTrees } from './bundle-schemas.js';
import { mismatch, parseJson, readBytes, readVerifiedFiles, sha256 } from './checked-file.js';
import { inputVocabulary } from './graph-inputs.js';
import { graphContract, openGraph, type GraphSession } from './graph-session.js';
import type { BaseLearnerManifest, BundleManifest, ModelBundle, StackSpec, TreeModel } from './model-bundle.js';
import { openDetail } from './open-detail.js';
import { loadNoteEncoder, type NoteEncoderOptions } from './note-encoder/load-note-encoder.js';
import type { NoteEncoder } from './note-encoder/note-encoder.js';
import { verifyGoldenRows } from './verify-golden-rows.js';

const SPEC_FILE = 'feature-spec.json';
const WHERE = 'the bundle';

export interface LoadBundleOptions {
  /** Folder that holds note encoders by id; default `encoders` beside the bundle's folder. */
  readonly encodersDir?: string;
  readonly noteEncoder?: NoteEncoderOptions;
}

/**
 * Loads a model bundle and verifies all of it: every file's sha256, the feature spec's hash, the note encoder's files and
 * golden texts, names, types and shapes of the graphs' inputs and outputs, columns of the trees, a stack pattern for every
 * availability that can occur, and the golden rows within their tolerance.
 * Throws ERR_MODEL_BUNDLE naming the file, what was expected and what was found.
 */
export async function loadModelBundle(directory: string, options: LoadBundleOptions = {}): Promise<ModelBundle> {
  const manifestBytes = await readBytes(directory, 'manifest.json', WHERE);
  const manifest = parseManifest(parseJson('manifest.json', manifestBytes));
  const files = await verifiedFiles(directory, manifest);
  const spec = verifiedSpec(manifest, files);
  const stack = parseStack(parseJson('stack.json', fileOf(files, 'stack.json')));
  verifyStack(manifest, stack);
  const golden = parseGolden(parseJson('golden.json', fileOf(files, 'golden.json')));
  const { trees, graphs } = await openLearners(directory, manifest, files, spec);
  const noteEncoder = await openNoteEncoder(directory, manifest, options);

  const bundle: ModelBundle = {
    identity: { id: manifest.id, version: manifest.version, sha256: sha256(manifestBytes), title: manifest.title },
    manifest,
    spec,
    stack,
    trees,
    ...(noteEncoder ? { noteEncoder } : {}),
    score: async (learnerId, inputs) => {
      const [learner, graph] = [manifest.baseLearners.find(({ id }) => id === learnerId), graphs.get(learnerId)];
      if (!learner || !graph) throw mismatch('manifest.json', 'a known base learner', learnerId);
      const outputs = await graph.run(inputs);
      const gates = learner.gate && outputs.get(learner.gate.name);
      return { logits: outputs.get(learner.output.name) ?? new Float32Array(0), ...(gates ? { gates } : {}) };
    },
    detail: openDetail(directory, manifest, spec),
    close: async () => {
      await noteEncoder?.close();
    },
  };
  try {
    await verifyGoldenRows(bundle, golden);
  } catch (error) {
    await bundle.close();
    throw error;
  }
  return bundle;
}

async function verifiedFiles(directory: string, manifest: BundleManifest): Promise<ReadonlyMap<string, Buffer>> {
  const files = await readVerifiedFiles(directory, manifest.files, { list: 'manifest.json', where: WHERE });
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

function verifyStack({ baseLearners }: BundleManifest, stack: StackSpec): void {
  const known = baseLearners.map(({ id }) => id);
  for (const { learners, weights } of stack.patterns) {
    const named = [...learners].sort().join(',');
    const weighted = Object.keys(weights).sort().join(',');
    if (named !== weighted) throw mismatch('stack.json', `weights for ${named}`, weighted);
    const unknown = learners.find((id) => !known.includes(id));
    if (unknown !== undefined) throw mismatch('stack.json', `base learners among ${known.join(',')}`, unknown);
  }
  const strange = Object.keys(stack.references ?? {}).find((id) => !known.includes(id));
  if (strange !== undefined) throw mismatch('stack.json', `references of ${known.join(',')}`, strange);
  const patterns = stack.patterns.map(({ learners }) => [...learners].sort().join('+'));
  for (const reachable of reachablePatterns(baseLearners)) {
    const wanted = [...reachable].sort().join('+');
    if (!patterns.includes(wanted)) {
      throw mismatch('stack.json', `a pattern for the base learners ${wanted || 'none'}`, patterns.join(', '));
    }
  }
}

async function openLearners(
  directory: string,
  manifest: BundleManifest,
  files: ReadonlyMap<string, Buffer>,
  spec: FeatureSpec,
): Promise<{ readonly trees: Map<string, TreeModel>; readonly graphs: Map<string, GraphSession> }> {
  const vocabulary = inputVocabulary(spec, manifest.noteEncoder?.dimension ?? 0);
  const trees = new Map<string, TreeModel>();
  const graphs = new Map<string, GraphSession>();
  for (const learner of manifest.baseLearners) {
    if (graphs.has(learner.id)) throw mismatch('manifest.json', 'each base learner once', learner.id);
    verifyNotes(manifest, learner);
    if (learner.trees !== undefined) trees.set(learner.id, loadTrees(learner.trees, files, spec));
    if (learner.detailGraph !== undefined) fileOf(files, learner.detailGraph);
    fileOf(files, learner.graph);
    graphs.set(learner.id, await openGraph(join(directory, learner.graph), graphContract(learner, vocabulary)));
  }
  return { trees, graphs };
}

function verifyNotes({ noteEncoder }: BundleManifest, { id, modalities }: BaseLearnerManifest): void {
  if (modalities.includes('notes') && !noteEncoder) {
    throw mismatch('manifest.json', `a noteEncoder, since ${id} reads notes`, 'none');
  }
}

async function openNoteEncoder(
  directory: string,
  { noteEncoder: wanted }: BundleManifest,
  { encodersDir, noteEncoder: options }: LoadBundleOptions,
): Promise<NoteEncoder | undefined> {
  if (!wanted) return undefined;
  const folder = join(encodersDir ?? join(resolve(directory), '..', 'encoders'), wanted.id);
  return loadNoteEncoder(folder, { ...options, expected: wanted });
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
