import type { FeatureSpec } from '../features/feature-spec.js';
import type { ModelIdentity } from './risk-prediction.js';

/** One LightGBM tree as parallel arrays. Child < 0 is leaf `~child`. Thresholds are LightGBM's own doubles. */
export interface TreeArrays {
  readonly splitFeature: readonly number[];
  readonly threshold: readonly number[];
  readonly defaultLeft: readonly boolean[];
  readonly missingType: readonly ('none' | 'zero' | 'nan')[];
  readonly leftChild: readonly number[];
  readonly rightChild: readonly number[];
  /** Training rows through each inner node: the covers TreeSHAP needs. */
  readonly internalCount: readonly number[];
  readonly leafCount: readonly number[];
  /** Log-odds, shrinkage applied. */
  readonly leafValue: readonly number[];
}

/** `gbm.json` */
export interface TreeModel {
  readonly kind: 'lightgbm-trees';
  readonly featureNames: readonly string[];
  readonly trees: readonly TreeArrays[];
}

export interface GraphTensor {
  readonly name: string;
  readonly type: 'float32' | 'int64';
  /** null: the dynamic batch axis. */
  readonly shape: readonly (number | null)[];
}

export interface BaseLearnerManifest {
  readonly id: string;
  readonly kind: 'lightgbm' | 'network';
  readonly modalities: readonly ('tabular' | 'series' | 'notes')[];
  readonly graph: string;
  readonly trees?: string;
  readonly inputs: readonly GraphTensor[];
  readonly output: GraphTensor;
}

/** `manifest.json` */
export interface BundleManifest {
  readonly bundleVersion: 1;
  readonly id: string;
  readonly version: string;
  readonly title: string;
  readonly outcome: string;
  readonly population: { readonly description: string; readonly baseRate: number; readonly icuOnly: boolean };
  readonly trainingData: readonly { readonly source: string; readonly rows: number; readonly events: number }[];
  /** Every file of the bundle but the manifest. */
  readonly files: Readonly<Record<string, { readonly sha256: string; readonly bytes: number }>>;
  readonly featureSpecSha256: string;
  readonly baseLearners: readonly BaseLearnerManifest[];
}

/** `stack.json`: one weight vector per availability pattern, then an affine calibration; all on the logit scale. */
export interface StackSpec {
  readonly kind: 'affine-logit';
  readonly patterns: readonly {
    readonly learners: readonly string[];
    readonly intercept: number;
    readonly weights: Readonly<Record<string, number>>;
  }[];
  readonly calibration: { readonly slope: number; readonly intercept: number };
}

/** `golden.json`: rows written by training that every load reproduces. null stands for NaN. */
export interface GoldenRows {
  readonly tolerance: { readonly logit: number };
  readonly rows: readonly {
    readonly tabular: readonly (number | null)[];
    readonly logits: Readonly<Record<string, number>>;
    readonly calibratedLogit: number;
    readonly probability: number;
  }[];
}

/** A verified bundle, ready to score. */
export interface ModelBundle {
  readonly identity: ModelIdentity;
  readonly manifest: BundleManifest;
  readonly spec: FeatureSpec;
  readonly stack: StackSpec;
  readonly trees: ReadonlyMap<string, TreeModel>;
  /** Raw logits of one base learner. `tabular` has shape [rows × columns], row-major. */
  score(learnerId: string, tabular: Float32Array, rows: number): Promise<Float32Array>;
}
