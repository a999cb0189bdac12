import { Ajv } from 'ajv';
import { ServiceError } from '../errors/service-error.js';
import type { Concept } from './concept.js';
import schema from './dictionary.schema.json' with { type: 'json' };

const isDictionary = new Ajv().compile<{ readonly concepts: readonly Concept[] }>(schema);

/** The concepts of `dictionary.json`. Throws ERR_CONFIG naming the element that breaks the schema. */
export function parseDictionary(content: unknown): readonly Concept[] {
  if (isDictionary(content)) return content.concepts;
  const first = isDictionary.errors?.[0];
  throw new ServiceError('ERR_CONFIG', {
    detail: `dictionary.json: ${first?.instancePath ?? ''} ${first?.message ?? 'is invalid'}`,
  });
}
