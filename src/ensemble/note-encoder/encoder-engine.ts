import { basename, dirname } from 'node:path';
import { env, pipeline } from '@xenova/transformers';
import { cutText } from './cut-text.js';

/** The encoder itself, in the thread that computes. */
export interface EncoderEngine {
  tokenIds(text: string): readonly number[];
  cut(text: string): readonly string[];
  /** Mean over the tokens, then length 1. One piece a run, unpadded: dynamic int8 gives another vector in another batch. */
  embed(piece: string): Promise<Float32Array>;
}

/** Loads tokenizer and quantised graph from a local folder; nothing is ever fetched. */
export async function openEngine(folder: string, maxWordPieces: number): Promise<EncoderEngine> {
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.useFSCache = false;
  env.localModelPath = dirname(folder);
  const extract = await pipeline('feature-extraction', basename(folder), {
    dtype: 'q8',
    device: 'cpu',
    local_files_only: true,
    session_options: { intraOpNumThreads: 1, interOpNumThreads: 1 },
  });
  const ids = (text: string, special: boolean): readonly number[] =>
    extract.tokenizer.encode(text, { add_special_tokens: special });
  return {
    tokenIds: (text) => ids(text, true),
    cut: (text) => cutText(text, maxWordPieces, (part) => ids(part, false).length),
    embed: async (piece) => {
      const output: { readonly data: unknown } = await extract(piece, { pooling: 'mean', normalize: true });
      const { data } = output;
      if (!(data instanceof Float32Array)) throw new Error('the encoder gave no float32 vector');
      return Float32Array.from(data);
    },
  };
}
