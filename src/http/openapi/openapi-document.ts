import type { ServiceCatalogue } from '../../cds-hooks/service-catalogue.js';
import { errorResponses } from './error-responses.js';
import { CARD_EXAMPLE, FEEDBACK_EXAMPLE, HOOK_REQUEST_EXAMPLE, METRICS_EXAMPLE, NO_CARD_EXAMPLE } from './examples.js';
import { SCHEMAS } from './schemas.js';

type Value = Readonly<Record<string, unknown>>;

/** Version of this interface: minor for what is added, major for what breaks a caller. */
const INTERFACE_VERSION = '1.0.0';
/** A client's token is asked for, unless clients are not authenticated (development). Operations without this are open to everybody. */
const AUTHENTICATED = [{ clientJwt: [] }];

/**
 * The OpenAPI 3.1 document of the service: discovery, hook calls, feedback, health, model card and metrics.
 * @see https://spec.openapis.org/oas/v3.1.0
 */
export function openApiDocument(catalogue: ServiceCatalogue): Value {
  const errors = errorResponses();
  return {
    openapi: '3.1.0',
    info: {
      title: 'Hemolens',
      version: INTERFACE_VERSION,
      summary: 'CDS Hooks service: 7-day mortality risk at the moment a blood product order is signed',
      description:
        'Research software, not for clinical use. CDS Hooks 2.0.1. No answer holds null, "", [] or {}, but `cards: []` and `services: []`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths: {
      '/cds-services': { get: discovery(catalogue) },
      '/cds-services/{id}': { parameters: [ID], post: hookCall(errors) },
      '/cds-services/{id}/feedback': { parameters: [ID], post: feedback(errors) },
      '/healthz': { get: health('Does the process answer?', ['200']) },
      '/readyz': { get: health('May it be sent calls?', ['200', '503']) },
      '/model-card': { get: modelCard() },
      '/metrics': { get: metrics(errors) },
      '/openapi.json': {
        get: {
          operationId: 'openapi',
          summary: 'This document',
          responses: { 200: json('This document', { type: 'object' }) },
        },
      },
    },
    components: {
      schemas: SCHEMAS,
      responses: Object.fromEntries(Object.entries(errors).map(([status, value]) => [`Error${status}`, value])),
      securitySchemes: {
        clientJwt: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            'A JWT signed by the CDS client for this very address (`aud`), an hour old at most and used once. ES384 and RS384 unless registered otherwise.',
        },
      },
    },
  };
}

const ID = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'Id of a service in `GET /cds-services`.',
  schema: { type: 'string' },
};

function discovery(catalogue: ServiceCatalogue): Value {
  return {
    operationId: 'discovery',
    summary: 'Services, with their prefetch templates',
    responses: {
      200: json('The services', reference('Discovery'), { services: { value: { services: catalogue.services } } }),
    },
  };
}

function hookCall(errors: Value): Value {
  return {
    operationId: 'call',
    summary: 'Tells that an order is being signed; answered with cards',
    security: AUTHENTICATED,
    requestBody: {
      required: true,
      ...content(reference('HookRequest'), { redCells: { value: HOOK_REQUEST_EXAMPLE } }),
    },
    responses: {
      200: json('The cards; none where there is no advice', reference('CdsResponse'), {
        card: { value: CARD_EXAMPLE },
        noCard: { value: NO_CARD_EXAMPLE },
      }),
      ...references(Object.keys(errors).filter((status) => status !== '405')),
    },
  };
}

function feedback(errors: Value): Value {
  const statuses = Object.keys(errors).filter((status) => !['405', '412', '502'].includes(status));
  return {
    operationId: 'feedback',
    summary: 'Tells what became of cards',
    security: AUTHENTICATED,
    requestBody: { required: true, ...content(reference('Feedback'), { overridden: { value: FEEDBACK_EXAMPLE } }) },
    responses: { 200: { description: 'Taken; repeats and unknown cards too' }, ...references(statuses) },
  };
}

function health(summary: string, statuses: readonly string[]): Value {
  const words = { 200: ['ok', 'Yes'], 503: ['unavailable', 'No'] } as const;
  const answer = (status: '200' | '503'): Value =>
    json(words[status][1], reference('Health'), { [words[status][0]]: { value: { status: words[status][0] } } });
  return {
    operationId: statuses.length === 1 ? 'health' : 'readiness',
    summary,
    responses: { 200: answer('200'), ...(statuses.includes('503') ? { 503: answer('503') } : {}) },
  };
}

function modelCard(): Value {
  return {
    operationId: 'modelCard',
    summary: 'The model that is served: the 31 source attributes of ONC HTI-1, as JSON or as a page',
    responses: {
      200: {
        description: 'The model card',
        content: {
          'application/json': { schema: reference('ModelCard') },
          'text/html': { schema: { type: 'string' } },
        },
      },
      304: { description: 'The same as the caller has (`If-None-Match`)' },
    },
  };
}

function metrics(errors: Value): Value {
  return {
    operationId: 'metrics',
    summary: 'Counts for Prometheus; for callers on the same machine unless configured otherwise',
    responses: {
      200: {
        description: 'Prometheus text format',
        content: { 'text/plain': { schema: { type: 'string' }, examples: { calls: { value: METRICS_EXAMPLE } } } },
      },
      ...references(Object.keys(errors).filter((status) => status === '404')),
    },
  };
}

function reference(schema: keyof typeof SCHEMAS): Value {
  return { $ref: `#/components/schemas/${schema}` };
}

function references(statuses: readonly string[]): Value {
  return Object.fromEntries(statuses.map((status) => [status, { $ref: `#/components/responses/Error${status}` }]));
}

function json(description: string, schema: Value, examples?: Value): Value {
  return { description, ...content(schema, examples) };
}

function content(schema: Value, examples?: Value): Value {
  return { content: { 'application/json': { schema, ...(examples === undefined ? {} : { examples }) } } };
}
