/**
 * An order that fetches everything from a real HAPI FHIR server, and what loading a chart there costs beside the same Bundles posted by
 * curl. `npm run bench:hapi [-- --json] [-- --fhir URL]`; starts HAPI itself unless it is given one (needs Java 17 and Maven).
 */
import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { loadConfig } from '../src/config/config.js';
import { startHapi } from '../src/kit/hapi/start-hapi.js';
import { loadIntoFhirServer } from '../src/kit/load/load-into-fhir-server.js';
import { bundleText, planLoad } from '../src/kit/load/plan-load.js';
import { discoverOrderSign, signOrders } from '../src/sandbox/ehr-client.js';
import { startService } from '../src/server.js';
import { startFhirProxy, type FhirProxy, type ProxiedExchange } from '../test/support/fhir-proxy.js';
import { draftOrder, resourcesOf, syntheticChart } from './synthetic-chart.js';

/** The median ICU chart. */
const CHART = { observations: 600, administrations: 20, notes: 3 };
const WARM_UP = 15;
const CALLS = 40;
const LOAD_ROUNDS = 3;
/** Loaded in each round: four Bundles of about 500. */
const LOADED_OBSERVATIONS = 2000;

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, fhir: { type: 'string' } },
  allowPositionals: true,
});

if (process.argv[2] === 'server') await serve();
else await measure();

/** A process of its own, so that the proxy and the client do not share its event loop. */
async function serve(): Promise<void> {
  const service = await startService(
    loadConfig({}, { mode: 'sandbox', port: 0, store: 'memory', logLevel: 'silent', openFhirServerAllowed: true }),
  );
  process.send?.({ service: service.url });
}

async function measure(): Promise<void> {
  const hapi = values.fhir === undefined ? await startHapi() : undefined;
  const fhirBase = values.fhir ?? hapi?.baseUrl ?? '';
  const child = fork(process.argv[1] ?? '', ['server'], { execArgv: process.execArgv });
  const proxy = await startFhirProxy({ target: fhirBase });
  try {
    const ended = once(child, 'exit').then(() => {
      throw new Error('the service did not start');
    });
    const [{ service }] = (await Promise.race([once(child, 'message'), ended])) as [{ readonly service: string }];
    ended.catch(() => undefined);
    const order = await orderFigures(service, fhirBase, proxy);
    const load = await loadFigures(fhirBase);
    print(order, load);
    if (values.json === true) console.log(JSON.stringify({ bench: 'hapi', chart: CHART, order, load }));
  } finally {
    child.kill('SIGKILL');
    await proxy.close();
    await hapi?.stop();
  }
}

interface OrderFigures {
  readonly calls: number;
  /** Of these, how many were answered without all of the chart, for the deadline; no time of theirs is counted. */
  readonly cutShort: number;
  readonly wallMs: Pair;
  /** From the last byte of the last FHIR answer to the last of ours. */
  readonly afterFhirMs: Pair;
  /** Calls all started before the first answer came; the same in every order, else -1. */
  readonly firstWave: number;
  /** Top-up pages and Binary reads. */
  readonly later: number;
  readonly gzipped: boolean;
  readonly noStore: boolean;
}

interface Pair {
  readonly p50: number;
  readonly p95: number;
}

async function orderFigures(serviceUrl: string, fhirBase: string, proxy: FhirProxy): Promise<OrderFigures> {
  const nowMs = Date.now();
  const id = `bench-${nowMs}`;
  const chart = syntheticChart(CHART, nowMs, id);
  const { outcome, patients } = await loadIntoFhirServer({ fhirBase, resources: resourcesOf(chart), tag: id });
  const patientId = patients[0]?.id;
  if (outcome !== 'complete' || patientId === undefined) throw new Error('the chart could not be loaded');
  const service = await discoverOrderSign(serviceUrl);
  let cutShort = 0;
  const [wall, after, waves, later]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let call = -WARM_UP; call < CALLS; call++) {
    proxy.exchanges.length = 0;
    const started = performance.now();
    const { status, response } = await signOrders({
      serviceUrl,
      service,
      fhirBase: proxy.baseUrl,
      patientId,
      draftOrders: [draftOrder(true, Date.now(), patientId)],
      prefetch: 'none',
    });
    const ended = performance.now();
    // A server that has just started is slower than the service's deadline: those calls are not counted.
    if (call < 0) continue;
    const said = JSON.stringify(response);
    if (status !== 200 || !said.includes('"probability"') || said.includes('"unavailable"')) {
      cutShort++;
      continue;
    }
    const firstByte = Math.min(...proxy.exchanges.map(({ firstByteMs = Infinity }) => firstByteMs));
    const wave = proxy.exchanges.filter(({ startedMs }) => startedMs < firstByte).length;
    wall.push(ended - started);
    after.push(ended - Math.max(...proxy.exchanges.map(({ lastByteMs = Infinity }) => lastByteMs)));
    waves.push(wave);
    later.push(proxy.exchanges.length - wave);
  }
  const seen: readonly ProxiedExchange[] = proxy.exchanges;
  return {
    calls: CALLS,
    cutShort,
    wallMs: pair(wall),
    afterFhirMs: pair(after),
    firstWave: new Set(waves).size === 1 ? (waves[0] ?? -1) : -1,
    later: Math.max(...later),
    gzipped: seen.every(
      ({ acceptEncoding, contentEncoding, url }) =>
        (acceptEncoding ?? '').includes('gzip') && (contentEncoding === 'gzip' || !url.includes('Observation')),
    ),
    noStore: seen.some(({ cacheControl }) => /no-store|max-results/.test(cacheControl ?? '')),
  };
}

interface LoadFigures {
  readonly resources: number;
  readonly bundles: number;
  readonly curlMs: readonly number[];
  readonly kitMs: readonly number[];
  /** Of the medians. */
  readonly ratio: number;
}

/** The same chart under other ids, alternately by curl (Bundle after Bundle, as a tester would) and by the kit. */
async function loadFigures(fhirBase: string): Promise<LoadFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-hapi-'));
  const [curlMs, kitMs]: [number[], number[]] = [[], []];
  let [bundles, count] = [0, 0];
  try {
    for (let round = 0; round < LOAD_ROUNDS; round++) {
      const name = `bench-load-${Date.now()}`;
      const resources = resourcesOf(
        syntheticChart({ observations: LOADED_OBSERVATIONS, administrations: 0, notes: 0 }, Date.now(), name),
      );
      const plan = planLoad(resources, { tag: `${name}-curl`, bundleSize: 500 });
      [bundles, count] = [plan.bundles.length, resources.length];
      const files: string[] = [];
      for (const [at, bundle] of plan.bundles.entries()) {
        files.push(join(folder, `${round}-${at}.json`));
        await writeFile(files.at(-1) ?? '', bundleText(bundle.resources));
      }
      const byCurl = async (): Promise<void> => {
        const started = performance.now();
        for (const file of files) await curl(fhirBase, file);
        curlMs.push(Math.round(performance.now() - started));
      };
      const byKit = async (): Promise<void> => {
        const report = await loadIntoFhirServer({ fhirBase, resources, tag: `${name}-kit` });
        if (report.outcome !== 'complete') throw new Error('the kit could not load the chart');
        kitMs.push(Math.round(report.wallMs));
      };
      for (const load of round % 2 === 0 ? [byCurl, byKit] : [byKit, byCurl]) await load();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  return { resources: count, bundles, curlMs, kitMs, ratio: round2(quantile(kitMs, 0.5) / quantile(curlMs, 0.5)) };
}

async function curl(fhirBase: string, file: string): Promise<void> {
  const { stdout } = await promisify(execFile)('curl', [
    ...['--silent', '--show-error', '--output', '/dev/null', '--write-out', '%{http_code}'],
    ...['--header', 'Content-Type: application/fhir+json', '--header', 'Prefer: return=minimal'],
    ...['--data-binary', `@${file}`, fhirBase],
  ]);
  if (stdout !== '200') throw new Error(`curl was answered ${stdout}`);
}

function print(order: OrderFigures, load: LoadFigures): void {
  const both = ({ p50, p95 }: Pair): string => `p50 ${p50} ms, p95 ${p95} ms`;
  console.log(
    `an order that fetches ${CHART.observations} Observations from HAPI, ${order.calls} times, ${order.cutShort} cut short`,
  );
  console.log(`  wall                          ${both(order.wallMs)}`);
  console.log(`  last FHIR byte to our answer  ${both(order.afterFhirMs)}`);
  console.log(`  calls started before the first answer ${order.firstWave}, later ${order.later}`);
  console.log(
    `  gzip ${order.gzipped ? 'everywhere' : 'NOT everywhere'}, no-store ${order.noStore ? 'SENT' : 'never sent'}`,
  );
  console.log(`loading ${load.resources} resources in ${load.bundles} Bundles, ${LOAD_ROUNDS} times each, interleaved`);
  console.log(
    `  curl ${load.curlMs.join(', ')} ms; kit ${load.kitMs.join(', ')} ms; ratio of the medians ${load.ratio}`,
  );
}

function pair(times: number[]): Pair {
  return { p50: quantile(times, 0.5), p95: quantile(times, 0.95) };
}

function quantile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return round2(sorted[Math.floor(share * (sorted.length - 1))] ?? NaN);
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}
