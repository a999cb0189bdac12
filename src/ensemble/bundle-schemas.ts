import { Ajv, type ValidateFunction } from 'ajv';
import { ServiceError } from '../errors/service-error.js';
import type { BundleManifest, GoldenRows, StackSpec, TreeModel } from './model-bundle.js';

const ajv = new Ajv({ allErrors: false, allowUnionTypes: true });

const numbers = { type: 'array', items: { type: 'number' } };
const integers = { type: 'array', items: { type: 'integer' } };
const graphTensor = {
  type: 'object',
  required: ['name', 'type', 'shape'],
  properties: {
    name: { type: 'string', minLength: 1 },
    type: { enum: ['float32', 'int64'] },
    shape: { type: 'array', items: { type: ['integer', 'null'] } },
  },
};

const modalities = { type: 'array', items: { enum: ['tabular', 'series', 'notes'] } };

const validateManifest = ajv.compile<BundleManifest>({
  type: 'object',
  required: [
    'bundleVersion',
    'id',
    'version',
    'title',
    'outcome',
    'population',
    'trainingData',
    'files',
    'featureSpecSha256',
    'baseLearners',
  ],
  properties: {
    bundleVersion: { enum: [1, 2] },
    id: { type: 'string', minLength: 1 },
    version: { type: 'string', minLength: 1 },
    title: { type: 'string', minLength: 1 },
    outcome: { type: 'string', minLength: 1 },
    population: {
      type: 'object',
      required: ['description', 'baseRate', 'icuOnly'],
      properties: {
        description: { type: 'string', minLength: 1 },
        baseRate: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 },
        icuOnly: { type: 'boolean' },
      },
    },
    trainingData: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['source', 'rows', 'events'],
        properties: { source: { type: 'string' }, rows: { type: 'integer' }, events: { type: 'integer' } },
      },
    },
    files: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        required: ['sha256', 'bytes'],
        properties: { sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' }, bytes: { type: 'integer', minimum: 0 } },
      },
    },
    featureSpecSha256: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    baseLearners: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['id', 'kind', 'modalities', 'graph', 'inputs', 'output'],
        properties: {
          id: { type: 'string', minLength: 1 },
          kind: { enum: ['lightgbm', 'network'] },
          modalities: { ...modalities, minItems: 1 },
          requires: modalities,
          graph: { type: 'string' },
          trees: { type: 'string' },
          detailGraph: { type: 'string' },
          inputs: { type: 'array', minItems: 1, items: graphTensor },
          output: graphTensor,
          gate: graphTensor,
        },
      },
    },
    training: { type: 'object' },
    noteEncoder: {
      type: 'object',
      required: ['id', 'sha256', 'dimension', 'pooling'],
      properties: {
        id: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$' },
        sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' },
        dimension: { type: 'integer', minimum: 1 },
        pooling: {
          type: 'object',
          required: ['kind', 'halfLifeHours'],
          properties: { kind: { const: 'recency-mean' }, halfLifeHours: { type: 'number', exclusiveMinimum: 0 } },
        },
      },
    },
  },
});

const validateStack = ajv.compile<StackSpec>({
  type: 'object',
  required: ['kind', 'patterns', 'calibration'],
  properties: {
    kind: { const: 'affine-logit' },
    patterns: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['learners', 'intercept', 'weights'],
        properties: {
          learners: { type: 'array', minItems: 1, items: { type: 'string' } },
          intercept: { type: 'number' },
          weights: { type: 'object', additionalProperties: { type: 'number', minimum: 0 } },
        },
      },
    },
    calibration: {
      type: 'object',
      required: ['slope', 'intercept'],
      properties: { slope: { type: 'number', exclusiveMinimum: 0 }, intercept: { type: 'number' } },
    },
    references: { type: 'object', additionalProperties: { type: 'number' } },
  },
});

const validateTrees = ajv.compile<TreeModel>({
  type: 'object',
  required: ['kind', 'featureNames', 'trees'],
  properties: {
    kind: { const: 'lightgbm-trees' },
    featureNames: { type: 'array', items: { type: 'string' } },
    trees: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: [
          'splitFeature',
          'threshold',
          'defaultLeft',
          'missingType',
          'leftChild',
          'rightChild',
          'internalCount',
          'leafCount',
          'leafValue',
        ],
        properties: {
          splitFeature: integers,
          threshold: numbers,
          defaultLeft: { type: 'array', items: { type: 'boolean' } },
          missingType: { type: 'array', items: { enum: ['none', 'zero', 'nan'] } },
          leftChild: integers,
          rightChild: integers,
          internalCount: numbers,
          leafCount: numbers,
          leafValue: numbers,
        },
      },
    },
  },
});

const validateGolden = ajv.compile<GoldenRows>({
  type: 'object',
  required: ['tolerance', 'rows'],
  properties: {
    tolerance: {
      type: 'object',
      required: ['logit'],
      properties: { logit: { type: 'number', exclusiveMinimum: 0, maximum: 0.001 } },
    },
    rows: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['tabular', 'logits', 'calibratedLogit', 'probability'],
        properties: {
          tabular: { type: 'array', items: { type: ['number', 'null'] } },
          series: {
            type: 'object',
            required: ['conceptIds', 'hoursBefore', 'values'],
            properties: { conceptIds: integers, hoursBefore: numbers, values: numbers },
          },
          noteVector: numbers,
          gate: { ...numbers, minItems: 3, maxItems: 3 },
          logits: { type: 'object', additionalProperties: { type: 'number' } },
          calibratedLogit: { type: 'number' },
          probability: { type: 'number', minimum: 0, maximum: 1 },
        },
      },
    },
  },
});

/** Each parser returns the typed content or throws ERR_MODEL_BUNDLE naming the file, the element and the rule. */
export const parseManifest = (content: unknown): BundleManifest => parse('manifest.json', validateManifest, content);
export const parseStack = (content: unknown): StackSpec => parse('stack.json', validateStack, content);
export const parseGolden = (content: unknown): GoldenRows => parse('golden.json', validateGolden, content);
export const parseTrees = (file: string, content: unknown): TreeModel => parse(file, validateTrees, content);

function parse<T>(file: string, validate: ValidateFunction<T>, content: unknown): T {
  if (validate(content)) return content;
  const first = validate.errors?.[0];
  throw new ServiceError('ERR_MODEL_BUNDLE', {
    detail: `${file}: ${first?.instancePath ?? ''} ${first?.message ?? 'is invalid'}`,
  });
}
