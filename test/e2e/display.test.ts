import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { ServiceSwitches } from '../../src/clients/client-registry.js';
import type { CdsClient } from '../../src/clients/cds-client.js';
import { contextOf } from '../../src/commands/demo.js';
import { assertResponseShape } from '../../src/cds-hooks/response-shape.js';
import { loadConfig } from '../../src/config/config.js';
import type { Log } from '../../src/logging/logger.js';
import { signOrders } from '../../src/sandbox/ehr-client.js';
import { loadFixtures, type FixtureSituation } from '../../src/sandbox/load-resources.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/start-sandbox.js';
import { startService, type RunningService } from '../../src/server.js';
import { registered } from '../assessment/registered.js';

const T0 = Date.UTC(2026, 4, 12, 9, 30);
const HOUR_MS = 3_600_000;
const CONFIGURED_MODEL = 'models/icu-baseline';
const OTHER_MODEL = 'models/transfusion-open';

interface AnsweredCard {
  readonly summary: string;
  readonly extension: { readonly 'org.hemolens.assessment': { readonly model?: { readonly id: string } } };
}

let now = T0;
let switches: ServiceSwitches = { isAssessing: true };
let client: CdsClient = registered();
const events: Readonly<Record<string, unknown>>[] = [];
const log: Log = { isStrict: true, mayWrite: () => true, write: (_level, line) => events.push(line) };

let sandbox: Sandbox;
let service: RunningService;
let situations: readonly FixtureSituation[];

beforeAll(async () => {
  situations = await loadFixtures('fhir-fixtures', T0);
  sandbox = await startSandbox();
  service = await startService(
    loadConfig(
      {},
      {
        mode: 'sandbox',
        port: 0,
        store: 'memory',
        modelBundleDir: CONFIGURED_MODEL,
        openFhirServerAllowed: true,
        deadlineMs: 10_000,
        perCallTimeoutMs: 10_000,
        noteEncodingMs: 60_000,
      },
    ),
    {
      clock: () => now,
      verifyClientJwt: () => Promise.resolve(client),
      store: { read: () => Promise.resolve(switches) },
      log,
    },
  );
});

afterAll(async () => {
  await service.close();
  await sandbox.close();
});

beforeEach(() => {
  now = T0;
  switches = { isAssessing: true };
  events.length = 0;
});

async function sign(name = 'bleeding-and-unstable'): Promise<readonly AnsweredCard[]> {
  const fixture = situations.find((one) => one.name === name);
  if (!fixture) throw new Error(`no fixture ${name}`);
  sandbox.store.clear();
  sandbox.store.load(fixture.resources);
  const { patientId, draftOrders } = contextOf(fixture);
  const { status, response } = await signOrders({
    serviceUrl: service.url,
    fhirBase: sandbox.baseUrl,
    patientId,
    draftOrders,
    prefetch: 'full',
  });
  expect(status).toBe(200);
  assertResponseShape(response);
  return (response as unknown as { cards: readonly AnsweredCard[] }).cards;
}

const displays = (): unknown[] =>
  events.filter(({ event }) => event === 'assessment.answered').map(({ display }) => display);

test('a card comes once within the cooldown of its client, and again after it', async () => {
  client = registered({ id: 'with-cooldown', cooldownHours: 1 });
  expect(await sign()).toHaveLength(1);
  expect(await sign()).toHaveLength(0);
  now = T0 + 0.9 * HOUR_MS;
  expect(await sign()).toHaveLength(0);
  expect(await sign('stable-anaemia')).toHaveLength(1);
  now = T0 + 1.1 * HOUR_MS;
  expect(await sign()).toHaveLength(1);
  expect(displays()).toEqual(['shown', 'cooldown', 'cooldown', 'shown', 'shown']);
});

test('a client in silent mode is assessed and gets no card', async () => {
  client = registered({ mode: 'silent' });
  expect(await sign()).toHaveLength(0);
  expect(displays()).toEqual(['silent-mode']);
});

test('an encounter of a suppressed class gets no card; the record has the class from the chart', async () => {
  const suppression = { userRoles: [], encounterClasses: ['IMP', 'ACUTE', 'EMER', 'AMB'], locations: [] };
  client = registered({ suppression });
  expect(await sign()).toHaveLength(0);
  expect(displays()).toEqual(['encounter-class']);
});

test('the kill switch stops cards at once, and lets them come again, without a restart', async () => {
  client = registered();
  switches = { isAssessing: false };
  expect(await sign()).toHaveLength(0);
  expect(displays()).toEqual([]);
  expect(events).toContainEqual(expect.objectContaining({ event: 'assessment.switched-off', scope: 'service' }));
  switches = { isAssessing: true };
  expect(await sign()).toHaveLength(1);
});

test('another model takes over between calls and goes again; one that does not verify is reported once', async () => {
  client = registered();
  const modelOf = async (): Promise<string | undefined> =>
    (await sign())[0]?.extension['org.hemolens.assessment'].model?.id;
  const configured = await modelOf();
  expect(configured).toBe('icu-baseline');

  switches = { isAssessing: true, modelBundleDir: OTHER_MODEL };
  await until(async () => (await modelOf()) !== configured);
  expect(await modelOf()).toBe('transfusion-open');

  switches = { isAssessing: true, modelBundleDir: 'no-such-model' };
  await until(async () => (await modelOf(), events.some(({ event }) => event === 'model.refused')));
  expect(await modelOf()).toBe('transfusion-open');
  expect(events.filter(({ event }) => event === 'model.refused')).toHaveLength(1);

  switches = { isAssessing: true };
  await until(async () => (await modelOf()) === configured);
}, 120_000);

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50));
}
