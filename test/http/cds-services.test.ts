import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Card } from '../../src/cds-hooks/card.js';
import type { HookRequest } from '../../src/cds-hooks/hook-request.js';
import { ServiceError } from '../../src/errors/service-error.js';
import { TEST_SERVICE, testCatalogue } from '../support/catalogue.js';
import { issueOf } from '../support/cds-client.js';
import { hookBody } from '../support/hook-body.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const card: Card = {
  uuid: '3f0c5c1e-5a0b-4c0e-9a3e-2b8f6a1d7e10',
  summary: 'High 7-day mortality risk: 18 %',
  indicator: 'warning',
  detail: '**Predicted risk 18 %**',
  source: { label: 'Hemolens', topic: { system: 'https://cds.example.org/topics', code: 'TXMORT7D', display: 'Risk' } },
};

let app: TestApp;
let answer: (request: HookRequest) => Promise<{ cards: Card[] }>;
let seen: HookRequest | undefined;
beforeAll(async () => {
  app = await startTestApp({
    assessOrder: (request) => {
      seen = request;
      return answer(request);
    },
  });
});
afterAll(() => app.close());

describe('GET /cds-services', () => {
  it('lists the services with their templates (req. 5, 20)', async () => {
    const { status, headers, body } = await app.client.discover();
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(body).toEqual(testCatalogue);
  });

  it('is open: it needs no credentials (req. 14)', async () => {
    const refusing = await startTestApp({ verifyClientJwt: () => Promise.reject(new Error('asked')) });
    expect((await refusing.client.discover()).status).toBe(200);
    await refusing.close();
  });

  it('with no service is an empty list (req. 6)', async () => {
    const empty = await startTestApp({ catalogue: { services: [] } });
    expect(await empty.client.discover()).toMatchObject({ status: 200, body: { services: [] } });
    await empty.close();
  });

  it('answers HEAD, and a trailing slash (req. 72)', async () => {
    expect((await app.client.send('/cds-services', { method: 'HEAD' })).status).toBe(200);
    expect((await app.client.send('/cds-services/')).status).toBe(200);
  });
});

describe('POST /cds-services/{id}', () => {
  it('answers with the cards of the assessment (req. 15, 34)', async () => {
    answer = () => Promise.resolve({ cards: [card] });
    const { status, headers, body } = await app.client.call(TEST_SERVICE, hookBody());
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toEqual({ cards: [card] });
    expect(seen?.context.patientId).toBe('syn-1');
  });

  it('answers with an empty list when there is no advice (req. 35)', async () => {
    answer = () => Promise.resolve({ cards: [] });
    expect(await app.client.call(TEST_SERVICE, hookBody())).toMatchObject({ status: 200, body: { cards: [] } });
  });

  it('gives every request an id of its own, which is no client data', async () => {
    answer = () => Promise.resolve({ cards: [] });
    const ids = await Promise.all(
      [1, 2].map(async () =>
        (await app.client.call(TEST_SERVICE, hookBody(), { 'X-Request-Id': 'mine' })).headers.get('x-request-id'),
      ),
    );
    expect(new Set(ids).size).toBe(2);
    expect(ids).not.toContain('mine');
  });

  it('says nothing of the software that serves it', async () => {
    const { headers } = await app.client.discover();
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('server')).toBeNull();
  });

  it('answers calls side by side, each with its own', async () => {
    answer = async ({ hookInstance }) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10));
      return { cards: [{ ...card, uuid: hookInstance }] };
    };
    const instances = Array.from(
      { length: 20 },
      (_, index) => `00000000-0000-4000-8000-0000000000${String(index + 10)}`,
    );
    const answers = await Promise.all(
      instances.map((hookInstance) => app.client.call(TEST_SERVICE, hookBody({ hookInstance }))),
    );
    expect(answers.map(({ body }) => body)).toEqual(instances.map((uuid) => ({ cards: [{ ...card, uuid }] })));
  });
});

describe('a fault of the assessment', () => {
  it.each([
    [
      'fault: a chart that cannot be had is 412 (req. 26, 36)',
      new ServiceError('ERR_CHART_UNAVAILABLE', {
        detail: 'the Patient cannot be read',
        expression: 'prefetch.patient',
      }),
      412,
      'incomplete',
      'error',
    ],
    [
      'fault: a FHIR server that fails is 502',
      new ServiceError('ERR_FHIR_UPSTREAM', { detail: 'search Observation failed' }),
      502,
      'transient',
      'fatal',
    ],
    [
      'fault: a store that fails is 500: no answer leaves without its audit row',
      new ServiceError('ERR_STORE', { detail: 'the assessment could not be kept' }),
      500,
      'exception',
      'fatal',
    ],
  ])('%s', async (_, error, status, code, severity) => {
    answer = () => Promise.reject(error);
    const response = await app.client.call(TEST_SERVICE, hookBody());
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(issueOf(response)).toEqual({
      severity,
      code,
      errorCode: error.code,
      text: error.detail,
      expression: error.expression,
    });
  });

  it('fault: that nobody foresaw is 500, in fixed words, and no cards', async () => {
    answer = () => Promise.reject(new TypeError('creatinine of Jane Doe is undefined'));
    const response = await app.client.call(TEST_SERVICE, hookBody());
    expect(response.status).toBe(500);
    expect(issueOf(response)).toMatchObject({ severity: 'fatal', code: 'exception', errorCode: 'ERR_INTERNAL' });
    expect(response.text).not.toMatch(/Jane|creatinine|cards|at .*\.ts/);
  });

  it('fault: thrown as something that is no Error is 500', async () => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    answer = () => Promise.reject('Jane Doe');
    const response = await app.client.call(TEST_SERVICE, hookBody());
    expect(response.status).toBe(500);
    expect(response.text).not.toContain('Jane');
  });

  it('fault: a card the standard does not allow is 500 outside production (req. 40)', async () => {
    answer = () => Promise.resolve({ cards: [{ ...card, summary: 'x'.repeat(140) }] });
    expect(issueOf(await app.client.call(TEST_SERVICE, hookBody()))).toMatchObject({ errorCode: 'ERR_INTERNAL' });
  });
});
