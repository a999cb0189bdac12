import { join } from 'node:path';
import type { FeatureSpec } from '../features/feature-spec.js';
import { inputVocabulary } from './graph-inputs.js';
import { graphContract, openGraph, type GraphSession } from './graph-session.js';
import type { BundleManifest, ModelBundle } from './model-bundle.js';

const ATTENTION = 'attention';

/**
 * Attention and gate of the first learner with a detail graph. The graph is loaded at the first call, which is never a
 * card's; a fault of it throws ERR_MODEL_BUNDLE then.
 */
export function openDetail(directory: string, manifest: BundleManifest, spec: FeatureSpec): ModelBundle['detail'] {
  const learner = manifest.baseLearners.find(({ detailGraph }) => detailGraph !== undefined);
  const file = learner?.detailGraph;
  if (!learner || file === undefined) return () => Promise.resolve(undefined);
  const own = graphContract(learner, inputVocabulary(spec, manifest.noteEncoder?.dimension ?? 0));
  const attention = { name: ATTENTION, type: 'float32', shape: [null, spec.series.maxTokens + 1] } as const;
  const contract = { ...own, file, outputs: [...own.outputs, attention] };
  let session: Promise<GraphSession> | undefined;
  return async (inputs) => {
    session ??= openGraph(join(directory, file), contract);
    const outputs = await (await session).run(inputs);
    const gates = learner.gate && outputs.get(learner.gate.name);
    const none = new Float32Array(0);
    return {
      learner: learner.id,
      logits: outputs.get(learner.output.name) ?? none,
      ...(gates ? { gates } : {}),
      attention: outputs.get(ATTENTION) ?? none,
    };
  };
}
