import type { BaseLearnerOutput, ModalityUse, RiskPrediction } from '../ensemble/risk-prediction.js';
import type { PartContribution } from '../explanation/explanation.js';

/** A share that moves the odds by less than about one in fifty is not called higher or lower. */
const NOTABLE_LOG_ODDS = 0.02;

/**
 * Which parts of an ensemble counted: `Parts of the model: trees on single values (drivers above); series network: higher
 * predicted risk; notes read, weight 0`. undefined for a model of one part.
 */
export function partsInWords({ baseLearners }: RiskPrediction, parts: readonly PartContribution[]): string | undefined {
  if (baseLearners.length < 2) return undefined;
  const shares = new Map(parts.map(({ learner, contribution }) => [learner, contribution]));
  const words = baseLearners
    .filter(({ available }) => available)
    .map((learner) => {
      if (learner.weight === 0) return `${readName(learner)}, weight 0`;
      const share = shares.get(learner.id);
      return share === undefined ? `${partName(learner)} (drivers above)` : `${partName(learner)}: ${direction(share)}`;
    });
  return words.length === 0 ? undefined : `Parts of the model: ${words.join('; ')}`;
}

/** What the model reads and did not have: `Scored without: clinical notes (not read in time)`. */
export function missingInWords({ modalities }: RiskPrediction): string | undefined {
  const missing = (['series', 'notes'] as const).flatMap((modality) => {
    const why = MISSING_WORDS[modalities[modality]];
    return why === undefined ? [] : [`${MODALITY_WORDS[modality]} (${why})`];
  });
  return missing.length === 0 ? undefined : `Scored without: ${missing.join(', ')}`;
}

const MODALITY_WORDS = { series: 'the course of measurements', notes: 'clinical notes' } as const;

const MISSING_WORDS: Readonly<Record<ModalityUse, string | undefined>> = {
  read: undefined,
  unused: undefined,
  empty: 'none found',
  unavailable: 'could not be read',
  late: 'not read in time',
  failed: 'could not be processed',
};

function direction(share: number): string {
  if (Math.abs(share) < NOTABLE_LOG_ODDS) return 'no notable share';
  return `${share > 0 ? 'higher' : 'lower'} predicted risk`;
}

function partName({ kind, modalities = [] }: BaseLearnerOutput): string {
  if (kind === 'lightgbm') return 'trees on single values';
  const [only] = modalities;
  return modalities.length === 1 && only !== undefined ? NETWORK_WORDS[only] : 'fusion network';
}

const NETWORK_WORDS = {
  tabular: 'network on single values',
  series: 'series network',
  notes: 'notes network',
} as const;

/** `notes read` rather than the network that read them: whoever wrote the notes wants to know that. */
function readName(learner: BaseLearnerOutput): string {
  const isOfNotes = learner.modalities?.length === 1 && learner.modalities[0] === 'notes';
  return isOfNotes ? 'notes read' : `${partName(learner)} read`;
}
