import { Ajv, type ErrorObject } from 'ajv';
import type { Bundle } from 'fhir/r4.js';
import { ServiceError } from '../errors/service-error.js';

/** A hook call as it is on the wire. Optional members may be null, which some clients write for "not given". */
export interface WireHookRequest {
  readonly hook: 'order-sign';
  readonly hookInstance: string;
  readonly fhirServer?: string | null;
  readonly fhirAuthorization?: WireFhirAuthorization | null;
  readonly context: {
    readonly userId: string;
    readonly patientId: string;
    readonly encounterId?: string | null;
    readonly draftOrders: Bundle;
  };
  readonly prefetch?: Readonly<Record<string, unknown>> | null;
  /** Anything: a call is never refused for its extensions. */
  readonly extension?: unknown;
}

export interface WireFhirAuthorization {
  readonly access_token: string;
  readonly token_type: string;
  readonly expires_in: number;
  readonly scope: string;
  readonly subject: string;
  readonly patient?: string | null;
}

const UUID = '^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$';
/** @see https://hl7.org/fhir/R4/datatypes.html#id */
const FHIR_ID = '^[A-Za-z0-9\\-.]{1,64}$';
/** Invariant ord-1 of order-sign. */
const USER_REFERENCE = '^[\\d\\w]+\\/[\\d\\w\\-.]+$';
/** What may stand in an Authorization header. */
const BEARER_TOKEN = '^[\\x21-\\x7e]+$';
const BEARER = '^[Bb][Ee][Aa][Rr][Ee][Rr]$';

/** Said instead of a pattern; never the value. */
const FORMS: Readonly<Record<string, string>> = {
  [UUID]: 'must be a UUID',
  [FHIR_ID]: 'must be a FHIR id',
  [USER_REFERENCE]: 'must be a reference of the form Type/id',
  [BEARER_TOKEN]: 'must be a bearer token',
  [BEARER]: 'must be Bearer',
};

const fhirId = { type: 'string', pattern: FHIR_ID };

/**
 * JSON Schema of a hook call. Resources are not looked into here: draft orders are read leniently (requirement 4), prefetch by
 * `resolvePrefetched`.
 */
export const HOOK_REQUEST_SCHEMA = {
  type: 'object',
  required: ['hook', 'hookInstance', 'context'],
  properties: {
    hook: { const: 'order-sign' },
    hookInstance: { type: 'string', pattern: UUID },
    fhirServer: { type: ['string', 'null'], minLength: 1 },
    fhirAuthorization: {
      type: ['object', 'null'],
      required: ['access_token', 'token_type', 'expires_in', 'scope', 'subject'],
      properties: {
        access_token: { type: 'string', pattern: BEARER_TOKEN },
        token_type: { type: 'string', pattern: BEARER },
        expires_in: { type: 'integer', minimum: 0 },
        scope: { type: 'string' },
        subject: { type: 'string', minLength: 1 },
        patient: { type: ['string', 'null'], minLength: 1 },
      },
    },
    context: {
      type: 'object',
      required: ['userId', 'patientId', 'draftOrders'],
      properties: {
        userId: { type: 'string', pattern: USER_REFERENCE },
        patientId: fhirId,
        encounterId: { type: ['string', 'null'], pattern: FHIR_ID },
        draftOrders: {
          type: 'object',
          required: ['resourceType'],
          properties: {
            resourceType: { const: 'Bundle' },
            entry: {
              type: 'array',
              items: {
                type: 'object',
                properties: {
                  resource: {
                    type: 'object',
                    required: ['resourceType'],
                    properties: { resourceType: { type: 'string', minLength: 1 } },
                  },
                },
              },
            },
          },
        },
      },
    },
    prefetch: { type: ['object', 'null'] },
  },
} as const;

const isWireHookRequest = new Ajv({ allowUnionTypes: true }).compile<WireHookRequest>(HOOK_REQUEST_SCHEMA);

/**
 * The body as an order-sign call. Unknown members are ignored (requirement 4).
 * Throws ServiceError ERR_REQUEST_INVALID, or ERR_HOOK_MISMATCH for another hook; both name the element and echo no value.
 */
export function checkWireHookRequest(body: unknown): WireHookRequest {
  if (typeof body === 'object' && body !== null && 'hook' in body && typeof body.hook === 'string') {
    if (body.hook !== 'order-sign') {
      throw new ServiceError('ERR_HOOK_MISMATCH', {
        detail: 'hook must be order-sign for this service',
        expression: 'hook',
      });
    }
  }
  if (isWireHookRequest(body)) return body;
  const { expression, words } = describeSchemaError(isWireHookRequest.errors?.[0]);
  throw new ServiceError('ERR_REQUEST_INVALID', {
    detail: expression === '' ? `the body ${words}` : `${expression} ${words}`,
    ...(expression === '' ? {} : { expression }),
  });
}

function describeSchemaError(error: ErrorObject | undefined): { expression: string; words: string } {
  if (!error) return { expression: '', words: 'is not valid' };
  const params: Readonly<Record<string, unknown>> = error.params;
  const expression = fhirPath(error.instancePath);
  switch (error.keyword) {
    case 'required': {
      const missing = String(params['missingProperty']);
      return { expression: expression === '' ? missing : `${expression}.${missing}`, words: 'is required' };
    }
    case 'type':
      return { expression, words: `must be of type ${typeWords(params['type'])}` };
    case 'const':
      return { expression, words: `must be ${String(params['allowedValue'])}` };
    case 'pattern':
      return { expression, words: FORMS[String(params['pattern'])] ?? 'does not have the required form' };
    case 'minLength':
      return { expression, words: 'must not be empty' };
    default:
      return { expression, words: 'is not valid' };
  }
}

function typeWords(type: unknown): string {
  const types: readonly unknown[] = Array.isArray(type) ? type : [type];
  return types.filter((name) => name !== 'null').join(' or ');
}

/** `/context/draftOrders/entry/0` as `context.draftOrders.entry[0]`. All names in it are the schema's own. */
function fhirPath(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path === '' ? part : `${path}.${part}`), '');
}
