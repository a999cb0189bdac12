import { InferenceSession, Tensor } from 'onnxruntime-node';
import { ServiceError } from '../errors/service-error.js';
import type { GraphInputName, GraphInputs, inputVocabulary } from './graph-inputs.js';
import type { BaseLearnerManifest, GraphTensor } from './model-bundle.js';

/** A loaded ONNX graph of one base learner; one session, used for every call. */
export interface GraphSession {
  /** Its outputs by name, each row-major over the rows. */
  run(inputs: GraphInputs): Promise<ReadonlyMap<string, Float32Array>>;
}

/** What a graph must look like. */
export interface GraphContract {
  /** As in the manifest, for messages. */
  readonly file: string;
  readonly inputs: readonly GraphTensor[];
  readonly outputs: readonly GraphTensor[];
  readonly vocabulary: ReturnType<typeof inputVocabulary>;
}

/** The contract of a learner's own graph. */
export function graphContract(learner: BaseLearnerManifest, vocabulary: GraphContract['vocabulary']): GraphContract {
  const outputs = learner.gate ? [learner.output, learner.gate] : [learner.output];
  return { file: learner.graph, inputs: learner.inputs, outputs, vocabulary };
}

/**
 * Loads a graph, checks names, types and shapes of its inputs and outputs against the manifest and the feature spec, and
 * runs it once on a row of nothing, so that no caller pays for the first run.
 * One intra-op thread: the graph is small and runs inline, next to other requests.
 */
export async function openGraph(path: string, contract: GraphContract): Promise<GraphSession> {
  const { file, inputs, outputs, vocabulary } = contract;
  const session = await createSession(path, file);
  requireSame(file, 'inputs', inputs, session.inputMetadata);
  requireSame(file, 'output', outputs, session.outputMetadata);
  const names = inputs.map((input) => knownInput(file, input, vocabulary));
  const graph: GraphSession = {
    async run(given) {
      const feeds = Object.fromEntries(names.map((name) => [name, tensorOf(file, name, given, vocabulary)]));
      const results = await session.run(feeds);
      return new Map(outputs.map((output) => [output.name, dataOf(file, output, results[output.name], given.rows)]));
    },
  };
  await graph.run(rowOfNothing(vocabulary));
  return graph;
}

async function createSession(path: string, graph: string): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(path, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  } catch (cause) {
    throw new ServiceError('ERR_MODEL_BUNDLE', { detail: `${graph}: ONNX Runtime cannot load it`, cause });
  }
}

function knownInput(file: string, input: GraphTensor, vocabulary: GraphContract['vocabulary']): GraphInputName {
  const name = Object.keys(vocabulary).find((known): known is GraphInputName => known === input.name);
  const known = name && vocabulary[name];
  if (!name || !known) {
    throw mismatch(file, `inputs among ${Object.keys(vocabulary).join(', ')}`, input.name);
  }
  const found = `${input.type}[${shapeText(input.shape)}]`;
  const expected = `${known.type}[N,${known.width}]`;
  if (found !== expected) throw mismatch(file, `${name} to be ${expected} (feature-spec.json, note encoder)`, found);
  return name;
}

function tensorOf(
  file: string,
  name: GraphInputName,
  given: GraphInputs,
  vocabulary: GraphContract['vocabulary'],
): Tensor {
  const { width } = vocabulary[name];
  const data = given[name];
  if (data.length !== given.rows * width) {
    throw mismatch(file, `${given.rows} × ${width} values of ${name}`, `${data.length}`);
  }
  const shape = [given.rows, width];
  return data instanceof BigInt64Array ? new Tensor('int64', data, shape) : new Tensor('float32', data, shape);
}

function dataOf(file: string, { name, shape }: GraphTensor, found: Tensor | undefined, rows: number): Float32Array {
  const wanted = rows * (shape[1] ?? 1);
  if (found?.data instanceof Float32Array && found.data.length === wanted) return found.data;
  throw mismatch(file, `${wanted} values of ${name}`, found ? `${found.data.length}` : 'none');
}

function rowOfNothing(vocabulary: GraphContract['vocabulary']): GraphInputs {
  const zeros = (name: GraphInputName): Float32Array => new Float32Array(vocabulary[name].width);
  return {
    rows: 1,
    tabular: zeros('tabular').fill(NaN),
    concept_ids: new BigInt64Array(vocabulary.concept_ids.width),
    hours_before: zeros('hours_before'),
    values: zeros('values'),
    token_mask: zeros('token_mask'),
    note_vector: zeros('note_vector'),
    notes_present: zeros('notes_present'),
  };
}

/** By name: the order in the manifest is not the graph's. */
function requireSame(
  graph: string,
  side: string,
  expected: readonly GraphTensor[],
  found: readonly InferenceSession.ValueMetadata[],
): void {
  const wanted = expected.map(({ name, type, shape }) => `${name}:${type}[${shapeText(shape)}]`).sort();
  const seen = found
    .map((meta) =>
      meta.isTensor
        ? `${meta.name}:${meta.type}[${shapeText(meta.shape.map((n) => (typeof n === 'number' && n >= 0 ? n : null)))}]`
        : `${meta.name}:not a tensor`,
    )
    .sort();
  if (wanted.join(' ') !== seen.join(' ')) {
    throw new ServiceError('ERR_MODEL_BUNDLE', {
      detail: `${graph}: ${side} expected ${wanted.join(' ')} (manifest.json), found ${seen.join(' ')}`,
    });
  }
}

function shapeText(shape: readonly (number | null)[]): string {
  return shape.map((n) => n ?? 'N').join(',');
}

function mismatch(file: string, expected: string, found: string): ServiceError {
  return new ServiceError('ERR_MODEL_BUNDLE', { detail: `${file}: expected ${expected}, found ${found}` });
}
