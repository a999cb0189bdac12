import type { ConceptKey } from '../concepts/concept.js';

/** observed: a usable value in the look-back. absent: looked for, none. unavailable: the source could not be read. */
export type ConceptState = 'observed' | 'absent' | 'unavailable';
export const CONCEPT_STATES: readonly ConceptState[] = ['observed', 'absent', 'unavailable'];

/** The value a card may quote for a concept: the newest one the model saw. */
export interface Evidence {
  readonly concept: ConceptKey;
  readonly value: number;
  readonly unit: string | null;
  readonly timeMs: number;
  readonly hoursBefore: number;
  readonly provisional: boolean;
  readonly evidence: string;
}

export interface NoteChunk {
  readonly text: string;
  readonly kind: string;
  readonly hoursBefore: number;
  readonly evidence: string;
}

/** What the model sees at `predictionTimeMs`, and nothing else. */
export interface FeatureTensors {
  readonly specId: string;
  readonly predictionTimeMs: number;
  /** Shape [columns]; NaN where there is no value. */
  readonly tabular: Float32Array;
  /** Shape [spec.states]; index into CONCEPT_STATES. */
  readonly states: Uint8Array;
  readonly series: {
    /** Shape [maxTokens], 0 is padding. */
    readonly conceptIds: Int32Array;
    /** Shape [maxTokens], hours before the prediction time, ≥ 0. Tokens run newest first. */
    readonly hoursBefore: Float32Array;
    /** Shape [maxTokens], canonical units, not standardised. */
    readonly values: Float32Array;
    /** Shape [maxTokens], 1 = a token. */
    readonly mask: Uint8Array;
    readonly tokens: number;
  };
  readonly notes: {
    readonly chunks: readonly NoteChunk[];
    /** Shape [maxChunks], 1 = a chunk. */
    readonly mask: Uint8Array;
  };
  readonly evidence: ReadonlyMap<ConceptKey, Evidence>;
  /** Per modality: is there anything to read? */
  readonly modalities: Readonly<Record<Modality, ModalityState>>;
}

export type Modality = 'tabular' | 'series' | 'notes';
export type ModalityState = 'present' | 'empty' | 'unavailable';
