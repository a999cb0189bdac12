/**
 * The price of an answer: a fully prefetched blood order, a larger one and a non-blood order, beside a bare express route that
 * only parses the same body; one client and sixteen. `npm run bench:card [-- --json]`
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import express from 'express';
import type { Bundle, FhirResource } from 'fhir/r4.js';
import { loadConfig } from '../src/config/config.js';
import { startService } from '../src/server.js';
import { draftOrder, syntheticChart } from './synthetic-chart.js';

const ROUNDS = 6;
const SERVICE_PATH = '/cds-services/transfusion-mortality-risk';
const BODY_LIMIT = '20mb';

interface Case {
  readonly name: string;
  readonly body: Buffer;
}

interface Measured {
  readonly case: string;
  readonly clients: number;
  readonly bytes: number;
  readonly bare: { readonly p50: number; readonly p95: number };
  readonly card: { readonly p50: number; readonly p95: number };
  readonly ratioP50: number;
}

if (process.argv[2] === 'server') await serve();
else await measure();

/** A process of its own: the service and the bare route, so that the load generator does not share their event loop. */
async function serve(): Promise<void> {
  const service = await startService(
    loadConfig({}, { mode: 'development', port: 0, store: 'memory', logLevel: 'silent' }),
  );
  const app = express();
  app.use(express.json({ limit: BODY_LIMIT }));
  app.post(SERVICE_PATH, (_request, response) => {
    response.json({ cards: [] });
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  process.send?.({ service: service.url, bare: `http://127.0.0.1:${port}` });
}

async function measure(): Promise<void> {
  const child = fork(process.argv[1] ?? '', ['server'], { execArgv: process.execArgv });
  try {
    const [urls] = (await once(child, 'message')) as [{ readonly service: string; readonly bare: string }];
    const cases: readonly Case[] = [
      { name: 'blood order, 600 Observations', body: hookBody(600, 20, 3, true) },
      { name: 'blood order, 1,250 Observations', body: hookBody(1250, 20, 3, true) },
      { name: 'non-blood order, 600 Observations', body: hookBody(600, 20, 3, false) },
      { name: 'non-blood order, no prefetch', body: hookBody(0, 0, 0, false) },
    ];
    const results: Measured[] = [];
    for (const one of cases) for (const clients of [1, 16]) results.push(await measureCase(one, clients, urls));
    print(results);
    if (process.argv.includes('--json')) console.log(JSON.stringify({ bench: 'card', results }));
  } finally {
    stop(child);
  }
}

function stop(child: ChildProcess): void {
  child.kill('SIGKILL');
}

/** Rounds of both routes, interleaved, so that a slow minute of the machine hits both. */
async function measureCase(
  { name, body }: Case,
  clients: number,
  urls: { service: string; bare: string },
): Promise<Measured> {
  const calls = clients === 1 ? 60 : 15;
  const bare: number[] = [];
  const card: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const [bareTimes, cardTimes] = [
      await load(urls.bare, body, clients, calls),
      await load(urls.service, body, clients, calls),
    ];
    if (round === 0) continue;
    bare.push(...bareTimes);
    card.push(...cardTimes);
  }
  const figures = (times: number[]) => ({ p50: quantile(times, 0.5), p95: quantile(times, 0.95) });
  const [barePair, cardPair] = [figures(bare), figures(card)];
  return {
    case: name,
    clients,
    bytes: body.length,
    bare: barePair,
    card: cardPair,
    ratioP50: cardPair.p50 / barePair.p50,
  };
}

async function load(url: string, body: Buffer, clients: number, calls: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const times: number[] = [];
  await Promise.all(
    Array.from({ length: clients }, async () => {
      for (let i = 0; i < calls; i++) times.push(await post(url, body, agent));
    }),
  );
  agent.destroy();
  return times;
}

function post(url: string, body: Buffer, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const sent = request(
      url + SERVICE_PATH,
      { method: 'POST', agent, headers: { 'Content-Type': 'application/json', 'Content-Length': body.length } },
      (response) => {
        response.resume();
        response.on('end', () => {
          if (response.statusCode === 200) resolve(performance.now() - started);
          else reject(new Error(`HTTP ${response.statusCode ?? 0}`));
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

function quantile(values: number[], share: number): number {
  const sorted = values.sort((a, b) => a - b);
  return Math.round((sorted[Math.floor(share * (sorted.length - 1))] ?? NaN) * 100) / 100;
}

function print(results: readonly Measured[]): void {
  console.log('case'.padEnd(36), 'clients', '   kB', ' bare p50/p95 ms', ' card p50/p95 ms', ' p50 ratio');
  for (const { case: name, clients, bytes, bare, card, ratioP50 } of results) {
    const pair = (one: { p50: number; p95: number }): string =>
      `${one.p50.toFixed(2)} / ${one.p95.toFixed(2)}`.padStart(16);
    console.log(
      name.padEnd(36),
      String(clients).padStart(7),
      String(Math.round(bytes / 1000)).padStart(5),
      pair(bare),
      pair(card),
      ratioP50.toFixed(2).padStart(10),
    );
  }
}

/** A hook call as an EHR sends it, everything prefetched; synthetic values. */
function hookBody(observations: number, administrations: number, notes: number, isBlood: boolean): Buffer {
  const nowMs = Date.now();
  const chart = syntheticChart({ observations, administrations, notes }, nowMs);
  const bundle = (resources: readonly FhirResource[]): Bundle => ({
    resourceType: 'Bundle',
    type: 'searchset',
    total: resources.length,
    entry: resources.map((resource) => ({ resource, search: { mode: 'match' } })),
  });
  const prefetch = {
    patient: chart.patient,
    encounters: bundle(chart.encounters),
    labs: bundle(chart.labs),
    vitals: bundle(chart.vitals),
    bedside: bundle([]),
    administrations: bundle(chart.administrations),
    procedures: bundle([]),
    conditions: bundle([]),
    notes: bundle(chart.notes),
  };
  return Buffer.from(
    JSON.stringify({
      hook: 'order-sign',
      hookInstance: '11111111-1111-4111-8111-111111111111',
      context: {
        userId: 'Practitioner/bench',
        patientId: chart.patient.id,
        draftOrders: { resourceType: 'Bundle', entry: [{ resource: draftOrder(isBlood, nowMs) }] },
      },
      ...(observations > 0 ? { prefetch } : {}),
    }),
  );
}
