import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ServiceError } from '../../src/errors/service-error.js';
import { TEST_SERVICE } from '../support/catalogue.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { hookBody } from '../support/hook-body.js';

const ORIGIN = 'https://sandbox.cds-hooks.org';
const PATH = `/cds-services/${TEST_SERVICE}`;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({
    corsOrigins: [ORIGIN, 'http://localhost:8080'],
    verifyClientJwt: () =>
      Promise.reject(new ServiceError('ERR_UNAUTHENTICATED', { detail: 'authentication is required' })),
  });
});
afterAll(() => app.close());

const asked = (headers: string) => ({
  Origin: ORIGIN,
  'Access-Control-Request-Method': 'POST',
  'Access-Control-Request-Headers': headers,
});

describe('a browser on a listed origin (req. 73)', () => {
  it.each([
    ['/cds-services', 'authorization', 'GET, HEAD, OPTIONS'],
    [PATH, 'authorization,content-type', 'POST, OPTIONS'],
  ])('may ask %s beforehand without credentials', async (path, headers, methods) => {
    const answer = await app.client.send(path, { method: 'OPTIONS', headers: asked(headers) });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(answer.headers.get('access-control-allow-methods')).toBe(methods);
    expect(answer.headers.get('access-control-allow-headers')).toBe('Authorization, Content-Type, Accept');
    expect(answer.headers.get('access-control-max-age')).toBe('600');
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
    expect(answer.headers.get('vary')).toBe('Origin');
  });

  it.each([
    [401, PATH],
    [404, '/nowhere'],
    [405, '/cds-services'],
  ])('can read a fault too: %i', async (status, path) => {
    const answer = await app.client.send(path, {
      method: 'POST',
      headers: { Origin: ORIGIN, 'Content-Type': 'application/json' },
      body: JSON.stringify(hookBody()),
    });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(answer.headers.get('vary')).toBe('Origin');
  });
});

describe('a browser elsewhere', () => {
  it.each([
    'https://evil.example',
    'null',
    'https://sandbox.cds-hooks.org.evil.example',
    'http://sandbox.cds-hooks.org',
  ])('on %s gets no CORS header', async (origin) => {
    const answer = await app.client.send(PATH, {
      method: 'OPTIONS',
      headers: { ...asked('authorization'), Origin: origin },
    });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    expect(answer.headers.get('access-control-allow-methods')).toBeNull();
    expect(answer.headers.get('vary')).toBe('Origin');
  });
});
