/**
 * A HAPI server that is slow, killed in the middle, full, and back again: the server of the run, which is why this file comes last
 * (`support/server-faults-last.js`); one of its own where the run was only given the address of a server.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FhirResource } from 'fhir/r4.js';
import { contextOf } from '../../src/commands/demo.js';
import { startHapi, type HapiServer } from '../../src/kit/hapi/start-hapi.js';
import { loadIntoFhirServer } from '../../src/kit/load/load-into-fhir-server.js';
import { discoverOrderSign, prepareHookCall, type SignOrders } from '../../src/sandbox/ehr-client.js';
import { loadFixture } from '../../src/sandbox/load-resources.js';
import { cdsTestClient, issueOf, type Answer } from '../support/cds-client.js';
import { startFhirProxy, type FhirProxy, type ProxyAction } from '../support/fhir-proxy.js';
import { freshId, hapiOfThisRun } from './support/hapi.js';
import { draftsOf, loadChart, startServiceUnderTest, type ServiceUnderTest } from './support/line.js';

const T0 = Date.UTC(2026, 4, 12, 9, 30);
/** Of the service's own queries; far more than HAPI needs, far less than `SLOW_MS`. */
const DEADLINE_MS = 8_000;
const SLOW_MS = 120_000;
const BOOT_MS = 240_000;

let folder: string;
let hapi: Pick<HapiServer, 'baseUrl' | 'pid' | 'kill'>;
let proxy: FhirProxy;
let service: ServiceUnderTest;
let chart: readonly FhirResource[];
let order: Pick<SignOrders, 'patientId' | 'draftOrders'>;
let decide: (path: string) => ProxyAction = () => ({ kind: 'pass' });

beforeAll(async () => {
  const ofThisRun = hapiOfThisRun();
  folder = ofThisRun?.folder ?? (await mkdtemp(join(tmpdir(), 'hapi-faults-')));
  hapi = ofThisRun
    ? { ...ofThisRun, kill: () => killed(ofThisRun) }
    : await startHapi({ databaseFolder: folder, bootSeconds: BOOT_MS / 1000 });
  const fixture = await loadFixture('fhir-fixtures/bleeding-and-unstable', T0);
  chart = fixture.resources;
  const loaded = await loadChart(hapi.baseUrl, chart, freshId('faults'));
  order = {
    patientId: loaded.idOf('Patient', contextOf(fixture).patientId),
    draftOrders: loaded.relinked(draftsOf(fixture.hookRequest)),
  };
  proxy = await startFhirProxy({ target: hapi.baseUrl, decide: ({ path }) => decide(path) });
  service = await startServiceUnderTest({ deadlineMs: DEADLINE_MS, perCallTimeoutMs: DEADLINE_MS });
  service.setTime(T0);
}, BOOT_MS);

afterAll(async () => {
  await service.close();
  await proxy.close();
  await hapi.kill();
  await rm(folder, { recursive: true, force: true });
});

async function call(prefetch: SignOrders['prefetch'], before: () => void = () => undefined): Promise<Answer> {
  const discovered = await discoverOrderSign(service.url);
  const { request } = await prepareHookCall(
    { fhirBase: proxy.baseUrl, prefetch: prefetch ?? 'full', ...order },
    discovered,
  );
  before();
  return cdsTestClient(service.url).call(discovered.id, request);
}

interface Facts {
  readonly probability?: number;
  readonly unavailable?: readonly { readonly source: string; readonly reason: string }[];
}

function factsOf({ status, body }: Answer): Facts {
  expect(status).toBe(200);
  const { cards } = body as { cards: readonly { detail: string; extension: { 'org.hemolens.assessment': Facts } }[] };
  expect(cards).toHaveLength(1);
  return cards[0]?.extension['org.hemolens.assessment'] ?? {};
}

const gapsOf = (answer: Answer): readonly string[] =>
  (factsOf(answer).unavailable ?? []).map(({ source, reason }) => `${source}: ${reason}`).sort();

const slow: ProxyAction = { kind: 'delay', ms: SLOW_MS };

describe('a HAPI server in trouble', () => {
  test('fault: documents that come too late are named on the card, the rest is scored', async () => {
    decide = (path) => (path.startsWith('DocumentReference') ? slow : { kind: 'pass' });
    const answer = await call('none');
    expect(gapsOf(answer)).toEqual(['notes: timeout']);
    expect(factsOf(answer).probability).toBeGreaterThan(0);
  }, 90_000);

  test('fault: a server that answers nothing in time is 412 with the reason, never an empty list of cards', async () => {
    decide = () => slow;
    const answer = await call('none');
    expect(answer.status).toBe(412);
    expect(issueOf(answer)).toMatchObject({ errorCode: 'ERR_FHIR_TIMEOUT' });
  }, 90_000);

  test('fault: killed while the service asks it: what was prefetched is scored, what is missing is named', async () => {
    decide = (path) => (/^(Patient|Observation)/.test(path) ? { kind: 'pass' } : { kind: 'delay', ms: 1000 });
    let gone = Promise.resolve();
    const answer = await call(['patient', 'labs', 'vitals'], () => {
      decide = () => ({ kind: 'delay', ms: 1000 });
      gone = hapi.kill();
    });
    await gone;
    expect(factsOf(answer).probability).toBeGreaterThan(0);
    const sources = (factsOf(answer).unavailable ?? []).map(({ source }) => source).sort();
    expect(sources).toEqual(['administrations', 'bedside', 'conditions', 'encounters', 'notes', 'procedures']);
  }, 90_000);

  test('fault: gone: without prefetch the answer is an error that says so, and the kit says what to do', async () => {
    decide = () => ({ kind: 'pass' });
    const answer = await call('none');
    expect([412, 502]).toContain(answer.status);
    expect(issueOf(answer).errorCode).toMatch(/^ERR_(FHIR|CHART)_/);
    const report = await loadIntoFhirServer({ fhirBase: hapi.baseUrl, resources: chart, tag: freshId('gone') });
    expect(report).toMatchObject({ outcome: 'incomplete', created: 0, problem: { kind: 'unreachable' } });
  }, 90_000);

  test(
    'started again with its files, it gives the whole card again',
    async () => {
      const port = Number(new URL(hapi.baseUrl).port);
      hapi = await startHapi({ port, databaseFolder: folder, bootSeconds: BOOT_MS / 1000 });
      const answer = await call('none');
      expect(gapsOf(answer)).toEqual([]);
      expect(factsOf(answer).probability).toBeGreaterThan(0);
    },
    BOOT_MS,
  );

  test('fault: with its database full, a load says how far it came, and an order is never answered with silence', async () => {
    await limitFiles(hapi.pid, await largestFile(folder));
    const resources = Array.from({ length: 4000 }, (_, index): FhirResource => ({
      resourceType: 'Patient',
      id: `full-${index}`,
      name: [{ text: `No one ${'x'.repeat(2000)} ${index}` }],
    }));
    const report = await loadIntoFhirServer({ fhirBase: hapi.baseUrl, resources, tag: freshId('full') });
    expect(report.outcome).toBe('incomplete');
    expect(report.problem).toBeDefined();
    expect(report.created).toBeLessThan(resources.length);
    const answer = await call('none');
    if (answer.status === 200) expect(factsOf(answer)).toHaveProperty('probability');
    else expect(issueOf(answer).errorCode).toMatch(/^ERR_(FHIR|CHART)_/);
  }, 180_000);
});

/** Kills a server that another process started, and waits until nobody listens there. */
async function killed({ pid, baseUrl }: { readonly pid: number; readonly baseUrl: string }): Promise<void> {
  process.kill(pid, 'SIGKILL');
  while (
    await fetch(`${baseUrl}/metadata`).then(
      () => true,
      () => false,
    )
  ) {
    await sleep(50);
  }
}

/** No file of the process may grow beyond this from now on: to the database, a full disk. */
async function limitFiles(pid: number, bytes: number): Promise<void> {
  await promisify(execFile)('prlimit', ['--pid', String(pid), `--fsize=${bytes}:${bytes}`]);
}

async function largestFile(path: string): Promise<number> {
  const entries = await readdir(path, { recursive: true });
  const sizes = await Promise.all(entries.map(async (entry) => (await stat(join(path, entry))).size));
  return Math.max(...sizes);
}
