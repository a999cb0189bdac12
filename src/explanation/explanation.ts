import type { ConceptKey, SourceKey } from '../concepts/concept.js';
import type { UnavailableReason } from '../record/patient-record.js';

/** The signed share of one concept in the calibrated log-odds. */
export interface Contribution {
  readonly concept: ConceptKey;
  /** Log-odds; positive is associated with higher predicted risk. */
  readonly contribution: number;
}

/** The signed share of a base learner that is one part: its columns cannot be told apart as those of trees can. */
export interface PartContribution {
  readonly learner: string;
  /** Log-odds, counted from the learner's usual score; 0 where its weight is 0. */
  readonly contribution: number;
}

export interface Driver extends Contribution {
  readonly display: string;
  readonly value?: number;
  readonly unit?: string;
  readonly timeMs?: number;
  readonly hoursBefore?: number;
  readonly evidence?: string;
  /** `lactate 6.1 mmol/L, 2 h ago`. */
  readonly wording: string;
}

export interface UnavailableSource {
  readonly source: SourceKey;
  readonly reason: UnavailableReason;
}

export interface Explanation {
  /** Calibrated log-odds with no feature known: `base + Σ contributions + Σ parts = prediction.logit`. */
  readonly base: number;
  readonly contributions: readonly Contribution[];
  /** Networks that were scored, in the model's order. */
  readonly parts: readonly PartContribution[];
  /** The three to five largest by absolute contribution, either direction. */
  readonly drivers: readonly Driver[];
  /** Display names of model concepts looked for and not found. */
  readonly absent: readonly string[];
  readonly unavailable: readonly UnavailableSource[];
}
