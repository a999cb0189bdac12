import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parseHookRequest } from '../../../src/cds-hooks/parse-hook-request.js';
import { prefetchTemplates } from '../../../src/cds-hooks/prefetch-template.js';
import { assertResponseShape } from '../../../src/cds-hooks/response-shape.js';
import { serviceCatalogue } from '../../../src/cds-hooks/service-catalogue.js';
import { ERROR_CODES } from '../../../src/errors/error-codes.js';
import { answeredCodes } from '../../../src/http/openapi/error-responses.js';
import { CARD_EXAMPLE, HOOK_REQUEST_EXAMPLE } from '../../../src/http/openapi/examples.js';
import { openApiDocument } from '../../../src/http/openapi/openapi-document.js';
import { startTestApp, type TestApp } from '../../support/test-app.js';

const FILE = new URL('../../../docs/openapi.json', import.meta.url);
const document = JSON.parse(JSON.stringify(openApiDocument(serviceCatalogue()))) as Document;

interface MediaType {
  readonly schema: object;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}
interface Response {
  readonly $ref?: string;
  readonly content?: Readonly<Record<string, MediaType>>;
}
interface Operation {
  readonly operationId: string;
  readonly security?: readonly object[];
  readonly requestBody?: { readonly content: Readonly<Record<string, MediaType>> };
  readonly responses: Readonly<Record<string, Response>>;
}
type Paths = Readonly<Record<string, Readonly<Partial<Record<'get' | 'post', Operation>>>>>;
interface Document {
  readonly paths: Paths;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly responses: Readonly<Record<string, Response>>;
  };
}

const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema(document, 'openapi');
/** What a value lacks to be of a schema of the document; undefined where nothing. */
const misfit = (schema: object, value: unknown): string | undefined => {
  const text = JSON.stringify(schema).replaceAll('"#/', '"openapi#/');
  const isValid = ajv.compile(JSON.parse(text) as object);
  return isValid(value) ? undefined : ajv.errorsText(isValid.errors);
};

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  (['get', 'post'] as const).flatMap((method) => {
    const operation = item[method];
    return operation ? [{ path, method, operation }] : [];
  }),
);
const resolved = (response: Response): Response =>
  response.$ref === undefined ? response : (document.components.responses[response.$ref.split('/').at(-1) ?? ''] ?? {});

describe('the OpenAPI document', () => {
  it('is docs/openapi.json', () => {
    const text = `${JSON.stringify(document, undefined, 2)}\n`;
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(FILE, text);
    expect(JSON.parse(readFileSync(FILE, 'utf8'))).toEqual(document);
  });

  it('has one operation a route, each with an id of its own', () => {
    expect(operations.map(({ path, method }) => `${method} ${path}`)).toEqual([
      'get /cds-services',
      'post /cds-services/{id}',
      'post /cds-services/{id}/feedback',
      'get /healthz',
      'get /readyz',
      'get /model-card',
      'get /metrics',
      'get /openapi.json',
    ]);
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
  });

  it('refers to nothing that is not there', () => {
    const references = JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(schemas|responses)\/(\w+)"/g);
    for (const [, kind, name = ''] of references) {
      expect(Object.keys(document.components[kind === 'schemas' ? 'schemas' : 'responses'])).toContain(name);
    }
  });

  it('asks for a token where a call or feedback is sent, and nowhere else', () => {
    const authenticated = operations.filter(({ operation }) => operation.security !== undefined);
    expect(authenticated.map(({ operation }) => operation.operationId)).toEqual(['call', 'feedback']);
  });

  it('has every fault code an answer can have, under its status', () => {
    const responses = Object.entries(document.components.responses);
    const said = responses.flatMap(([name, { content }]) =>
      Object.keys(content?.['application/json']?.examples ?? {}).map((code) => [code, name]),
    );
    expect(new Map(said.map(([code = '', name]) => [code, name]))).toEqual(
      new Map(answeredCodes().map((code) => [code, `Error${ERROR_CODES[code].status}`])),
    );
  });
});

describe('its examples', () => {
  const media = operations.flatMap(({ operation }) => [
    ...Object.values(operation.requestBody?.content ?? {}),
    ...Object.values(operation.responses).flatMap((response) => Object.values(resolved(response).content ?? {})),
  ]);
  const examples = media.flatMap(({ schema, examples: named = {} }) =>
    Object.entries(named).map(([name, { value }]) => ({ name, schema, value })),
  );

  it('are of their schemas, each of them', () => {
    expect(examples.length).toBeGreaterThan(20);
    for (const { name, schema, value } of examples) expect([name, misfit(schema, value)]).toEqual([name, undefined]);
  });

  it('would be noticed if they were not', () => {
    expect(misfit({ $ref: '#/components/schemas/CdsResponse' }, { cards: [{}] })).toContain('summary');
    expect(misfit({ $ref: '#/components/schemas/HookRequest' }, { hook: 'order-sign' })).toContain('hookInstance');
  });

  it('are taken by the service itself: the call is read, the card may leave', () => {
    const request = parseHookRequest(HOOK_REQUEST_EXAMPLE, prefetchTemplates(serviceCatalogue()));
    expect(request.context.patientId).toBe('example-patient');
    expect(() => assertResponseShape(CARD_EXAMPLE)).not.toThrow();
  });
});

describe('GET /openapi.json', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({
      catalogue: serviceCatalogue(),
      metrics: { contentType: 'text/plain; version=0.0.4', text: () => Promise.resolve('up 1\n') },
    });
  });
  afterAll(() => app.close());

  it('is the document, kept by a cache that asks', async () => {
    const { status, headers, body } = await app.client.send('/openapi.json');
    expect(status).toBe(200);
    expect(body).toEqual(document);
    const etag = headers.get('etag') ?? '';
    expect((await app.client.send('/openapi.json', { headers: { 'If-None-Match': etag } })).status).toBe(304);
  });

  it('tells the truth: what can be asked without a token answers as it says', async () => {
    for (const { path, method, operation } of operations) {
      if (method !== 'get') continue;
      const answer = await app.client.send(path);
      expect([path, answer.status]).toEqual([path, 200]);
      const [type = ''] = (answer.headers.get('content-type') ?? '').split(';');
      const schema = operation.responses['200']?.content?.[type]?.schema;
      expect([path, type, schema === undefined]).toEqual([path, type, false]);
      const value = type === 'application/json' ? answer.body : answer.text;
      expect([path, misfit(schema ?? {}, value)]).toEqual([path, undefined]);
    }
  });
});
