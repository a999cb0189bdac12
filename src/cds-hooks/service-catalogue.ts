import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { ServiceError } from '../errors/service-error.js';
import { CONFIGURATION_OPTIONS_EXTENSION } from './call-configuration.js';
import { emptyMembers } from './empty-members.js';
import { parsePrefetchTemplate } from './prefetch-query.js';

/** One entry of the discovery document. @see requirements 7–11 */
export interface ServiceDefinition {
  readonly hook: string;
  readonly id: string;
  readonly title?: string;
  readonly description: string;
  /** Version of the CDS Hooks specification. */
  readonly version?: string;
  readonly hookVersion?: string;
  readonly usageRequirements?: string;
  readonly prefetch?: Readonly<Record<string, string>>;
  /** What a call may set. @see requirement 76 */
  readonly extension?: { readonly [CONFIGURATION_OPTIONS_EXTENSION]?: readonly ConfigurationOption[] };
}

/** One thing a call may set, as Da Vinci CRD writes it. */
export interface ConfigurationOption {
  readonly code: string;
  readonly type: 'boolean' | 'integer';
  readonly name: string;
  readonly description: string;
  readonly default: boolean | number;
}

/** The discovery document. */
export interface ServiceCatalogue {
  readonly services: readonly ServiceDefinition[];
}

const CATALOGUE_FILE = new URL('../../cds-services.json', import.meta.url);
const SEMVER = '^\\d+\\.\\d+\\.\\d+(-[0-9A-Za-z.-]+)?$';
const text = { type: 'string', minLength: 1 };

const configurationOption = {
  type: 'object',
  required: ['code', 'type', 'name', 'description', 'default'],
  properties: { code: text, type: { enum: ['boolean', 'integer'] }, name: text, description: text },
  if: { properties: { type: { const: 'boolean' } } },
  then: { properties: { default: { type: 'boolean' } } },
  else: { properties: { default: { type: 'integer' } } },
  additionalProperties: true,
};

/** JSON Schema of the discovery document. */
export const CATALOGUE_SCHEMA = {
  type: 'object',
  required: ['services'],
  properties: {
    services: {
      type: 'array',
      items: {
        type: 'object',
        required: ['hook', 'id', 'description'],
        properties: {
          hook: text,
          id: { type: 'string', pattern: '^[A-Za-z0-9._-]+$' },
          title: text,
          description: text,
          version: { type: 'string', pattern: SEMVER },
          hookVersion: text,
          usageRequirements: text,
          prefetch: { type: 'object', additionalProperties: text },
          extension: {
            type: 'object',
            properties: { [CONFIGURATION_OPTIONS_EXTENSION]: { type: 'array', items: configurationOption } },
          },
        },
        additionalProperties: false,
      },
    },
  },
  additionalProperties: false,
} as const;

const isCatalogue = new Ajv().compile<ServiceCatalogue>(CATALOGUE_SCHEMA);

/**
 * The discovery document in `value`, checked: shape, one service per id (requirement 12), legal prefetch templates
 * (requirements 21 and 23), no empty members (requirement 2). Throws ServiceError ERR_CONFIG.
 */
export function parseServiceCatalogue(value: unknown): ServiceCatalogue {
  if (!isCatalogue(value)) {
    const error = isCatalogue.errors?.[0];
    throw notACatalogue(`${error?.instancePath ?? ''} ${error?.message ?? 'is not valid'}`.trim());
  }
  const empty = emptyMembers(value, ['services']);
  if (empty.length > 0) throw notACatalogue(`${empty.join(', ')} has no value`);
  const ids = value.services.map(({ id }) => id);
  if (new Set(ids).size !== ids.length) throw notACatalogue('two services have the same id');
  for (const { prefetch } of value.services) Object.values(prefetch ?? {}).forEach(parsePrefetchTemplate);
  return value;
}

/** Reads and checks a discovery document, by default the project's `cds-services.json`. Throws ServiceError ERR_CONFIG. */
export function loadServiceCatalogue(file: URL | string = CATALOGUE_FILE): ServiceCatalogue {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new ServiceError('ERR_CONFIG', { detail: 'cds-services.json cannot be read as JSON', cause });
  }
  return parseServiceCatalogue(value);
}

let loaded: ServiceCatalogue | undefined;

/** The project's own discovery document, read once. */
export function serviceCatalogue(): ServiceCatalogue {
  loaded ??= loadServiceCatalogue();
  return loaded;
}

function notACatalogue(what: string): ServiceError {
  return new ServiceError('ERR_CONFIG', { detail: `cds-services.json: ${what}` });
}
