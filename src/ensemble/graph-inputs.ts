import type { FeatureSpec } from '../features/feature-spec.js';
import type { FeatureTensors } from '../features/feature-tensors.js';

/**
 * Everything a base learner's graph may ask for, by the names its inputs bear; row-major, N rows.
 * A graph takes the ones it has, in any order.
 */
export interface GraphInputs {
  readonly rows: number;
  /** Shape [N × columns], raw; NaN where there is no value. */
  readonly tabular: Float32Array;
  /** Shape [N × maxTokens]; 0 is padding. */
  readonly concept_ids: BigInt64Array;
  /** Shape [N × maxTokens]; 0 where padding. */
  readonly hours_before: Float32Array;
  /** Shape [N × maxTokens], canonical units; 0 where padding. */
  readonly values: Float32Array;
  /** Shape [N × maxTokens]; 1 = a token. */
  readonly token_mask: Float32Array;
  /** Shape [N × dimension of the note encoder]; zeros where there are no notes. */
  readonly note_vector: Float32Array;
  /** Shape [N × 1]; 1 = `note_vector` holds notes. */
  readonly notes_present: Float32Array;
}

export type GraphInputName = Exclude<keyof GraphInputs, 'rows'>;

/** Element type and width of each input: what a manifest may declare. */
export function inputVocabulary(
  spec: FeatureSpec,
  noteDimension: number,
): Readonly<Record<GraphInputName, { readonly type: 'float32' | 'int64'; readonly width: number }>> {
  const { maxTokens } = spec.series;
  return {
    tabular: { type: 'float32', width: spec.tabular.length },
    concept_ids: { type: 'int64', width: maxTokens },
    hours_before: { type: 'float32', width: maxTokens },
    values: { type: 'float32', width: maxTokens },
    token_mask: { type: 'float32', width: maxTokens },
    note_vector: { type: 'float32', width: noteDimension },
    notes_present: { type: 'float32', width: 1 },
  };
}

/** One row's tokens, newest first, without padding. */
export interface RowTokens {
  readonly conceptIds: ArrayLike<number>;
  readonly hoursBefore: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

/** One row as graphs take it; without `series` no token, without `noteVector` no notes. */
export function rowInputs(
  spec: FeatureSpec,
  noteDimension: number,
  row: {
    readonly tabular: Float32Array;
    readonly series?: RowTokens | undefined;
    readonly noteVector?: ArrayLike<number> | undefined;
  },
): GraphInputs {
  const { maxTokens } = spec.series;
  const conceptIds = new BigInt64Array(maxTokens);
  const tokenMask = new Float32Array(maxTokens);
  const hoursBefore = new Float32Array(maxTokens);
  const values = new Float32Array(maxTokens);
  const noteVector = new Float32Array(noteDimension);
  const tokens = Math.min(row.series?.conceptIds.length ?? 0, maxTokens);
  for (let token = 0; token < tokens; token++) {
    conceptIds[token] = BigInt(row.series?.conceptIds[token] ?? 0);
    hoursBefore[token] = row.series?.hoursBefore[token] ?? 0;
    values[token] = row.series?.values[token] ?? 0;
    tokenMask[token] = 1;
  }
  if (row.noteVector) noteVector.set(row.noteVector);
  return {
    rows: 1,
    tabular: row.tabular,
    concept_ids: conceptIds,
    hours_before: hoursBefore,
    values,
    token_mask: tokenMask,
    note_vector: noteVector,
    notes_present: Float32Array.of(row.noteVector ? 1 : 0),
  };
}

/** One patient's tensors as graphs take them. */
export function graphInputs(
  spec: FeatureSpec,
  noteDimension: number,
  { tabular, series }: Pick<FeatureTensors, 'tabular' | 'series'>,
  noteVector: Float32Array | undefined,
): GraphInputs {
  const { conceptIds, hoursBefore, values, tokens } = series;
  const own = {
    conceptIds: conceptIds.subarray(0, tokens),
    hoursBefore: hoursBefore.subarray(0, tokens),
    values: values.subarray(0, tokens),
  };
  return rowInputs(spec, noteDimension, { tabular, series: own, noteVector });
}
