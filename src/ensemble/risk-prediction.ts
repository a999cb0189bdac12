import type { Modality } from '../features/feature-tensors.js';

/** Tiers by calibrated probability: low < 3 %, moderate 3–10 %, high 10–25 %, very-high ≥ 25 %. */
export type RiskTier = 'low' | 'moderate' | 'high' | 'very-high';

export interface BaseLearnerOutput {
  readonly id: string;
  /** LightGBM or a network; not known of predictions stored by earlier versions. */
  readonly kind?: 'lightgbm' | 'network';
  /** What it reads, where it is there. */
  readonly modalities?: readonly Modality[];
  readonly available: boolean;
  /** Raw score in log-odds; absent when the learner's modality is. */
  readonly logit?: number;
  /** In the stack, for the availability pattern of this prediction; 0: it was read and does not count. */
  readonly weight: number;
  /** How a fusion learner weighed the modalities; they add up to 1. */
  readonly gate?: Readonly<Record<Modality, number>>;
}

/**
 * What became of a modality. read: a learner saw it. empty: looked for, nothing there. unavailable: its sources could not be
 * read. late: the notes were not embedded in time. failed: the note encoder failed. unused: the model has no learner for it.
 */
export type ModalityUse = 'read' | 'empty' | 'unavailable' | 'late' | 'failed' | 'unused';

export interface ModelIdentity {
  readonly id: string;
  readonly version: string;
  /** sha256 of the bundle's manifest. */
  readonly sha256: string;
  readonly title: string;
}

/** A calibrated probability of death within 7 days of the prediction time. */
export interface RiskPrediction {
  readonly probability: number;
  /** Calibrated log-odds. */
  readonly logit: number;
  readonly tier: RiskTier;
  readonly baseLearners: readonly BaseLearnerOutput[];
  /** What each learner could read of the chart. */
  readonly modalities: Readonly<Record<Modality, ModalityUse>>;
  readonly model: ModelIdentity;
  /** Plain words: who the model was made from (`general ICU patients`), and the share of events among them. */
  readonly population: { readonly description: string; readonly baseRate: number; readonly icuOnly: boolean };
}
