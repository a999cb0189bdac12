import type { ConceptKey } from '../concepts/concept.js';

export type Statistic = 'last' | 'first' | 'min' | 'max' | 'mean' | 'delta' | 'slope' | 'count' | 'hours_since_last';

/** One column of the tabular tensor. `name` is unique and is the column's name in every Parquet file. */
export type TabularColumn =
  | {
      readonly name: string;
      readonly kind: 'statistic';
      readonly concept: ConceptKey;
      readonly statistic: Statistic;
      readonly windowHours: number;
    }
  | { readonly name: string; readonly kind: 'static'; readonly concept: ConceptKey; readonly level?: string }
  | {
      readonly name: string;
      readonly kind: 'aggregate';
      readonly concept: ConceptKey;
      readonly measure: string;
      readonly windowHours: number;
    }
  | {
      readonly name: string;
      readonly kind: 'derived';
      /** Concept the contribution is shown under. */
      readonly concept: ConceptKey;
      readonly formula: string;
      readonly windowHours: number;
    };

/** Names, order, units and windows of the three tensors; its sha256 stands in the bundle's manifest. */
export interface FeatureSpec {
  readonly specVersion: 1;
  readonly id: string;
  readonly tabular: readonly TabularColumn[];
  readonly series: {
    /** Concept of each id; id 0 is padding, so the concept at index i has id i + 1. */
    readonly concepts: readonly ConceptKey[];
    readonly maxTokens: number;
    readonly windowHours: number;
  };
  readonly notes: { readonly maxChunks: number; readonly maxWords: number; readonly windowHours: number };
  /** Concepts whose three-state flag is reported, in order (all concepts of tabular and series). */
  readonly states: readonly ConceptKey[];
}
