import type { FeatureSpec } from '../features/feature-spec.js';
import type { Modality } from '../features/feature-tensors.js';
import type { GraphInputs } from './graph-inputs.js';
import type { NoteEncoder } from './note-encoder/note-encoder.js';
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
  /** What it reads; a modality that is not there is masked inside its graph, unless `requires` names it. */
  readonly modalities: readonly Modality[];
  /** Modalities without which it is left out; not given: all of `modalities`. The tabular one is always there. */
  readonly requires?: readonly Modality[];
  readonly graph: string;
  readonly trees?: string;
  /** The same weights with one more output, `attention`; loaded when somebody asks, never for a card. */
  readonly detailGraph?: string;
  /** By name, of the vocabulary in `graph-inputs.ts`, in any order. */
  readonly inputs: readonly GraphTensor[];
  readonly output: GraphTensor;
  /** Shape [N, 3]: weights of tabular, series, notes; sums to 1 over those that are there. */
  readonly gate?: GraphTensor;
}

/** How the vectors of a patient's notes become one: weights halve every `halfLifeHours` of age, and are divided by their sum. */
export interface NotePooling {
  readonly kind: 'recency-mean';
  readonly halfLifeHours: number;
}

/** `manifest.json`. Version 1 has one LightGBM learner's worth of members; version 2 adds networks and a note encoder. */
export interface BundleManifest {
  readonly bundleVersion: 1 | 2;
  readonly id: string;
  readonly version: string;
  readonly title: string;
  readonly outcome: string;
  readonly population: { readonly description: string; readonly baseRate: number; readonly icuOnly: boolean };
  readonly trainingData: readonly { readonly source: string; readonly rows: number; readonly events: number }[];
  /** Stages, fold-file hash, seeds, wall time: for readers, not for scoring. */
  readonly training?: Readonly<Record<string, unknown>>;
  /** Every file of the bundle but the manifest. */
  readonly files: Readonly<Record<string, { readonly sha256: string; readonly bytes: number }>>;
  readonly featureSpecSha256: string;
  readonly baseLearners: readonly BaseLearnerManifest[];
  /** The encoder the text learners were trained with; it lies in `../encoders/<id>`. */
  readonly noteEncoder?: {
    readonly id: string;
    /** sha256 of the encoder's `encoder.json`, which holds those of all its files. */
    readonly sha256: string;
    readonly dimension: number;
    readonly pooling: NotePooling;
  };
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
  /** Mean out-of-fold logit of a learner: what its contribution is counted from. Not given: 0. */
  readonly references?: Readonly<Record<string, number>>;
}

/** `golden.json`: rows written by training that every load reproduces. null stands for NaN. */
export interface GoldenRows {
  readonly tolerance: { readonly logit: number };
  readonly rows: readonly {
    readonly tabular: readonly (number | null)[];
    /** Only the tokens, newest first; not given: no token. */
    readonly series?: {
      readonly conceptIds: readonly number[];
      readonly hoursBefore: readonly number[];
      readonly values: readonly number[];
    };
    /** Not given: no notes. */
    readonly noteVector?: readonly number[];
    /** Of the learners that are available in this row. */
    readonly logits: Readonly<Record<string, number>>;
    /** Tabular, series, notes: of the learner that has a gate. */
    readonly gate?: readonly number[];
    readonly calibratedLogit: number;
    readonly probability: number;
  }[];
}

/** What a graph gave for N rows. */
export interface LearnerScores {
  /** Shape [N], raw log-odds. */
  readonly logits: Float32Array;
  /** Shape [N × 3], row-major: tabular, series, notes. */
  readonly gates?: Float32Array;
}

/** What the detail graph tells of one row. */
export interface LearnerDetail extends LearnerScores {
  readonly learner: string;
  /** Shape [N × (maxTokens + 1)]; index 0 is the token that is always there. */
  readonly attention: Float32Array;
}

/** A verified bundle, ready to score. */
export interface ModelBundle {
  readonly identity: ModelIdentity;
  readonly manifest: BundleManifest;
  readonly spec: FeatureSpec;
  readonly stack: StackSpec;
  readonly trees: ReadonlyMap<string, TreeModel>;
  /** Of bundles that read notes. */
  readonly noteEncoder?: NoteEncoder;
  /** One base learner on N rows. */
  score(learnerId: string, inputs: GraphInputs): Promise<LearnerScores>;
  /** Attention and gate of the learner that has a detail graph; undefined where none has. */
  detail(inputs: GraphInputs): Promise<LearnerDetail | undefined>;
  /** Ends the threads of the note encoder. */
  close(): Promise<void>;
}
