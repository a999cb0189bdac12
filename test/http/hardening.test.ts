import { connect, type Socket } from 'node:net';
import { Agent, request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createApp } from '../../src/app.js';
import { GENEROUS_LIMITS } from '../../src/http/http-limits.js';
import { openHttpServer, type HttpServer } from '../../src/http/http-server.js';
import { TEST_SERVICE } from '../support/catalogue.js';
import { cdsTestClient, issueOf, type CdsTestClient } from '../support/cds-client.js';
import { hookBody } from '../support/hook-body.js';
import { parseLines, quietAppDeps, recordingLog } from '../support/test-app.js';

const PATH = `/cds-services/${TEST_SERVICE}`;
const LIMIT = 256 * 1024;
const { log, text } = recordingLog();

let server: HttpServer;
let client: CdsTestClient;
let answerAfter: Promise<void> = Promise.resolve();
const app = (limits = GENEROUS_LIMITS) =>
  createApp({
    ...quietAppDeps(log),
    assessOrder: async () => {
      await answerAfter;
      return { cards: [] };
    },
    saveFeedback: async (_client, items) => {
      await answerAfter;
      return { kept: items.length, repeated: 0, unknownCards: 0 };
    },
    maxBodyBytes: LIMIT,
    limits,
  });
beforeAll(async () => {
  server = await openHttpServer(app(), {
    host: '127.0.0.1',
    port: 0,
    timeouts: { headersMs: 500, requestMs: 5_000, checkIntervalMs: 50 },
    log,
  });
  client = cdsTestClient(server.url);
});
afterAll(() => server.close());

/** Writes to a connection of its own; everything that came back once it was closed. */
function raw(port: number, write: (socket: Socket) => void): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => write(socket));
    socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(received));
  });
}

const post = (body: NonNullable<RequestInit['body']>, headers: Record<string, string> = {}) =>
  client.send(PATH, { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body });

describe('every answer', () => {
  it.each<[string, string, RequestInit]>([
    ['discovery', '/cds-services', {}],
    ['a preflight', '/cds-services', { method: 'OPTIONS' }],
    ['an unknown address', '/nowhere', {}],
    ['a body that is no JSON', PATH, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{' }],
    ['the health', '/healthz', {}],
  ])('carries the headers of an API whose answers are data: %s', async (_, path, init) => {
    const { headers } = await client.send(path, init);
    expect(headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('x-powered-by')).toBeNull();
    // Over plain HTTP it would mean nothing.
    expect(headers.get('strict-transport-security')).toBeNull();
  });
});

describe('bad call: a body made to exhaust the service', () => {
  it('nested 101 deep is 400, and 100 deep is read', async () => {
    const deep = (depth: number) =>
      JSON.stringify(hookBody({ extension: 'DEEP' })).replace('"DEEP"', '['.repeat(depth) + ']'.repeat(depth));
    expect((await post(deep(99))).status).toBe(200);
    const answer = await post(deep(100));
    expect(answer.status).toBe(400);
    expect(issueOf(answer)).toMatchObject({
      errorCode: 'ERR_BODY_MALFORMED',
      text: 'the body is nested more than 100 deep',
    });
    expect((await post(gzipSync(deep(100)), { 'Content-Encoding': 'gzip' })).status).toBe(400);
  });

  it('a decompression bomb is refused before it is inflated', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, ' '));
    expect(bomb.length).toBeLessThan(LIMIT);
    const heapBefore = process.memoryUsage().arrayBuffers;
    const answer = await post(bomb, { 'Content-Encoding': 'gzip' });
    expect(answer.status).toBe(413);
    expect(issueOf(answer).errorCode).toBe('ERR_BODY_TOO_LARGE');
    expect(process.memoryUsage().arrayBuffers - heapBefore).toBeLessThan(32 * 1024 * 1024);
  });

  it('gzip that is cut short is 400', async () => {
    const cut = gzipSync(JSON.stringify(hookBody())).subarray(0, 60);
    expect((await post(cut, { 'Content-Encoding': 'gzip' })).status).toBe(400);
  });

  it.each(['__proto__', 'constructor', 'prototype'])('members called %s, twice, change nothing', async (name) => {
    const body = JSON.stringify(hookBody()).replace(
      '{',
      `{"${name}":{"polluted":1,"prototype":{"polluted":1}},"${name}":{"polluted":2},`,
    );
    expect((await post(body)).status).toBe(200);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
    expect(Reflect.get(() => undefined, 'polluted')).toBeUndefined();
  });

  it('that does not arrive in time is 408, and its connection is closed', async () => {
    const head = `POST ${PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"hook":`;
    const hasty = await openHttpServer(app({ ...GENEROUS_LIMITS, bodyTimeoutMs: 200 }), { host: '127.0.0.1', port: 0 });
    const received = await raw(hasty.port, (socket) => socket.write(head));
    await hasty.close();
    expect(received).toMatch(/^HTTP\/1\.1 408 /);
    expect(received).toContain('ERR_BODY_SLOW');
    expect(received).toContain('Connection: close');
  });
});

describe('bad call: a connection that is no honest request', () => {
  it.each([
    ['headers that never end are 408', 'GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ', '408'],
    ['what is no HTTP is 400', 'hello\r\n\r\n', '400'],
    ['headers over 16 kB are 431', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`, '431'],
    [
      'two lengths are 400: a request cannot be smuggled',
      `POST ${PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /a HTTP/1.1\r\n\r\n`,
      '400',
    ],
  ])('%s, without a word about us', async (_, bytes, status) => {
    const received = await raw(server.port, (socket) => socket.write(bytes));
    expect(received).toMatch(
      new RegExp(
        `^HTTP/1\\.1 ${status} [A-Za-z ]+\\r\\nConnection: close\\r\\nContent-Length: 0\\r\\nCache-Control: no-store\\r\\n\\r\\n$`,
      ),
    );
    expect((await client.send('/healthz')).status).toBe(200);
    expect(parseLines(text()).map(({ event }) => event)).toContain('http.connection-refused');
  });

  it('beyond the number of connections that are taken is closed', async () => {
    const small = await openHttpServer(app(), { host: '127.0.0.1', port: 0, maxConnections: 1 });
    const first = connect(small.port, '127.0.0.1');
    await new Promise((resolve) => first.once('connect', resolve));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await raw(small.port, (socket) => socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'))).toBe('');
    first.destroy();
    await small.close();
  });
});

interface Sent {
  readonly status: number | undefined;
  readonly isReused: boolean;
  readonly wasAskedForBody: boolean;
}

/** POSTs with an agent that keeps connections. */
function sendWith(agent: Agent, url: string, path: string, body: string, expectsContinue = false): Promise<Sent> {
  return new Promise((resolve, reject) => {
    let wasAskedForBody = false;
    const headers = {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
      ...(expectsContinue ? { Expect: '100-continue' } : {}),
    };
    const sent = request(`${url}${path}`, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode, isReused: sent.reusedSocket, wasAskedForBody }));
    });
    sent.on('error', reject);
    sent.on('continue', () => {
      wasAskedForBody = true;
      sent.end(body);
    });
    if (expectsContinue) sent.flushHeaders();
    else sent.end(body);
  });
}

describe('a refusal before the body is read', () => {
  it('leaves the connection usable for the next call', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const long = JSON.stringify(hookBody({ padding: 'x'.repeat(100_000) }));
    expect(await sendWith(agent, server.url, '/cds-services/another', long)).toMatchObject({ status: 404 });
    expect(await sendWith(agent, server.url, PATH, long)).toMatchObject({ status: 200, isReused: true });
    agent.destroy();
  });

  it('does not ask a client for the body that it has offered; a call that is taken does', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const body = JSON.stringify(hookBody());
    expect(await sendWith(agent, server.url, PATH, body, true)).toMatchObject({ status: 200, wasAskedForBody: true });
    expect(await sendWith(agent, server.url, '/cds-services/another', body, true)).toMatchObject({
      status: 404,
      wasAskedForBody: false,
    });
    agent.destroy();
  });
});

describe('stopping the service', () => {
  it('answers the call and the feedback that are in flight, on connections that are kept alive', async () => {
    const stopping = await openHttpServer(app(), { host: '127.0.0.1', port: 0, log });
    const agent = new Agent({ keepAlive: true });
    const item = {
      card: '9368d37b-283f-44a0-93ea-547cebab93ed',
      outcome: 'overridden',
      outcomeTimestamp: '2026-03-02T09:00:00Z',
    };
    const feedback = JSON.stringify({ feedback: [item] });
    await sendWith(agent, stopping.url, PATH, JSON.stringify(hookBody()));
    let letGo: () => void = () => undefined;
    answerAfter = new Promise((resolve) => (letGo = resolve));
    const inFlight = [
      sendWith(agent, stopping.url, PATH, JSON.stringify(hookBody())),
      sendWith(agent, stopping.url, `${PATH}/feedback`, feedback),
    ];
    await new Promise((resolve) => setTimeout(resolve, 200));
    const closing = stopping.close();
    await new Promise((resolve) => setTimeout(resolve, 100));
    letGo();
    expect((await Promise.all(inFlight)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await closing).cut).toBe(false);
    await expect(fetch(stopping.url)).rejects.toThrow();
    agent.destroy();
  });
});
