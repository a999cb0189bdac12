import { connect } from 'node:net';
import { Agent, request } from 'node:http';
import { rm } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { loadConfig } from '../../src/config/config.js';
import { createLogger } from '../../src/logging/logger.js';
import { startService, type RunningService } from '../../src/server.js';
import { fuzzCases, type FuzzCase } from '../support/fuzz-corpus.js';
import { writeTinyBundle } from '../support/tiny-bundle.js';

/** 5,000 in the suite; `npm run fuzz` sends 200,000. */
const RUNS = Number(process.env['HEMOLENS_FUZZ_RUNS'] ?? 5_000);
const BATCH = 500;
const AT_ONCE = 16;
const SEED = Number(process.env['HEMOLENS_FUZZ_SEED'] ?? 20_260_302);
const NOW = Date.parse('2026-03-02T09:00:00Z');
const MINUTES = 60_000;
/** A raw request is over when nothing more comes for this long. */
const QUIET_MS = 150;
/** Answers of 500 and above that are meant: the FHIR server failed, or there is too much to do. */
const MEANT = new Set(['ERR_FHIR_UPSTREAM', 'ERR_OVERLOADED']);

interface Answer {
  readonly status: number;
  readonly text: string;
}

let service: RunningService;
let bundleDir: string;
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
const rejections: unknown[] = [];
const takeNote = (reason: unknown): void => void rejections.push(reason);

beforeAll(async () => {
  process.on('unhandledRejection', takeNote);
  bundleDir = await writeTinyBundle();
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  service = await startService(
    loadConfig(
      {},
      {
        mode: 'sandbox',
        port: 0,
        store: 'memory',
        modelBundleDir: bundleDir,
        storeCapacity: 20,
        deadlineMs: 50,
        perCallTimeoutMs: 50,
      },
    ),
    {
      clock: () => NOW,
      log: createLogger({ logLevel: 'debug', destination: nowhere, isStrict: true }),
    },
  );
});
afterAll(async () => {
  process.off('unhandledRejection', takeNote);
  agent.destroy();
  await service.close();
  await rm(bundleDir, { recursive: true });
});

describe(`${RUNS} malformed and mutated requests`, () => {
  it(
    'bad call: none is answered with a fault of ours, quotes our code, pollutes a prototype or keeps memory',
    async () => {
      const before = Object.getOwnPropertyNames(Object.prototype).sort();
      const statuses = new Map<number, number>();
      const memory: { readonly rss: number; readonly heap: number }[] = [];
      const wrong: string[] = [];
      for (let batch = 0; batch * BATCH < RUNS; batch += 1) {
        const cases = fc.sample(fuzzCases(), { numRuns: Math.min(BATCH, RUNS - batch * BATCH), seed: SEED + batch });
        await eachAtOnce(cases, async (one, index) => {
          const answer = await send(one);
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
          const fault = faultOf(answer);
          if (fault)
            wrong.push(`seed ${SEED + batch}, case ${index}: ${one.method} ${one.path} (${one.wire}): ${fault}`);
        });
        memory.push(memoryNow());
        expect(wrong).toEqual([]);
      }
      expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(before);
      expect(Reflect.get({}, 'polluted')).toBeUndefined();
      expect(rejections).toEqual([]);
      // The corpus reaches the assessment and not only the doors before it.
      expect(statuses.get(200) ?? 0).toBeGreaterThan(RUNS / 10);
      expect(statuses.get(400) ?? 0).toBeGreaterThan(RUNS / 10);
      expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
      expectFlat(memory);
      if (RUNS > 5_000) console.log(JSON.stringify({ statuses: Object.fromEntries(statuses), memory: memory.at(-1) }));
    },
    RUNS > 5_000 ? 240 * MINUTES : 15 * MINUTES,
  );
});

/** What is wrong with an answer; undefined: nothing. */
function faultOf({ status, text }: Answer): string | undefined {
  if (/node_modules|\bat .*\.(ts|js):\d|polluted/.test(text)) return 'quotes code or input';
  if (status >= 500) {
    const code = /"code":"(ERR_[A-Z_]+)"/.exec(text)?.[1] ?? 'no code';
    return MEANT.has(code) ? undefined : `${status} ${code}`;
  }
  return status === 0 ? 'no answer' : undefined;
}

async function eachAtOnce<T>(items: readonly T[], act: (item: T, index: number) => Promise<void>): Promise<void> {
  const queue = items.entries();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const [index, item] of queue) await act(item, index);
    }),
  );
}

function send(one: FuzzCase): Promise<Answer> {
  return one.wire === 'length' || one.wire === 'chunked' ? sendWell(one) : sendRaw(one);
}

function sendWell({ method, path, headers, body, wire }: FuzzCase): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = wire === 'length' ? { 'Content-Length': body.length } : { 'Transfer-Encoding': 'chunked' };
    const sent = request(`${service.url}${path}`, { method, agent, headers: { ...headers, ...length } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
      response.on('error', reject);
    });
    // A connection that the service closed behind a refusal may break while the rest of the body is still being sent.
    sent.on('error', () => resolve({ status: -1, text: '' }));
    if (wire === 'length') sent.end(body);
    else {
      for (let at = 0; at < body.length; at += 97) sent.write(body.subarray(at, at + 97));
      sent.end();
    }
  });
}

/** A request whose framing lies. The connection is closed after it; what came back until then is the answer. */
function sendRaw({ method, path, headers, body, wire }: FuzzCase): Promise<Answer> {
  const { hostname, port } = new URL(service.url);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const framing = {
    'too-long': `Content-Length: ${body.length + 50}\r\n\r\n`,
    'too-short': `Content-Length: ${Math.max(0, body.length - 50)}\r\n\r\n`,
    'broken-chunk': 'Transfer-Encoding: chunked\r\n\r\nzz\r\n',
  }[wire as 'too-long' | 'too-short' | 'broken-chunk'];
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let text = '';
    let quiet = setTimeout(() => socket.end(), QUIET_MS);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      clearTimeout(quiet);
      quiet = setTimeout(() => socket.end(), 10);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(quiet);
      const status = Number(/^HTTP\/1\.1 (?!100)(\d{3})/m.exec(text)?.[1] ?? -1);
      resolve({ status, text });
    });
    socket.write(`${method} ${path} HTTP/1.1\r\nHost: x\r\n${lines.join('')}${framing}`);
    socket.write(body);
  });
}

function memoryNow(): { readonly rss: number; readonly heap: number } {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const { rss, heapUsed } = process.memoryUsage();
  return { rss, heap: heapUsed };
}

/** In the second half memory must neither grow nor shrink by more than a tenth: of the heap here, of all of it in the long run. */
function expectFlat(memory: readonly { readonly rss: number; readonly heap: number }[]): void {
  const half = memory.slice(Math.floor(memory.length / 2));
  const measure = RUNS > 5_000 ? half.map(({ rss }) => rss) : half.map(({ heap }) => heap);
  const middle = Math.floor(measure.length / 2);
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  if (middle === 0) return;
  const growth = mean(measure.slice(middle)) / mean(measure.slice(0, middle));
  expect(growth).toBeGreaterThan(0.9);
  expect(growth).toBeLessThan(1.1);
}
