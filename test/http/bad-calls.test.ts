import { gzipSync } from 'node:zlib';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ServiceError } from '../../src/errors/service-error.js';
import { TEST_SERVICE } from '../support/catalogue.js';
import { issueOf, type Answer } from '../support/cds-client.js';
import { hookBody, without } from '../support/hook-body.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const LIMIT = 64 * 1024;
const PATH = `/cds-services/${TEST_SERVICE}`;
const JSON_TYPE = { 'Content-Type': 'application/json' };

let app: TestApp;
let calls = 0;
beforeAll(async () => {
  app = await startTestApp({
    maxBodyBytes: LIMIT,
    assessOrder: () => {
      calls += 1;
      return Promise.resolve({ cards: [] });
    },
  });
});
afterAll(() => app.close());

const post = (body: RequestInit['body'], headers: Record<string, string> = JSON_TYPE): Promise<Answer> =>
  app.client.send(PATH, { method: 'POST', headers, body: body ?? null });

describe('bad call (req. 17, 37): refused with an OperationOutcome before anything is assessed', () => {
  it.each<[string, string | Buffer]>([
    ['text that is not JSON', 'hello'],
    ['a comment (req. 3)', '{ /* no */ "hook": "order-sign" }'],
    ['a trailing comma (req. 3)', '{"hook":"order-sign",}'],
    ['a body cut short', JSON.stringify(hookBody()).slice(0, -1)],
    ['an empty body', ''],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22])],
  ])('%s is 400', async (_, body) => {
    const before = calls;
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(issueOf(answer)).toMatchObject({
      severity: 'error',
      code: 'structure',
      errorCode: 'ERR_BODY_MALFORMED',
      expression: undefined,
    });
    expect(calls).toBe(before);
  });

  it('a missing element is 400 and named', async () => {
    const answer = await app.client.call(TEST_SERVICE, without(hookBody(), 'context.patientId'));
    expect(answer.status).toBe(400);
    expect(issueOf(answer)).toEqual({
      severity: 'error',
      code: 'invalid',
      errorCode: 'ERR_REQUEST_INVALID',
      text: 'context.patientId is required',
      expression: 'context.patientId',
    });
  });

  it('another hook is 400', async () => {
    const answer = await app.client.call(TEST_SERVICE, hookBody({ hook: 'patient-view' }));
    expect(answer.status).toBe(400);
    expect(issueOf(answer)).toMatchObject({ errorCode: 'ERR_HOOK_MISMATCH', expression: 'hook' });
  });

  it.each(['another-service', '__proto__', 'constructor', '%2e%2e'])('the unknown service %s is 404', async (id) => {
    const answer = await app.client.call(id, hookBody());
    expect(answer.status).toBe(404);
    expect(issueOf(answer)).toMatchObject({
      code: 'not-found',
      errorCode: id.startsWith('%') ? 'ERR_ROUTE_UNKNOWN' : 'ERR_SERVICE_UNKNOWN',
    });
  });

  it.each(['/', '/cds-service', '/cds-services/a/b', `${PATH}/feedback`, '/metric'])(
    'the unknown address %s is 404',
    async (path) => {
      const answer = await app.client.send(path);
      expect(answer.status).toBe(404);
      expect(issueOf(answer)).toMatchObject({ errorCode: 'ERR_ROUTE_UNKNOWN' });
    },
  );

  it('a path with broken percent-encoding is 400 and not quoted', async () => {
    const answer = await app.client.send('/cds-services/%E0%A4%A', { method: 'POST', headers: JSON_TYPE, body: '{}' });
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain('%E0');
  });

  it.each<[string, Record<string, string>]>([
    ['no Content-Type', { 'Content-Type': '' }],
    ['text/plain', { 'Content-Type': 'text/plain' }],
    ['a form', { 'Content-Type': 'application/x-www-form-urlencoded' }],
    ['FHIR XML', { 'Content-Type': 'application/fhir+xml' }],
    ['another charset', { 'Content-Type': 'application/json; charset=utf-16' }],
    ['another encoding', { ...JSON_TYPE, 'Content-Encoding': 'br' }],
  ])('%s is 415', async (_, headers) => {
    const answer = await post(JSON.stringify(hookBody()), headers);
    expect(answer.status).toBe(415);
    expect(issueOf(answer)).toMatchObject({ code: 'not-supported', errorCode: 'ERR_CONTENT_TYPE' });
  });

  it.each([
    ['GET', PATH, 'POST, OPTIONS'],
    ['PUT', PATH, 'POST, OPTIONS'],
    ['DELETE', PATH, 'POST, OPTIONS'],
    ['POST', '/cds-services', 'GET, HEAD, OPTIONS'],
    ['POST', '/healthz', 'GET, HEAD'],
  ])('%s %s is 405 and tells what is allowed (req. 13, 36)', async (method, path, allow) => {
    const answer = await app.client.send(path, { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe(allow);
    expect(issueOf(answer)).toMatchObject({ errorCode: 'ERR_METHOD_NOT_ALLOWED' });
  });

  it('a client that is not known is 401 without details, before its body is read (req. 62, 69)', async () => {
    const strict = await startTestApp({
      verifyClientJwt: () =>
        Promise.reject(new ServiceError('ERR_UNAUTHENTICATED', { detail: 'authentication is required' })),
    });
    const answer = await strict.client.send(PATH, {
      method: 'POST',
      headers: { 'Content-Type': 'text/plain' },
      body: 'not json',
    });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(issueOf(answer)).toMatchObject({ code: 'login', text: 'authentication is required' });
    await strict.close();
  });
});

describe('the size of a body', () => {
  const padded = (bytes: number): string => {
    const body = JSON.stringify(hookBody({ padding: '' }));
    return body.replace('"padding":""', `"padding":"${'x'.repeat(bytes - body.length)}"`);
  };

  it('may be the limit exactly', async () => {
    expect((await post(padded(LIMIT))).status).toBe(200);
  });

  it('bad call: one byte over the limit is 413', async () => {
    const answer = await post(padded(LIMIT + 1));
    expect(answer.status).toBe(413);
    expect(issueOf(answer)).toMatchObject({ code: 'too-long', errorCode: 'ERR_BODY_TOO_LARGE' });
  });

  it('bad call: over the limit without a declared length is 413', async () => {
    const chunk = Buffer.from('x'.repeat(LIMIT / 2));
    const stream = new ReadableStream({
      start(controller) {
        for (let sent = 0; sent < 4; sent += 1) controller.enqueue(chunk);
        controller.close();
      },
    });
    const init: RequestInit = { method: 'POST', headers: JSON_TYPE, body: stream, duplex: 'half' };
    expect((await app.client.send(PATH, init)).status).toBe(413);
  });

  it('bad call: gzip that inflates over the limit is 413, a small gzip is read', async () => {
    const gzip = { ...JSON_TYPE, 'Content-Encoding': 'gzip' };
    expect((await post(gzipSync(padded(LIMIT)), gzip)).status).toBe(200);
    expect((await post(gzipSync(padded(LIMIT + 1)), gzip)).status).toBe(413);
    expect((await post(gzipSync(Buffer.alloc(50 * LIMIT, 'x')), gzip)).status).toBe(413);
    expect((await post('not gzip', gzip)).status).toBe(400);
  });

  it('is 20 MB by default: a call just over is 413, one of 19 MB is answered (req. 17)', async () => {
    const standard = await startTestApp();
    const send = (megabytes: number) =>
      standard.client.send(PATH, {
        method: 'POST',
        headers: JSON_TYPE,
        body: padded(Math.round(megabytes * 1024 * 1024)),
      });
    expect((await send(19)).status).toBe(200);
    expect((await send(20.1)).status).toBe(413);
    await standard.close();
  });
});

describe('a body', () => {
  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'APPLICATION/JSON;charset="UTF-8"',
    'application/fhir+json',
    'application/fhir+json; charset=utf-8; fhirVersion=4.0',
  ])('of type %s is read', async (type) => {
    expect((await post(JSON.stringify(hookBody()), { 'Content-Type': type })).status).toBe(200);
  });

  it('may begin with a byte order mark', async () => {
    expect((await post(`\uFEFF${JSON.stringify(hookBody())}`)).status).toBe(200);
  });

  it('bad call: nested 20,000 deep breaks nothing', async () => {
    const deep = '['.repeat(20_000) + ']'.repeat(20_000);
    const body = JSON.stringify(hookBody({ extension: { x: 'DEEP' } })).replace('"DEEP"', deep);
    expect([200, 400]).toContain((await post(body)).status);
    expect((await app.client.discover()).status).toBe(200);
  });

  it('bad call: that tries to reach the prototype of objects changes nothing', async () => {
    const body = JSON.stringify(hookBody({ prefetch: {} })).replace(
      '"prefetch":{}',
      '"prefetch":{"__proto__":{"labs":null}},"__proto__":{"polluted":1}',
    );
    expect((await post(body)).status).toBe(200);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('fault: cut off half way leaves the service answering', async () => {
    const before = calls;
    const { port, hostname } = new URL(app.client.baseUrl);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        socket.write(
          `POST ${PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"hook":`,
        );
        setTimeout(() => socket.destroy(), 50);
      });
      socket.on('close', () => resolve());
    });
    expect((await app.client.discover()).status).toBe(200);
    expect(calls).toBe(before);
  });
});
