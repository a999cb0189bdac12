import { ServiceError } from '../errors/service-error.js';
import type { FeatureTensors, Modality } from '../features/feature-tensors.js';
import { isAvailable } from './availability.js';
import { graphInputs } from './graph-inputs.js';
import type { BaseLearnerManifest, LearnerScores, ModelBundle } from './model-bundle.js';
import { readNotes, type ReadNotes } from './read-notes.js';
import type { BaseLearnerOutput, ModalityUse, RiskPrediction } from './risk-prediction.js';
import { riskTier } from './risk-tier.js';
import { calibratedLogit, sigmoid, stackPattern } from './stack.js';

export interface PredictOptions {
  /** How long embedding of notes may hold up the score, in ms. */
  readonly noteEncodingMs?: number;
}

const NOTE_ENCODING_MS = 200;

/**
 * Runs every base learner whose modalities are there, stacks and calibrates.
 * The probability is of death within 7 days of the prediction time. Notes that cannot be embedded in time are masked and said.
 * Throws ERR_MODEL_BUNDLE when tensors are of another spec or the stack does not know the availability pattern.
 */
export async function predictRisk(
  bundle: ModelBundle,
  tensors: FeatureTensors,
  { noteEncodingMs = NOTE_ENCODING_MS }: PredictOptions = {},
): Promise<RiskPrediction> {
  if (tensors.specId !== bundle.spec.id) {
    throw new ServiceError('ERR_MODEL_BUNDLE', {
      detail: `tensors of feature spec ${tensors.specId} given to a bundle with ${bundle.spec.id}`,
    });
  }
  const notes = await readNotes(bundle, tensors, noteEncodingMs);
  const modalities = modalityUses(bundle, tensors, notes);
  const present = new Set<Modality>(
    (['series', 'notes'] as const).filter((modality) => modalities[modality] === 'read'),
  );
  const learners = bundle.manifest.baseLearners.filter((learner) => isAvailable(learner, present));
  const vector = notes.use === 'read' ? notes.vector : undefined;
  const inputs = graphInputs(bundle.spec, bundle.manifest.noteEncoder?.dimension ?? 0, tensors, vector);
  const scores = new Map<string, LearnerScores>();
  for (const { id } of learners) scores.set(id, await bundle.score(id, inputs));

  const logits = Object.fromEntries([...scores].map(([id, { logits: own }]) => [id, own[0] ?? NaN]));
  const pattern = stackPattern(bundle.stack, [...scores.keys()]);
  const logit = calibratedLogit(bundle.stack, pattern, logits);
  if (!Number.isFinite(logit)) throw new ServiceError('ERR_MODEL_BUNDLE', { detail: 'the score is not a number' });
  const probability = sigmoid(logit);
  return {
    probability,
    logit,
    tier: riskTier(probability),
    baseLearners: bundle.manifest.baseLearners.map((learner) =>
      outputOf(learner, scores.get(learner.id), pattern.weights[learner.id] ?? 0),
    ),
    modalities,
    model: bundle.identity,
    population: bundle.manifest.population,
  };
}

function modalityUses(bundle: ModelBundle, tensors: FeatureTensors, notes: ReadNotes): RiskPrediction['modalities'] {
  const reads = (modality: Modality): boolean =>
    bundle.manifest.baseLearners.some(({ modalities }) => modalities.includes(modality));
  const use = (modality: 'tabular' | 'series'): ModalityUse => {
    if (!reads(modality)) return 'unused';
    const state = tensors.modalities[modality];
    return state === 'present' ? 'read' : state;
  };
  return { tabular: use('tabular'), series: use('series'), notes: reads('notes') ? notes.use : 'unused' };
}

function outputOf(
  { id, kind, modalities }: BaseLearnerManifest,
  scores: LearnerScores | undefined,
  weight: number,
): BaseLearnerOutput {
  const about = { id, kind, modalities };
  const logit = scores?.logits[0];
  if (logit === undefined) return { ...about, available: false, weight: 0 };
  const [tabular, series, notes] = scores?.gates ?? [];
  const gate =
    tabular === undefined || series === undefined || notes === undefined ? {} : { gate: { tabular, series, notes } };
  return { ...about, available: true, logit, weight, ...gate };
}
