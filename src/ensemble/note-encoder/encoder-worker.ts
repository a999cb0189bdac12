import { parentPort, workerData } from 'node:worker_threads';
import { openEngine, type EncoderEngine } from './encoder-engine.js';

/** What a thread is asked for. */
export type EncoderJob =
  | { readonly kind: 'tokens'; readonly text: string }
  | { readonly kind: 'cut'; readonly text: string }
  | { readonly kind: 'embed'; readonly text: string };

export type EncoderAnswer =
  | { readonly kind: 'tokens'; readonly ids: readonly number[] }
  | { readonly kind: 'cut'; readonly pieces: readonly string[] }
  | { readonly kind: 'embed'; readonly embedding: Float32Array }
  /** No word of the text: it comes from a chart. */
  | { readonly kind: 'fault'; readonly what: string; readonly name: string };

export interface EncoderWorkerData {
  readonly folder: string;
  readonly maxWordPieces: number;
}

const { folder, maxWordPieces } = workerData as EncoderWorkerData;
const opened = openEngine(folder, maxWordPieces);
opened.catch(() => undefined);

parentPort?.on('message', (job: EncoderJob) => {
  opened
    .then(
      (engine) => answer(engine, job).catch((error: unknown) => fault('it failed on a text', error)),
      (error: unknown) => fault('tokenizer or graph cannot be loaded', error),
    )
    .then((message) => parentPort?.postMessage(message))
    .catch(() => process.exit(1));
});

function fault(what: string, error: unknown): EncoderAnswer {
  return { kind: 'fault', what, name: error instanceof Error ? error.name : 'Error' };
}

async function answer(engine: EncoderEngine, { kind, text }: EncoderJob): Promise<EncoderAnswer> {
  switch (kind) {
    case 'tokens':
      return { kind, ids: engine.tokenIds(text) };
    case 'cut':
      return { kind, pieces: engine.cut(text) };
    case 'embed':
      return { kind, embedding: await engine.embed(text) };
  }
}
