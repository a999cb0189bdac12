/** Tiers by calibrated probability: low < 3 %, moderate 3–10 %, high 10–25 %, very-high ≥ 25 %. */
export type RiskTier = 'low' | 'moderate' | 'high' | 'very-high';

export interface BaseLearnerOutput {
  readonly id: string;
  readonly available: boolean;
  /** Raw score in log-odds; absent when the learner's modality is. */
  readonly logit?: number;
  readonly weight: number;
}

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
  readonly model: ModelIdentity;
  /** Plain words: who the model was made from (`general ICU patients`), and the share of events among them. */
  readonly population: { readonly description: string; readonly baseRate: number; readonly icuOnly: boolean };
}
