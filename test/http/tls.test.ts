import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createApp } from '../../src/app.js';
import { openHttpServer, type HttpServer } from '../../src/http/http-server.js';
import type { TlsFiles } from '../../src/http/tls-material.js';
import { hasOpenssl, makeCertificates, type CertificateFiles, type TestCertificates } from '../support/certificates.js';
import { parseLines, quietAppDeps, recordingLog } from '../support/test-app.js';

const isPossible = hasOpenssl();
if (!isPossible) console.warn('TLS is not tested: there is no openssl to make certificates with');
const suite = isPossible ? describe : describe.skip;

let made: TestCertificates;
beforeAll(() => {
  if (isPossible) made = makeCertificates();
});
afterAll(() => {
  if (isPossible) rmSync(made.folder, { recursive: true });
});

interface TlsAnswer {
  readonly status: number | undefined;
  readonly hsts: string | undefined;
  readonly protocol: string | null;
  readonly subject: string;
}

async function ask(server: HttpServer, options: RequestOptions = {}): Promise<TlsAnswer> {
  const agent = new Agent({ keepAlive: false, maxCachedSessions: 0 });
  return new Promise((resolve, reject) => {
    const sent = request(`${server.url}/healthz`, { agent, ca: readFileSync(made.caFile), ...options }, (response) => {
      // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- of node:https it is one
      const socket = response.socket as TLSSocket;
      const subject = String(socket.getPeerCertificate().subject.CN);
      const hsts = response.headers['strict-transport-security'];
      resolve({ status: response.statusCode, hsts, protocol: socket.getProtocol(), subject });
      response.resume();
    });
    sent.on('error', reject);
    sent.end();
  });
}

const shown = ({ certFile, keyFile }: CertificateFiles): RequestOptions => ({
  cert: readFileSync(certFile),
  key: readFileSync(keyFile),
});

async function start(tls: TlsFiles): Promise<{ readonly server: HttpServer; readonly events: () => unknown[] }> {
  const { log, text } = recordingLog();
  const app = createApp(quietAppDeps(log));
  const server = await openHttpServer(app, { host: '127.0.0.1', port: 0, tls, log });
  return { server, events: () => parseLines(text()).map(({ event }) => event) };
}

suite('the service over TLS (req. 1)', () => {
  it('answers over HTTPS, says so to browsers, and does not speak plain HTTP (req. 1)', async () => {
    const { server } = await start(made.server);
    expect(server.url).toMatch(/^https:/);
    expect(await ask(server)).toMatchObject({ status: 200, hsts: 'max-age=31536000', subject: 'server' });
    await expect(fetch(server.url.replace('https:', 'http:'))).rejects.toThrow();
    await server.close();
  });

  it('bad call: speaks nothing older than TLS 1.2', async () => {
    const { server } = await start(made.server);
    const old: RequestOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
    await expect(ask(server, old)).rejects.toThrow();
    expect((await ask(server, { maxVersion: 'TLSv1.2' })).protocol).toBe('TLSv1.2');
    await server.close();
  });

  it('takes a new certificate over on SIGHUP, and keeps the old one when the new pair does not fit', async () => {
    const files = { certFile: join(made.folder, 'live.pem'), keyFile: join(made.folder, 'live.key') };
    const put = ({ certFile, keyFile }: CertificateFiles): void => {
      copyFileSync(certFile, files.certFile);
      copyFileSync(keyFile, files.keyFile);
    };
    put(made.server);
    const { server, events } = await start(files);
    put(made.renewed);
    process.emit('SIGHUP');
    expect((await ask(server)).subject).toBe('renewed');
    copyFileSync(made.server.certFile, files.certFile);
    process.emit('SIGHUP');
    expect((await ask(server)).subject).toBe('renewed');
    await wait(20);
    expect(events()).toContain('tls.not-reloaded');
    await server.close();
  });

  it('fault: files that are missing or do not fit stop the start, by name', async () => {
    await expect(start({ ...made.server, keyFile: '/nowhere/key.pem' })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      detail: 'HEMOLENS_TLS_KEY_FILE: /nowhere/key.pem cannot be read',
    });
    await expect(start({ ...made.server, keyFile: made.client.keyFile })).rejects.toMatchObject({ code: 'ERR_CONFIG' });
    const notPem = join(made.folder, 'not.pem');
    writeFileSync(notPem, 'hello');
    await expect(start({ ...made.server, certFile: notPem })).rejects.toMatchObject({ code: 'ERR_CONFIG' });
  });
});

suite('mutual TLS (req. 70)', () => {
  it('lets in whoever shows a certificate of the listed authority, and nobody else (req. 70)', async () => {
    const { server } = await start({ ...made.server, clientCaFile: made.caFile });
    expect((await ask(server, shown(made.client))).status).toBe(200);
    await expect(ask(server)).rejects.toThrow();
    await expect(ask(server, shown(made.stranger))).rejects.toThrow();
    await server.close();
  });
});
