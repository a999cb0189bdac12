import { readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RiskAssessment } from '../src/assessment/risk-assessment.js';
import { loadConfig, type Config, type ConfigOverrides } from '../src/config/config.js';
import { startService, type RunningService, type ServiceOverrides } from '../src/server.js';
import { cdsTestClient, issueOf, type CdsTestClient } from './support/cds-client.js';
import { fhirAuthorization, hookBody, hookContext } from './support/hook-body.js';
import { parseLines, recordingLog } from './support/test-app.js';
import { writeTinyBundle } from './support/tiny-bundle.js';

const SERVICE = 'transfusion-mortality-risk';
const NOW = Date.parse('2026-03-02T09:00:00Z');
const HOUR = 3_600_000;
const CANARY = 'CANARY7x';

const reference = { reference: 'Patient/syn-1' };
const before = (hours: number): string => new Date(NOW - hours * HOUR).toISOString();

const order = (code: string) => ({
  resourceType: 'Bundle',
  entry: [
    {
      resource: {
        resourceType: 'ServiceRequest',
        id: 'draft-1',
        status: 'draft',
        intent: 'order',
        code: { coding: [{ system: 'http://snomed.info/sct', code }], text: CANARY },
        subject: reference,
        authoredOn: new Date(NOW).toISOString(),
        note: [{ text: CANARY }],
      },
    },
  ],
});
const RED_CELLS = order('116863004');
const CHEST_X_RAY = order('399208008');

const observation = (code: string, value: number, unit: string, hours: number) => ({
  resourceType: 'Observation',
  id: `${CANARY}-${code}`,
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code, display: CANARY }] },
  subject: reference,
  effectiveDateTime: before(hours),
  issued: before(hours),
  valueQuantity: { value, system: 'http://unitsofmeasure.org', code: unit, unit },
  performer: [{ display: CANARY }],
});
const searchset = (...resources: readonly object[]) => ({
  resourceType: 'Bundle',
  type: 'searchset',
  total: resources.length,
  entry: resources.map((resource) => ({ resource })),
});

/** Every key of the template, so that nothing has to be fetched. */
const wholeChart = {
  patient: {
    resourceType: 'Patient',
    id: 'syn-1',
    birthDate: '1950-03-01',
    gender: 'female',
    name: [{ family: CANARY }],
  },
  encounters: searchset({
    resourceType: 'Encounter',
    id: 'e-1',
    status: 'in-progress',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'ACUTE' },
    subject: reference,
    period: { start: before(60) },
  }),
  labs: searchset(observation('2524-7', 4.1, 'mmol/L', 2), observation('718-7', 6.9, 'g/dL', 3)),
  vitals: searchset(observation('8867-4', 118, '/min', 1)),
  bedside: null,
  administrations: null,
  procedures: null,
  conditions: null,
  notes: searchset({
    resourceType: 'DocumentReference',
    id: 'n-1',
    status: 'current',
    subject: reference,
    date: before(4),
    content: [
      { attachment: { contentType: 'text/plain', data: Buffer.from(`Note. ${CANARY} is tired.`).toString('base64') } },
    ],
  }),
};
const bloodCall = (changes: Record<string, unknown> = {}) =>
  hookBody({ context: hookContext({ draftOrders: RED_CELLS }), prefetch: wholeChart, ...changes });

let bundleDir: string;
const sandboxConfig = (overrides: ConfigOverrides = {}): Config =>
  loadConfig({}, { mode: 'sandbox', port: 0, store: 'memory', modelBundleDir: bundleDir, ...overrides });

interface Started {
  readonly service: RunningService;
  readonly client: CdsTestClient;
  readonly lines: () => readonly Readonly<Record<string, unknown>>[];
}

async function start(config: Config, overrides: ServiceOverrides = {}): Promise<Started> {
  const { log, text } = recordingLog();
  const service = await startService(config, { log, ...overrides });
  return { service, client: cdsTestClient(service.url), lines: () => parseLines(text()) };
}

beforeAll(async () => {
  bundleDir = await writeTinyBundle();
});
afterAll(() => rm(bundleDir, { recursive: true }));

describe('the running service', () => {
  let started: Started;
  const saved: RiskAssessment[] = [];
  beforeAll(async () => {
    started = await start(sandboxConfig(), {
      clock: () => NOW,
      store: {
        save: ({ assessment }) => {
          saved.push(assessment);
          return Promise.resolve();
        },
      },
    });
  });
  afterAll(() => started.service.close());

  it('is ready, and publishes cds-services.json word for word (req. 5)', async () => {
    expect((await started.client.send('/readyz')).status).toBe(200);
    const { body } = await started.client.discover();
    expect(body).toEqual(JSON.parse(readFileSync(new URL('../cds-services.json', import.meta.url), 'utf8')));
  });

  it('answers a red cell order over a prefetched chart with one card, kept before it leaves (req. 34, 78)', async () => {
    const { status, body } = await started.client.call(SERVICE, bloodCall());
    expect(status).toBe(200);
    expect(body).toMatchObject({ cards: [{ extension: { 'org.hemolens.assessment': { model: { id: 'tiny' } } } }] });
    expect(saved).toHaveLength(1);
    expect(saved[0]?.predictionTimeMs).toBe(NOW);
    const [id] = saved.map(({ assessmentId }) => assessmentId);
    expect(body).toMatchObject({ cards: [{ extension: { 'org.hemolens.assessment': { assessmentId: id } } }] });
  });

  it('answers an order that is no blood product with no card, whatever the chart lacks (req. 78)', async () => {
    const call = hookBody({ context: hookContext({ draftOrders: CHEST_X_RAY }) });
    expect(await started.client.call(SERVICE, call)).toMatchObject({ status: 200, body: { cards: [] } });
  });

  it('answers 412 when neither prefetch nor a FHIR server brings the chart (req. 26)', async () => {
    const answer = await started.client.call(SERVICE, bloodCall({ prefetch: {} }));
    expect(answer.status).toBe(412);
    expect(issueOf(answer).errorCode).toMatch(/^ERR_(CHART|FHIR)_/);
  });

  it.each([
    ['fails', 500],
    ['refuses the token', 401],
    ['answers with something else', 200],
  ])(
    'fault: answers 412 when the FHIR server %s, and passes nothing on of what it said (req. 26, 31)',
    async (_, status) => {
      const asked: (string | undefined)[] = [];
      const fhir = createServer((request, response) => {
        asked.push(request.headers.authorization);
        response.writeHead(status, { 'Content-Type': 'text/html', 'X-Canary': CANARY }).end(`<b>${CANARY}</b>`);
      });
      await new Promise<void>((resolve) => fhir.listen(0, '127.0.0.1', resolve));
      const { port } = fhir.address() as AddressInfo;
      const authorization = fhirAuthorization({ access_token: CANARY, scope: 'patient/*.read' });
      const answer = await started.client.call(
        SERVICE,
        bloodCall({ prefetch: {}, fhirServer: `http://127.0.0.1:${port}/${CANARY}`, fhirAuthorization: authorization }),
      );
      fhir.closeAllConnections();
      await new Promise((resolve) => fhir.close(resolve));
      expect(asked).toContain(`Bearer ${CANARY}`);
      expect(answer.status).toBe(412);
      expect(answer.text).not.toContain(CANARY);
      expect(JSON.stringify(started.lines())).not.toContain(CANARY);
    },
  );

  it('says in its log that clients are not verified, and which model it verified', () => {
    const events = started.lines().map(({ event }) => event);
    expect(events).toEqual(
      expect.arrayContaining(['client.not-verified', 'clock.replay', 'model.verified', 'service.listening']),
    );
    expect(started.lines().find(({ event }) => event === 'model.verified')).toMatchObject({ id: 'tiny', columns: 6 });
  });

  it('logs how a chart was read and what it was answered with, and nothing that is in it', async () => {
    await started.client.call(SERVICE, bloodCall());
    const lines = started.lines();
    expect(lines.find(({ event }) => event === 'record.assembled')).toMatchObject({
      observations: 3,
      calls: 0,
      unavailable: 0,
    });
    expect(lines.map(({ event }) => event)).toContain('assessment.answered');
    const facts = lines.map((line) => ({ ...line, time: undefined, durationMs: undefined }));
    expect(JSON.stringify(facts)).not.toMatch(new RegExp(`${CANARY}|syn-1|1950-\\d\\d-|\\b6\\.9`));
  });
});

describe('a store that fails', () => {
  it('fault: is answered with 500, not with a card', async () => {
    const { service, client } = await start(sandboxConfig(), {
      clock: () => NOW,
      store: { save: () => Promise.reject(new Error(CANARY)) },
    });
    const answer = await client.call(SERVICE, bloodCall());
    await service.close();
    expect(answer.status).toBe(500);
    expect(issueOf(answer)).toMatchObject({ errorCode: 'ERR_STORE', text: 'the assessment could not be kept' });
  });
});

describe('a model that was rolled back', () => {
  const nameOfModel = async ({ client }: Started): Promise<unknown> => {
    const { body } = await client.send('/model-card', { headers: { Accept: 'application/json' } });
    return typeof body === 'object' && body !== null && 'model' in body ? body.model : undefined;
  };

  it('did answer the first calls after a restart: the board is read before the service listens', async () => {
    const rolledBackTo = await writeTinyBundle();
    const manifestFile = join(rolledBackTo, 'manifest.json');
    const manifest = await readFile(manifestFile, 'utf8');
    await writeFile(manifestFile, manifest.replace('"tiny"', '"tiny-before"'));
    const started = await start(sandboxConfig(), {
      store: { read: () => Promise.resolve({ isAssessing: true, modelBundleDir: rolledBackTo }) },
    });
    expect(await nameOfModel(started)).toMatchObject({ id: 'tiny-before' });
    await started.service.close();
    await rm(rolledBackTo, { recursive: true });
  });

  it('fault: a board that cannot be read does not keep the service from starting', async () => {
    const started = await start(sandboxConfig(), { store: { read: () => Promise.reject(new Error('down')) } });
    expect(await nameOfModel(started)).toMatchObject({ id: 'tiny' });
    await started.service.close();
  });
});

describe('the development store', () => {
  it('is used where none is given, and says so in the log', async () => {
    const { service, lines } = await start(sandboxConfig());
    await service.close();
    expect(lines().map(({ event }) => event)).toEqual(expect.arrayContaining(['store.not-durable', 'service.stopped']));
    await expect(cdsTestClient(service.url).discover()).rejects.toThrow();
  });
});

describe('fault: the service refuses to start', () => {
  const refusal = async (config: Config, overrides: ServiceOverrides = {}) => {
    const { log, text } = recordingLog();
    const error: unknown = await startService(config, { log, ...overrides }).then(
      (service) => service.close(),
      (thrown: unknown) => thrown,
    );
    return { error, events: parseLines(text()).map(({ event }) => event) };
  };

  it('when a file of the model bundle was changed, naming file, expected and found', async () => {
    const damaged = await writeTinyBundle();
    const file = join(damaged, 'stack.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('-2', '-3'));
    const { error, events } = await refusal(sandboxConfig({ modelBundleDir: damaged }));
    await rm(damaged, { recursive: true });
    expect(error).toMatchObject({ code: 'ERR_MODEL_BUNDLE' });
    expect(String(error)).toMatch(/stack\.json: expected sha256 [0-9a-f]{64}, found [0-9a-f]{64}/);
    expect(events).toContain('service.refused');
    expect(events).not.toContain('service.listening');
  });

  it('when there is no model bundle', async () => {
    const { error } = await refusal(sandboxConfig({ modelBundleDir: '/nowhere' }));
    expect(error).toMatchObject({ code: 'ERR_MODEL_BUNDLE' });
  });

  it('with a replay clock outside sandbox mode', async () => {
    const { error } = await refusal(sandboxConfig({ mode: 'development' }), { clock: () => NOW });
    expect(error).toMatchObject({ code: 'ERR_CONFIG', detail: 'a replay clock is for sandbox mode only' });
  });

  it("with a site's order codes that cannot be read", async () => {
    const { error } = await refusal(sandboxConfig({ ordersOverlayPath: '/nowhere/overlay.json' }));
    expect(error).toMatchObject({ code: 'ERR_CONFIG' });
  });
});
