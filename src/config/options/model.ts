import type { ConfigOption } from './config-option.js';
import { asText, asNumber, milliseconds } from './option-kinds.js';

/** The model and the reading of notes. */
export interface ModelConfig {
  readonly modelBundleDir: string;
  /** Not set: `encoders` beside the bundle's folder. */
  readonly noteEncodersDir?: string;
  readonly noteEncodingMs: number;
  readonly noteEncoderThreads: number;
}

export const MODEL_OPTIONS: readonly ConfigOption[] = [
  {
    key: 'modelBundleDir',
    variable: 'HEMOLENS_MODEL_BUNDLE_DIR',
    read: asText,
    schema: { type: 'string', minLength: 1 },
    form: 'a folder',
    fallback: { value: 'models/transfusion-open' },
    description:
      'Folder of the model bundle; a relative one is found from the working directory, then from the project.',
  },
  {
    key: 'noteEncodersDir',
    variable: 'HEMOLENS_NOTE_ENCODERS_DIR',
    read: asText,
    schema: { type: 'string', minLength: 1 },
    form: 'a folder',
    description: "Folder of the note encoders, one folder each. Not set: `encoders` beside the model bundle's folder.",
  },
  {
    key: 'noteEncodingMs',
    variable: 'HEMOLENS_NOTE_ENCODING_MS',
    ...milliseconds,
    fallback: { value: 200 },
    description:
      'How long reading of clinical notes may hold up a card, in milliseconds. Notes that are not read by then are left out, the card says so, and the next card of the patient finds them read.',
  },
  {
    key: 'noteEncoderThreads',
    variable: 'HEMOLENS_NOTE_ENCODER_THREADS',
    read: asNumber,
    schema: { type: 'integer', minimum: 1, maximum: 64 },
    form: 'a whole number from 1 to 64',
    fallback: { value: 1 },
    description: 'Threads that read clinical notes.',
  },
];
