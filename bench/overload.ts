/**
 * The service at ten times its capacity: what of it is still answered, how soon, and how fast the rest is refused. The service and
 * the load generator are processes of their own. Capacity is measured first (closed loop), then the latency of single calls while
 * the generator keeps a connection pool idle, then calls arrive whether or not earlier ones were answered.
 * `npm run bench:overload [-- --seconds 10 --times 10 --observations 60 --json]`
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { Bundle, FhirResource } from 'fhir/r4.js';
import { loadConfig } from '../src/config/config.js';
import { startService } from '../src/server.js';
import { draftOrder, syntheticChart } from './synthetic-chart.js';

const PATH = '/cds-services/transfusion-mortality-risk';
const CLOSED_LOOP_CLIENTS = 4;
/** Connections of the generator: enough that a refused call does not keep the next one waiting. */
const SOCKETS = 256;
/** An arrival is dropped by the generator itself, and counted, when so many are unanswered. */
const MAX_UNANSWERED = 4_000;

interface Answered {
  readonly status: number;
  readonly ms: number;
}

if (process.argv[2] === 'server') await serve();
else if (process.argv[2] === 'generator') process.on('message', (job: Job) => void generate(job));
else await measure();

type Job =
  | { readonly kind: 'closed'; readonly url: string; readonly seconds: number; readonly clients: number }
  | { readonly kind: 'open'; readonly url: string; readonly seconds: number; readonly perSecond: number };

interface Load {
  readonly answered: readonly Answered[];
  readonly failed: number;
  /** Arrivals the generator could not send in time. */
  readonly dropped: number;
  /** In which calls arrived. */
  readonly seconds: number;
  /** How late the generator's own loop was, p99 in ms: above a few, its numbers are about itself. */
  readonly generatorLateMs: number;
}

async function serve(): Promise<void> {
  const limits = loadConfig({}, { mode: 'production' });
  const service = await startService(
    loadConfig(
      {},
      {
        mode: 'development',
        port: 0,
        store: 'memory',
        logLevel: 'info',
        maxCalls: limits.maxCalls,
        maxWaitingCalls: Number(argument('waiting', String(limits.maxWaitingCalls))),
        maxLoopDelayMs: limits.maxLoopDelayMs,
        clientRequestsPerMinute: 10_000_000,
        clientConcurrentCalls: 10_000,
      },
    ),
  );
  process.send?.({ url: service.url });
}

async function measure(): Promise<void> {
  const seconds = Number(argument('seconds', '10'));
  const times = Number(argument('times', '10'));
  const server = child('server', true);
  const generator = child('generator', false);
  try {
    const [{ url }] = (await once(server, 'message')) as [{ readonly url: string }];
    const run = async (job: Job): Promise<Load> => {
      generator.send(job);
      const [load] = (await once(generator, 'message')) as [Load];
      if (process.argv.includes('--verbose'))
        console.log(job.kind, load.answered.length, load.failed, load.dropped, load.seconds.toFixed(1));
      return load;
    };
    await run({ kind: 'closed', url, seconds: 3, clients: CLOSED_LOOP_CLIENTS });
    const unloaded = await run({ kind: 'closed', url, seconds: seconds / 2, clients: 1 });
    const closed = await run({ kind: 'closed', url, seconds, clients: CLOSED_LOOP_CLIENTS });
    const capacity = closed.answered.filter(({ status }) => status === 200).length / closed.seconds;
    const open = await run({ kind: 'open', url, seconds, perSecond: capacity * times });
    const unloadedAfter = await run({ kind: 'closed', url, seconds: seconds / 2, clients: 1 });
    report({ times, capacity, unloaded, unloadedAfter, open });
  } finally {
    server.kill('SIGKILL');
    generator.kill('SIGKILL');
  }
}

function child(role: string, isQuiet: boolean): ChildProcess {
  const forked = fork(process.argv[1] ?? '', [role, ...process.argv.slice(2)], {
    execArgv: process.execArgv,
    stdio: ['ignore', 'inherit', isQuiet ? 'ignore' : 'inherit', 'ipc'],
  });
  forked.once('exit', (code) => {
    if (code !== null) throw new Error(`the ${role} ended with ${code}; is dist/ built?`);
  });
  return forked;
}

async function generate(job: Job): Promise<void> {
  const body = hookBody(Number(argument('observations', '60')));
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS, maxFreeSockets: SOCKETS, scheduling: 'fifo' });
  // An EHR keeps its connections. New ones are taken slowly while the loop is busy, which is not what is measured here.
  if (job.kind === 'open') await Promise.all(Array.from({ length: SOCKETS }, () => connect(job.url, agent)));
  const startMs = performance.now();
  const endMs = startMs + job.seconds * 1000;
  const answered: Answered[] = [];
  const late: number[] = [];
  let failed = 0;
  let dropped = 0;
  let unanswered = 0;
  let sendingMs: number | undefined;
  const call = async (): Promise<void> => {
    unanswered += 1;
    try {
      answered.push(await post(job.url, body, agent));
    } catch {
      failed += 1;
    }
    unanswered -= 1;
  };
  if (job.kind === 'closed') {
    await Promise.all(
      Array.from({ length: job.clients }, async () => {
        while (performance.now() < endMs) await call();
      }),
    );
  } else {
    let sent = 0;
    let lastMs = performance.now();
    const pending: Promise<void>[] = [];
    while (performance.now() < endMs) {
      const due = ((performance.now() - startMs) / 1000) * job.perSecond;
      for (; sent < due; sent += 1) {
        if (unanswered < MAX_UNANSWERED) pending.push(call());
        else dropped += 1;
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
      late.push(performance.now() - lastMs - 1);
      lastMs = performance.now();
    }
    sendingMs = performance.now() - startMs;
    await Promise.all(pending);
  }
  agent.destroy();
  const load: Load = {
    answered,
    failed,
    dropped,
    seconds: (sendingMs ?? performance.now() - startMs) / 1000,
    generatorLateMs: quantile(late, 0.99),
  };
  process.send?.(load);
}

function connect(url: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/healthz`, { agent }, (response) => response.resume().on('end', () => resolve()));
    sent.on('error', reject);
    sent.end();
  });
}

function post(url: string, body: Buffer, agent: Agent): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length };
    const sent = request(url + PATH, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode ?? 0, ms: performance.now() - started }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function report(run: {
  readonly times: number;
  readonly capacity: number;
  readonly unloaded: Load;
  readonly unloadedAfter: Load;
  readonly open: Load;
}): void {
  const { capacity, open } = run;
  const of = (load: Load, status: number): number[] =>
    load.answered.filter((one) => one.status === status).map(({ ms }) => ms);
  const accepted = of(open, 200);
  const refused = of(open, 503);
  const unloaded = [...of(run.unloaded, 200), ...of(run.unloadedAfter, 200)];
  const result = {
    bench: 'overload',
    capacityPerSecond: round(capacity),
    arrivalsPerSecond: round((open.answered.length + open.failed + open.dropped) / open.seconds),
    goodputPerSecond: round(accepted.length / open.seconds),
    goodputShare: round(accepted.length / open.seconds / capacity),
    unloadedP50Ms: quantile(unloaded, 0.5),
    unloadedP95Ms: quantile(unloaded, 0.95),
    acceptedP50Ms: quantile(accepted, 0.5),
    acceptedP95Ms: quantile(accepted, 0.95),
    acceptedP95Ratio: round(quantile(accepted, 0.95) / quantile(unloaded, 0.95)),
    refusedP50Ms: quantile(refused, 0.5),
    refusedP95Ms: quantile(refused, 0.95),
    refused: refused.length,
    other: open.answered.length - accepted.length - refused.length,
    failed: open.failed,
    dropped: open.dropped,
    generatorLateP99Ms: open.generatorLateMs,
  };
  for (const [name, value] of Object.entries(result)) console.log(name.padEnd(22), String(value).padStart(10));
  if (process.argv.includes('--json')) console.log(JSON.stringify(result));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return round(sorted[Math.floor(share * (sorted.length - 1))] ?? NaN);
}

function argument(name: string, fallback: string): string {
  const index = process.argv.indexOf(`--${name}`);
  return index < 0 ? fallback : (process.argv[index + 1] ?? fallback);
}

/** A blood order as an EHR sends it, everything prefetched; synthetic values. */
function hookBody(observations: number): Buffer {
  const nowMs = Date.now();
  const chart = syntheticChart({ observations, administrations: 20, notes: 3 }, nowMs);
  const bundle = (resources: readonly FhirResource[]): Bundle => ({
    resourceType: 'Bundle',
    type: 'searchset',
    total: resources.length,
    entry: resources.map((resource) => ({ resource })),
  });
  return Buffer.from(
    JSON.stringify({
      hook: 'order-sign',
      hookInstance: '11111111-1111-4111-8111-111111111111',
      context: {
        userId: 'Practitioner/bench',
        patientId: chart.patient.id,
        draftOrders: { resourceType: 'Bundle', entry: [{ resource: draftOrder(true, nowMs) }] },
      },
      prefetch: {
        patient: chart.patient,
        encounters: bundle(chart.encounters),
        labs: bundle(chart.labs),
        vitals: bundle(chart.vitals),
        bedside: bundle([]),
        administrations: bundle(chart.administrations),
        procedures: bundle([]),
        conditions: bundle([]),
        notes: bundle(chart.notes),
      },
    }),
  );
}
