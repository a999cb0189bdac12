import { InferenceSession, Tensor } from 'onnxruntime-node';
import { ServiceError } from '../errors/service-error.js';
import type { BaseLearnerManifest, GraphTensor } from './model-bundle.js';

/** A loaded ONNX graph that maps the tabular tensor to raw log-odds. */
export interface GraphSession {
  /** `tabular` has shape [rows × columns], row-major; the answer has shape [rows]. */
  run(tabular: Float32Array, rows: number): Promise<Float32Array>;
}

/**
 * Loads a graph and checks names, types and shapes of its inputs and output against the manifest.
 * One intra-op thread: the graph is small and runs inline, next to other requests.
 */
export async function openGraph(path: string, learner: BaseLearnerManifest, columns: number): Promise<GraphSession> {
  const session = await createSession(path, learner.graph);
  requireSame(learner.graph, 'inputs', learner.inputs, session.inputMetadata);
  requireSame(learner.graph, 'output', [learner.output], session.outputMetadata);
  const input = learner.inputs[0];
  if (learner.inputs.length !== 1 || input?.shape[1] !== columns) {
    throw new ServiceError('ERR_MODEL_BUNDLE', {
      detail: `${learner.graph}: expected one input of ${columns} columns (feature-spec.json), found ${JSON.stringify(learner.inputs)}`,
    });
  }
  return {
    async run(tabular, rows) {
      if (tabular.length !== rows * columns) {
        throw new ServiceError('ERR_MODEL_BUNDLE', {
          detail: `expected ${rows} × ${columns} values, found ${tabular.length}`,
        });
      }
      const feeds = { [input.name]: new Tensor('float32', tabular, [rows, columns]) };
      const output = (await session.run(feeds))[learner.output.name];
      if (!(output?.data instanceof Float32Array) || output.data.length !== rows) {
        throw new ServiceError('ERR_MODEL_BUNDLE', { detail: `${learner.graph}: gave no ${learner.output.name}` });
      }
      return output.data;
    },
  };
}

async function createSession(path: string, graph: string): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(path, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  } catch (cause) {
    throw new ServiceError('ERR_MODEL_BUNDLE', { detail: `${graph}: ONNX Runtime cannot load it`, cause });
  }
}

function requireSame(
  graph: string,
  side: string,
  expected: readonly GraphTensor[],
  found: readonly InferenceSession.ValueMetadata[],
): void {
  const wanted = expected.map(({ name, type, shape }) => `${name}:${type}[${shape.map((n) => n ?? 'N').join(',')}]`);
  const seen = found.map((meta) =>
    meta.isTensor
      ? `${meta.name}:${meta.type}[${meta.shape.map((n) => (typeof n === 'number' && n >= 0 ? n : 'N')).join(',')}]`
      : `${meta.name}:not a tensor`,
  );
  if (wanted.join(' ') !== seen.join(' ')) {
    throw new ServiceError('ERR_MODEL_BUNDLE', {
      detail: `${graph}: ${side} expected ${wanted.join(' ')} (manifest.json), found ${seen.join(' ')}`,
    });
  }
}
