import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirRequest } from '../../../src/kit/fhir-server/fhir-request.js';
import {
  fhirServerAccess,
  parseFhirBase,
  type FhirServerOptions,
} from '../../../src/kit/fhir-server/fhir-server-access.js';
import { inspectFhirServer, serverWords, type FoundServer } from '../../../src/kit/fhir-server/inspect-fhir-server.js';
import { searchPages } from '../../../src/kit/fhir-server/search-pages.js';
import { whatToDo, type ServerProblem } from '../../../src/kit/fhir-server/server-problem.js';
import { startSandbox } from '../../../src/sandbox/start-sandbox.js';
import { startFhirStub, type FhirStub, type StubAnswer, type StubRequest } from '../../support/fhir-stub.js';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function stub(answer: (request: StubRequest) => StubAnswer): Promise<FhirStub> {
  const started = await startFhirStub(answer);
  closers.push(started.close);
  return started;
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise((resolve) => server.close(() => resolve())));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const noWait: FhirServerOptions = { wait: () => Promise.resolve() };

function inspect(baseUrl: string, options: FhirServerOptions = {}): Promise<FoundServer> {
  return inspectFhirServer(fhirServerAccess(baseUrl, { ...noWait, ...options }));
}

/** The words for what was found; fails where a server was. */
function words(found: FoundServer): string {
  if (found.kind === 'fhir-r4') throw new Error('a server was found');
  return whatToDo(found);
}

describe('telling what a FHIR server is', () => {
  test('an R4 server gives its name, version, and what it declares', async () => {
    const { baseUrl } = await stub(() => ({
      body: {
        resourceType: 'CapabilityStatement',
        fhirVersion: '4.0.1',
        software: { name: 'HAPI FHIR Server', version: '8.8.0' },
        rest: [
          {
            mode: 'server',
            interaction: [{ code: 'transaction' }],
            resource: [
              {
                type: 'Patient',
                interaction: [{ code: 'read' }, { code: 'update' }],
                searchParam: [{ name: '_tag' }],
                searchInclude: ['*'],
              },
            ],
          },
        ],
      },
      isGzipped: true,
    }));
    const found = await inspect(baseUrl);
    expect(found).toMatchObject({
      kind: 'fhir-r4',
      declaresTransaction: true,
      declaresBatch: true,
      declaresWrites: true,
    });
    if (found.kind !== 'fhir-r4') return;
    expect(serverWords(found)).toBe('HAPI FHIR Server 8.8.0, FHIR 4.0.1');
    expect(found.types.get('Patient')?.searchParameters.has('_tag')).toBe(true);
  });

  test('a base is taken with slashes, or /metadata, at its end; bad call: anything but http, or with a password', () => {
    expect(parseFhirBase('http://h:1/fhir//')).toEqual({ kind: 'base', url: 'http://h:1/fhir' });
    expect(parseFhirBase('https://h/r4/metadata')).toEqual({ kind: 'base', url: 'https://h/r4' });
    for (const bad of ['localhost:8080/fhir', 'ftp://h/', 'http://u:p@h/', 'no address']) {
      expect(parseFhirBase(bad)).toMatchObject({ kind: 'unusable' });
    }
  });

  test('bad call: an address beside a FHIR base is told the base', async () => {
    const sandbox = await startSandbox();
    closers.push(() => sandbox.close());
    const found = await inspect(new URL(sandbox.baseUrl).origin);
    expect(found).toMatchObject({ kind: 'not-fhir', nearby: sandbox.baseUrl });
    expect(words(found)).toContain(`There is a FHIR server at ${sandbox.baseUrl}`);
  });

  test.each([
    ['5.0.0', 'R5'],
    ['1.0.2', 'DSTU2'],
    ['3.0.2', 'STU3'],
    ['4.3.0', 'R4B'],
    ['9.0', 'a version that is not known here'],
  ])('bad call: a server of version %s is %s, not R4', async (fhirVersion, release) => {
    const resourceType = release === 'DSTU2' ? 'Conformance' : 'CapabilityStatement';
    const { baseUrl } = await stub(() => ({ body: { resourceType, fhirVersion } }));
    const found = await inspect(baseUrl);
    expect(found).toEqual({ kind: 'wrong-version', fhirVersion, release });
    expect(words(found)).toMatch(/speaks R4/);
  });

  const NOT_FHIR: readonly (readonly [string, StubAnswer, Partial<ServerProblem>, RegExp])[] = [
    [
      'an HTML page',
      { body: '<!DOCTYPE html><title>Welcome to nginx</title>' },
      { kind: 'not-fhir', reason: 'html' },
      /"Welcome to nginx"/,
    ],
    [
      'an HTML page under 404',
      { status: 404, body: '<html><h1>Not Found</h1>' },
      { kind: 'not-fhir', reason: 'html' },
      /404.+"Not Found"/,
    ],
    ['404 without a body', { status: 404, body: '' }, { kind: 'not-fhir', reason: 'not-found' }, /no \/metadata/],
    ['other JSON', { body: { swagger: '2.0' } }, { kind: 'not-fhir', reason: 'other-json' }, /no CapabilityStatement/],
    ['a Patient', { body: { resourceType: 'Patient' } }, { kind: 'not-fhir', reason: 'other-json' }, /type Patient/],
    ['XML', { body: '<CapabilityStatement/>' }, { kind: 'not-fhir', reason: 'not-json' }, /not JSON/],
    ['JSON that ends too early', { body: '{"resourceType":"Cap' }, { kind: 'broken-answer' }, /cut short/],
    [
      'gzip that is none',
      { body: 'x', headers: { 'content-encoding': 'gzip' } },
      { kind: 'broken-answer' },
      /cannot be read/,
    ],
    [
      'another encoding',
      { body: '{}', headers: { 'content-encoding': 'br' } },
      { kind: 'broken-answer' },
      /cannot be read/,
    ],
    ['401', { status: 401, body: {} }, { kind: 'needs-authorization', status: 401, hadToken: false }, /--token-file/],
    [
      'a redirect to a login page',
      { status: 302, headers: { location: 'https://login.example/start?secret=1' }, body: '' },
      { kind: 'redirected', location: 'https://login.example/start' },
      /not followed/,
    ],
    [
      '500 with an OperationOutcome',
      {
        status: 500,
        body: { resourceType: 'OperationOutcome', issue: [{ severity: 'error', diagnostics: 'no\u0007 database' }] },
      },
      { kind: 'server-error', said: 'no database' },
      /saying "no database"/,
    ],
    [
      '502 from a proxy',
      { status: 502, body: '<html><title>502 Bad Gateway</title>' },
      { kind: 'server-error', attempts: 5 },
      /5 attempts.+proxy/,
    ],
    ['a connection cut', { isCut: true }, { kind: 'unreachable', reason: 'cut' }, /cut the connection/],
  ];
  test.each(NOT_FHIR)('fault: %s is told, with what to do', async (_, answer, problem, says) => {
    const { baseUrl } = await stub(() => answer);
    const found = await inspect(baseUrl);
    expect(found).toMatchObject(problem);
    expect(words(found)).toMatch(says);
  });

  test('fault: a refused connection, an unknown host and a silent server are three things', async () => {
    const port = await listening(createTcpServer());
    await closers.pop()?.();
    expect(await inspect(`http://127.0.0.1:${port}/fhir`)).toMatchObject({ kind: 'unreachable', reason: 'refused' });
    expect(await inspect('http://fhir.invalid/fhir')).toMatchObject({ kind: 'unreachable', reason: 'dns' });
    const { baseUrl } = await stub(() => ({ delayMs: 5_000 }));
    const silent = await inspect(baseUrl, { timeLimitMs: 50 });
    expect(silent).toEqual({ kind: 'unreachable', reason: 'timeout', afterMs: 50 });
    expect(words(silent)).toContain('No answer within 0.1 s');
  });

  test('fault: what does not speak HTTP, and https to a plain port', async () => {
    const port = await listening(createTcpServer((socket) => socket.resume().end('220 mail ready\r\n')));
    expect(await inspect(`http://127.0.0.1:${port}/`)).toEqual({ kind: 'wrong-protocol', spoken: 'not-http' });
    const plain = await listening(createServer((_, response) => response.end()));
    expect(await inspect(`https://127.0.0.1:${plain}/`)).toEqual({ kind: 'wrong-protocol', spoken: 'https-to-http' });
  });
});

describe('requests', () => {
  test('the token goes to the server and into no message', async () => {
    const server = await stub(() => ({ status: 401, body: {} }));
    const found = await inspect(server.baseUrl, { token: 'top-secret' });
    expect(server.requests[0]?.headers.authorization).toBe('Bearer top-secret');
    expect(server.requests[0]?.headers['accept-encoding']).toContain('gzip');
    expect(found).toMatchObject({ hadToken: true });
    expect(JSON.stringify(found) + words(found)).not.toContain('top-secret');
  });

  test('waits as long as Retry-After says, then succeeds', async () => {
    let calls = 0;
    const { baseUrl } = await stub(() => {
      calls += 1;
      return calls < 3
        ? { status: 429, headers: { 'retry-after': '7' }, body: '' }
        : { body: { resourceType: 'Bundle' } };
    });
    const waits: number[] = [];
    const access = fhirServerAccess(baseUrl, {
      wait: (ms) => {
        waits.push(ms);
        return Promise.resolve();
      },
    });
    expect(await fhirRequest(access, { method: 'GET', path: 'Patient' })).toMatchObject({
      kind: 'answer',
      attempts: 3,
    });
    expect(waits).toEqual([7000, 7000]);
  });

  test('fault: a server that limits for ever is given up, at once where it asks for an hour', async () => {
    const forever = await stub(() => ({ status: 429, body: '' }));
    const found = await inspect(forever.baseUrl, { attempts: 3 });
    expect(found).toEqual({ kind: 'rate-limited', attempts: 3 });
    expect(forever.requests).toHaveLength(3);
    const hour = await stub(() => ({ status: 429, headers: { 'retry-after': '3600' }, body: '' }));
    const asked = await inspect(hour.baseUrl);
    expect(hour.requests).toHaveLength(1);
    expect(words(asked)).toContain('wait 3600 s');
  });

  test('fault: an answer larger than the limit is not read, zipped or not', async () => {
    for (const isGzipped of [true, false]) {
      const { baseUrl } = await stub(() => ({ body: { pad: 'x'.repeat(100_000) }, isGzipped }));
      expect(await inspect(baseUrl, { maxBytes: 10_000 })).toEqual({ kind: 'too-large', limitBytes: 10_000 });
    }
  });

  test('fault: a next link to another origin is not followed, and a circle of pages ends', async () => {
    const { baseUrl, requests } = await stub(({ path }) => ({
      body: {
        resourceType: 'Bundle',
        link: [{ relation: 'next', url: path === 'Patient' ? 'https://elsewhere.example/x' : '/fhir/Observation' }],
      },
    }));
    const access = fhirServerAccess(baseUrl, { token: 't' });
    const read = (path: string): ReturnType<typeof searchPages> => searchPages(access, { path, take: () => 'more' });
    expect(await read('Patient')).toEqual({ kind: 'next-not-followed', reason: 'other-origin' });
    expect(await read('Observation')).toEqual({ kind: 'next-not-followed', reason: 'circle' });
    expect(requests.length).toBeLessThan(5);
  });
});

describe('TLS', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kit-tls-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  /** A server with a new self-signed certificate for a name; the port and the certificate. */
  async function tlsServer(name: string, days = '1'): Promise<{ readonly port: number; readonly certificate: string }> {
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
    const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${name}`];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        days,
        '-keyout',
        key,
        '-out',
        certificate,
        ...subject.map((one) => one.replace('/CN=IP:', '/CN=').replace('/CN=DNS:', '/CN=')),
      ],
      { stdio: 'ignore' },
    );
    const pem = await readFile(certificate, 'utf8');
    const server = createTlsServer({ key: await readFile(key, 'utf8'), cert: pem }, (_, response) => {
      response.end('{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1"}');
    });
    closers.push(() => {
      server.closeAllConnections();
      return Promise.resolve();
    });
    return { port: await listening(server), certificate: pem };
  }

  test('bad call: a self-signed certificate is told, and accepted where it is given with --ca', async () => {
    const { port, certificate } = await tlsServer('IP:127.0.0.1');
    const found = await inspect(`https://127.0.0.1:${port}/fhir`);
    expect(found).toMatchObject({ kind: 'untrusted-tls', reason: 'self-signed' });
    expect(words(found)).toContain('--ca FILE');
    expect(await inspect(`https://127.0.0.1:${port}/fhir`, { ca: certificate })).toMatchObject({ kind: 'fhir-r4' });
  });

  test('bad call: a trusted certificate for another host is refused', async () => {
    const { port, certificate } = await tlsServer('DNS:fhir.example');
    const found = await inspect(`https://127.0.0.1:${port}/fhir`, { ca: certificate });
    expect(found).toMatchObject({ kind: 'untrusted-tls', reason: 'wrong-host' });
    expect(words(found)).toContain('another host name');
  });

  test('bad call: http to a TLS port says that https may be meant', async () => {
    const { port } = await tlsServer('IP:127.0.0.1');
    expect(words(await inspect(`http://127.0.0.1:${port}/fhir`))).toContain('https://');
  });
});
