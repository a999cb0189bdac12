import { ServiceError } from '../errors/service-error.js';
import type { FeatureTensors, Modality, ModalityState } from '../features/feature-tensors.js';
import type { BaseLearnerManifest, ModelBundle } from './model-bundle.js';
import type { BaseLearnerOutput, RiskPrediction } from './risk-prediction.js';
import { riskTier } from './risk-tier.js';
import { calibratedLogit, sigmoid, stackPattern } from './stack.js';

/**
 * Runs every base learner whose modalities are there, stacks and calibrates.
 * The probability is of death within 7 days of the prediction time.
 * Throws ERR_MODEL_BUNDLE when tensors are of another spec or the stack does not know the availability pattern.
 */
export async function predictRisk(bundle: ModelBundle, tensors: FeatureTensors): Promise<RiskPrediction> {
  if (tensors.specId !== bundle.spec.id) {
    throw new ServiceError('ERR_MODEL_BUNDLE', {
      detail: `tensors of feature spec ${tensors.specId} given to a bundle with ${bundle.spec.id}`,
    });
  }
  const learners = bundle.manifest.baseLearners.filter((learner) => isAvailable(learner, tensors.modalities));
  const logits: Record<string, number> = {};
  for (const { id } of learners) logits[id] = (await bundle.score(id, tensors.tabular, 1))[0] ?? NaN;

  const available = learners.map(({ id }) => id);
  const pattern = stackPattern(bundle.stack, available);
  const logit = calibratedLogit(bundle.stack, pattern, logits);
  if (!Number.isFinite(logit)) throw new ServiceError('ERR_MODEL_BUNDLE', { detail: 'the score is not a number' });
  const probability = sigmoid(logit);
  return {
    probability,
    logit,
    tier: riskTier(probability),
    baseLearners: bundle.manifest.baseLearners.map(({ id }) => outputOf(id, logits[id], pattern.weights[id] ?? 0)),
    model: bundle.identity,
    population: bundle.manifest.population,
  };
}

function isAvailable(learner: BaseLearnerManifest, states: Readonly<Record<Modality, ModalityState>>): boolean {
  // The tabular vector always exists: which of its parts are missing is itself something the trees have learned.
  return learner.modalities.every((modality) => modality === 'tabular' || states[modality] === 'present');
}

function outputOf(id: string, logit: number | undefined, weight: number): BaseLearnerOutput {
  return logit === undefined ? { id, available: false, weight: 0 } : { id, available: true, logit, weight };
}
