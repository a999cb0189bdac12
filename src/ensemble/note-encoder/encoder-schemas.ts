import { Ajv, type ValidateFunction } from 'ajv';
import { ServiceError } from '../../errors/service-error.js';
import type { EncoderGolden, EncoderManifest } from './note-encoder.js';

const ajv = new Ajv({ allErrors: false });
const text = { type: 'string', minLength: 1 };

const validateManifest = ajv.compile<EncoderManifest>({
  type: 'object',
  required: [
    'encoderVersion',
    'id',
    'architecture',
    'dimension',
    'maxWordPieces',
    'pooling',
    'normalised',
    'quantisation',
    'source',
    'licence',
    'files',
  ],
  properties: {
    encoderVersion: { const: 1 },
    id: text,
    architecture: text,
    dimension: { type: 'integer', minimum: 1 },
    maxWordPieces: { type: 'integer', minimum: 1 },
    pooling: { const: 'mean' },
    normalised: { const: true },
    quantisation: text,
    source: text,
    licence: text,
    files: {
      type: 'object',
      required: ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'onnx/model_quantized.onnx', 'golden.json'],
      additionalProperties: {
        type: 'object',
        required: ['sha256', 'bytes'],
        properties: { sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' }, bytes: { type: 'integer', minimum: 0 } },
      },
    },
  },
});

const validateGolden = ajv.compile<EncoderGolden>({
  type: 'object',
  required: ['texts', 'tolerance'],
  properties: {
    texts: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['text', 'inputIds', 'embedding'],
        properties: {
          text,
          inputIds: { type: 'array', minItems: 1, items: { type: 'integer' } },
          embedding: { type: 'array', minItems: 1, items: { type: 'number' } },
        },
      },
    },
    tolerance: {
      type: 'object',
      required: ['cosine'],
      properties: { cosine: { type: 'number', minimum: 0.9999, maximum: 1 } },
    },
  },
});

/** Each parser returns the typed content or throws ERR_MODEL_BUNDLE naming the file, the element and the rule. */
export const parseEncoderManifest = (content: unknown): EncoderManifest =>
  parse('encoder.json', validateManifest, content);
export const parseEncoderGolden = (content: unknown): EncoderGolden => parse('golden.json', validateGolden, content);

function parse<T>(file: string, validate: ValidateFunction<T>, content: unknown): T {
  if (validate(content)) return content;
  const first = validate.errors?.[0];
  throw new ServiceError('ERR_MODEL_BUNDLE', {
    detail: `${file} (note encoder): ${first?.instancePath ?? ''} ${first?.message ?? 'is invalid'}`,
  });
}
