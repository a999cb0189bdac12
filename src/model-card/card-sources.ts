import { mismatch, parseJson, readBytes, sha256 } from '../ensemble/checked-file.js';
import type { ModelBundle } from '../ensemble/model-bundle.js';

/** What a model card is made from: the verified bundle, and the two files of it that people wrote and evaluation wrote. */
export interface CardSources {
  readonly bundle: Pick<ModelBundle, 'identity' | 'manifest' | 'spec'>;
  /** Text of MODEL_CARD.md; absent where the bundle has none. */
  readonly text?: string;
  /** Content of evaluation/report.json; absent where the bundle has none. */
  readonly report?: unknown;
}

const CARD_FILE = 'MODEL_CARD.md';
const REPORT_FILE = 'evaluation/report.json';

/**
 * Reads the files of a bundle's folder that its card is made from. Only files that the manifest lists, as it lists them.
 * Throws ServiceError ERR_MODEL_BUNDLE when one cannot be read or was changed since the bundle was verified.
 */
export async function readCardSources(directory: string, bundle: CardSources['bundle']): Promise<CardSources> {
  const [text, report] = [await listed(directory, bundle, CARD_FILE), await listed(directory, bundle, REPORT_FILE)];
  return {
    bundle,
    ...(text === undefined ? {} : { text: text.toString('utf8') }),
    ...(report === undefined ? {} : { report: parseJson(REPORT_FILE, report) }),
  };
}

async function listed(
  directory: string,
  { manifest }: CardSources['bundle'],
  file: string,
): Promise<Buffer | undefined> {
  const expected = manifest.files[file]?.sha256;
  if (expected === undefined) return undefined;
  const bytes = await readBytes(directory, file, 'the bundle');
  const found = sha256(bytes);
  if (found !== expected) throw mismatch(file, `sha256 ${expected}`, found);
  return bytes;
}
