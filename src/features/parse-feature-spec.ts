import { Ajv } from 'ajv';
import { isConceptKey } from '../concepts/dictionary.js';
import { ServiceError } from '../errors/service-error.js';
import type { FeatureSpec } from './feature-spec.js';
import { isKnownColumn } from './tabular/tabular-row.js';

const text = { type: 'string', minLength: 1 };
const hours = { type: 'integer', minimum: 1, maximum: 720 };
const column = (kind: string, properties: Record<string, unknown>, required: readonly string[]): object => ({
  type: 'object',
  required: ['name', 'kind', 'concept', ...required],
  additionalProperties: false,
  properties: { name: text, kind: { const: kind }, concept: text, ...properties },
});

const isFeatureSpec = new Ajv({ allErrors: false }).compile<FeatureSpec>({
  type: 'object',
  required: ['specVersion', 'id', 'tabular', 'series', 'notes', 'states'],
  additionalProperties: false,
  properties: {
    specVersion: { const: 1 },
    id: text,
    tabular: {
      type: 'array',
      minItems: 1,
      items: {
        oneOf: [
          column(
            'statistic',
            {
              statistic: {
                enum: ['last', 'first', 'min', 'max', 'mean', 'delta', 'slope', 'count', 'hours_since_last'],
              },
              windowHours: hours,
            },
            ['statistic', 'windowHours'],
          ),
          column('static', { level: text }, []),
          column('aggregate', { measure: text, windowHours: hours }, ['measure', 'windowHours']),
          column('derived', { formula: text, windowHours: hours }, ['formula', 'windowHours']),
        ],
      },
    },
    series: {
      type: 'object',
      required: ['concepts', 'maxTokens', 'windowHours'],
      additionalProperties: false,
      properties: {
        concepts: { type: 'array', uniqueItems: true, items: text },
        maxTokens: { type: 'integer', minimum: 1, maximum: 4096 },
        windowHours: hours,
      },
    },
    notes: {
      type: 'object',
      required: ['maxChunks', 'maxWords', 'windowHours'],
      additionalProperties: false,
      properties: {
        maxChunks: { type: 'integer', minimum: 1, maximum: 64 },
        maxWords: { type: 'integer', minimum: 10, maximum: 1000 },
        windowHours: hours,
      },
    },
    states: { type: 'array', uniqueItems: true, items: text },
  },
});

/** A feature spec from its JSON. Throws ERR_MODEL_BUNDLE naming the element, the unknown concept or the column this version cannot compute. */
export function parseFeatureSpec(content: unknown): FeatureSpec {
  if (!isFeatureSpec(content)) {
    const first = isFeatureSpec.errors?.[0];
    throw refused(`${first?.instancePath ?? ''} ${first?.message ?? 'is invalid'}`);
  }
  const keys = [...content.states, ...content.series.concepts, ...content.tabular.map(({ concept }) => concept)];
  const unknown = keys.find((key) => !isConceptKey(key));
  if (unknown !== undefined) throw refused(`expected concepts of the dictionary, found ${unknown}`);
  const beyond = content.tabular.find((one) => !isKnownColumn(one));
  if (beyond) throw refused(`expected columns this version computes, found ${beyond.name}`);
  const names = content.tabular.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw refused(`expected each column once, found ${twice} again`);
  return content;
}

/** The bytes of a feature spec that are hashed and written: members in a fixed order, one column a line. */
export function canonicalSpecBytes(spec: FeatureSpec): Uint8Array {
  const columns = spec.tabular.map((one) => `    ${JSON.stringify(sorted(one))}`).join(',\n');
  const head = `{\n  "specVersion": 1,\n  "id": ${JSON.stringify(spec.id)},\n  "tabular": [\n${columns}\n  ],\n`;
  const tail = (['series', 'notes', 'states'] as const)
    .map(
      (member) => `  "${member}": ${JSON.stringify(Array.isArray(spec[member]) ? spec[member] : sorted(spec[member]))}`,
    )
    .join(',\n');
  return new TextEncoder().encode(`${head}${tail}\n}\n`);
}

function sorted(value: object): object {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function refused(detail: string): ServiceError {
  return new ServiceError('ERR_MODEL_BUNDLE', { detail: `feature-spec.json: ${detail}` });
}
