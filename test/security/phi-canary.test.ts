import { rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { serviceCatalogue } from '../../src/cds-hooks/service-catalogue.js';
import { loadConfig } from '../../src/config/config.js';
import { ServiceError } from '../../src/errors/service-error.js';
import type { SandboxFault } from '../../src/sandbox/faults.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/start-sandbox.js';
import { startService, type RunningService, type ServiceOverrides } from '../../src/server.js';
import { cdsTestClient, type Answer, type CdsTestClient } from '../support/cds-client.js';
import { recordingLog, startTestApp } from '../support/test-app.js';
import { removeTinyEnsemble, writeTinyEnsemble } from '../support/tiny-ensemble.js';
import { Canaries, canaryChart, canaryOrders } from './canary-chart.js';

const SERVICE = 'transfusion-mortality-risk';
const PATH = `/cds-services/${SERVICE}`;
const NOW = Date.parse('2026-03-02T09:00:00Z');
/** A card names the order it is about, so that several orders can be told apart: its id, and nothing else of the chart's words. */
const ON_A_CARD = ['order-id'];

const canaries = new Canaries();
const c = (thing: string): string => canaries.of(thing);
const chart = canaryChart(canaries, NOW);
const searchset = (...types: readonly string[]) => ({
  resourceType: 'Bundle',
  type: 'searchset',
  entry: chart.filter(({ resourceType }) => types.includes(resourceType)).map((resource) => ({ resource })),
});
const wholePrefetch: Readonly<Record<string, unknown>> = {
  patient: chart.find(({ resourceType }) => resourceType === 'Patient'),
  encounters: searchset('Encounter'),
  labs: searchset('Observation'),
  vitals: searchset('Observation'),
  bedside: null,
  administrations: searchset('MedicationAdministration'),
  procedures: searchset('Procedure'),
  conditions: searchset('Condition'),
  notes: searchset('DocumentReference'),
};
const call = (changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  hook: 'order-sign',
  hookInstance: 'd1577c69-dfbe-44ad-ba6d-3e05e953b2ea',
  context: {
    userId: `Practitioner/${c('user-id')}`,
    patientId: c('patient-id'),
    encounterId: c('encounter-id'),
    draftOrders: canaryOrders(canaries, NOW),
  },
  extension: { [`org.${c('extension-name')}`]: { value: c('extension') } },
  ...changes,
});
const HEADERS = {
  Authorization: `Bearer ${c('client-token')}`,
  Cookie: `session=${c('cookie')}`,
  'User-Agent': c('user-agent'),
  'X-Request-Id': c('request-id'),
  traceparent: c('traceparent'),
};

let sandbox: Sandbox;
let bundleDir: string;
let written: ReturnType<typeof recordingLog>;
/** What went past the log to standard output, standard error or the console. */
const stray: string[] = [];
const running: RunningService[] = [];

const overFhir = (): Record<string, unknown> =>
  call({
    fhirServer: sandbox.baseUrl,
    fhirAuthorization: {
      access_token: c('fhir-token'),
      token_type: 'Bearer',
      expires_in: 300,
      scope: 'patient/*.rs',
      subject: c('token-subject'),
      patient: c('patient-id'),
    },
  });

/** Time for what is not about time, on a busy machine; and for what is. */
const PATIENT = { deadlineMs: 30_000, perCallTimeoutMs: 25_000 };
const HURRIED = { deadlineMs: 400, perCallTimeoutMs: 300 };

async function start(overrides: ServiceOverrides = {}, limits = PATIENT): Promise<CdsTestClient> {
  const config = loadConfig(
    {},
    {
      mode: 'sandbox',
      port: 0,
      store: 'memory',
      modelBundleDir: bundleDir,
      ...limits,
    },
  );
  const service = await startService(config, { log: written.log, clock: () => NOW, ...overrides });
  running.push(service);
  return cdsTestClient(service.url);
}

beforeAll(async () => {
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    jest
      .spyOn(console, method)
      .mockImplementation((...words: unknown[]) => void stray.push(words.map(String).join(' ')));
  }
  for (const stream of [process.stdout, process.stderr]) {
    jest.spyOn(stream, 'write').mockImplementation((chunk: unknown) => stray.push(String(chunk)) > 0);
  }
  written = recordingLog();
  bundleDir = await writeTinyEnsemble();
  sandbox = await startSandbox({ resources: [...chart], requireToken: c('fhir-token') });
}, 60_000);
afterEach(() => {
  sandbox.faults.clear();
});
afterAll(async () => {
  jest.restoreAllMocks();
  await Promise.all(running.map((service) => service.close()));
  await sandbox.close();
  await removeTinyEnsemble(bundleDir);
  await rm(bundleDir, { recursive: true, force: true });
});

/** Looks for canaries wherever an operator, a caller or a scraper of this service can read. */
async function expectNoCanary(client: CdsTestClient, answer: Answer): Promise<void> {
  expect(canaries.foundIn(answer.text)).toEqual(
    answer.status === 200 && answer.text.includes('"uuid"') ? ON_A_CARD : [],
  );
  expect(canaries.foundIn(JSON.stringify([...answer.headers]))).toEqual([]);
  expect(canaries.foundIn(written.text())).toEqual([]);
  expect(canaries.foundIn(stray.join('\n'))).toEqual([]);
  for (const path of ['/metrics', '/model-card', '/openapi.json', '/cds-services', '/readyz']) {
    expect([path, canaries.foundIn((await client.send(path)).text)]).toEqual([path, []]);
  }
}

const post = (client: CdsTestClient, body: unknown, headers: Readonly<Record<string, string>> = {}, path = PATH) =>
  client.send(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...HEADERS, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

describe('no patient data and no secret leaves but on the card (req. 31, 69)', () => {
  let client: CdsTestClient;
  let hurried: CdsTestClient;
  beforeAll(async () => {
    client = await start();
    hurried = await start({}, HURRIED);
  }, 60_000);

  it('when a prefetched chart is answered with a card, which names the order and nothing else of its words', async () => {
    const answer = await post(client, call({ prefetch: wholePrefetch }));
    expect(answer.body).toMatchObject({ cards: [{ indicator: expect.any(String) as unknown }] });
    expect(canaries.foundIn(answer.text)).toEqual(ON_A_CARD);
    await expectNoCanary(client, answer);
    expect(written.text()).toContain('assessment.answered');
    expect((await client.send('/metrics')).text).toContain('hemolens_cards_total{');
  });

  it('when the chart is read from the FHIR server', async () => {
    const answer = await post(client, overFhir());
    expect(answer.status).toBe(200);
    await expectNoCanary(client, answer);
    expect(written.text()).toContain('"event":"fhir.call"');
  });

  it.each<[string, SandboxFault[], number]>([
    ['answers 401', [{ kind: 'status', status: 401 }], 412],
    ['answers 403', [{ kind: 'status', status: 403 }], 412],
    ['answers 429', [{ kind: 'status', status: 429 }], 412],
    ['answers 500', [{ kind: 'status', status: 500 }], 412],
    ['answers 503 to Observation', [{ kind: 'status', status: 503, resourceType: 'Observation' }], 412],
    ['answers with a page', [{ kind: 'html-page' }], 412],
    ['answers with a page under 200', [{ kind: 'html-page', status: 200 }], 412],
    ['cuts the connection', [{ kind: 'cut-connection' }], 412],
    ['cuts the connection in the body', [{ kind: 'cut-connection', at: 'body' }], 412],
    ['sends JSON that ends too early', [{ kind: 'broken-json' }], 412],
    ['links to another place', [{ kind: 'foreign-next', base: `http://127.0.0.1:9/${c('foreign')}` }], 200],
    ['has an OperationOutcome among its entries', [{ kind: 'outcome-entry' }], 412],
    ['pages for ever', [{ kind: 'endless-paging' }], 200],
  ])('fault: when the FHIR server %s', async (_, faults, status) => {
    // A service of its own: one that has seen a server fail again and again leaves it alone for a while.
    const fresh = await start();
    sandbox.faults.set(faults);
    const answer = await post(fresh, overFhir());
    await expectNoCanary(fresh, answer);
    expect(answer.status).toBe(status);
  });

  it.each<[string, SandboxFault]>([
    ['is too slow', { kind: 'delay', ms: 3_000 }],
    ['sends its body too slowly', { kind: 'slow-body', ms: 3_000 }],
  ])('fault: when the FHIR server %s', async (_, fault) => {
    sandbox.faults.set([fault]);
    const answer = await post(hurried, overFhir());
    await expectNoCanary(hurried, answer);
    expect(answer.status).toBe(412);
  });

  it.each<[string, string, Record<string, string>]>([
    ['that is cut short', JSON.stringify(call({ prefetch: wholePrefetch })).slice(0, -5), {}],
    ['that is not JSON', c('text'), {}],
    ['with a stray word', `{"patient": ${c('word')}}`, {}],
    ['of another type', JSON.stringify(call()), { 'Content-Type': `text/${c('media-type')}` }],
    ['that says it is gzip and is not', JSON.stringify(call()), { 'Content-Encoding': 'gzip' }],
    [
      'whose patient is no id',
      JSON.stringify(
        call({ context: { ...Object(call()['context']), patientId: `${c('patient-id')} ${c('family')}` } }),
      ),
      {},
    ],
    ['whose hook is another', JSON.stringify(call({ hook: c('hook') })), {}],
    ['whose hookInstance is none', JSON.stringify(call({ hookInstance: c('hook-instance') })), {}],
    ['whose FHIR server is none', JSON.stringify(call({ fhirServer: `https://${c('user')}:${c('password')}@x` })), {}],
    ['whose prefetch is no resource', JSON.stringify(call({ prefetch: { labs: c('labs') } })), {}],
    [
      'whose order is for somebody else',
      JSON.stringify(call({ context: { ...Object(call()['context']), patientId: c('another-patient') } })),
      {},
    ],
  ])('bad call: with a body %s', async (_, body, headers) => {
    const answer = await post(client, body, headers);
    expect([400, 415]).toContain(answer.status);
    await expectNoCanary(client, answer);
  });

  it.each([
    ['an unknown service', `/cds-services/${c('service')}`],
    ['an unknown address', `/${c('address')}?patient=${c('patient-id')}`],
    ['a broken address', `/cds-services/${c('address')}%E0%A4%A`],
  ])('bad call: to %s', async (_, path) => {
    await expectNoCanary(client, await post(client, call(), {}, path));
  });

  it('when feedback comes with free text', async () => {
    const item = {
      card: '3f0c5c1e-5a0b-4c0e-9a3e-2b8f6a1d7e10',
      outcome: 'overridden',
      overrideReason: {
        reason: { system: `https://${c('reason-system')}`, code: c('reason-code') },
        userComment: c('comment'),
      },
      outcomeTimestamp: '2026-03-02T09:01:00Z',
    };
    const malformed = { ...item, outcome: c('outcome'), outcomeTimestamp: c('timestamp') };
    for (const feedback of [[item], [malformed], c('feedback')]) {
      await expectNoCanary(client, await post(client, { feedback }, {}, `${PATH}/feedback`));
    }
  });
});

const quoting = (): Error =>
  Object.assign(new Error(`insert into assessment values (${c('row')}, ${c('patient-id')})`), {
    code: '23505',
    detail: `Key (patient)=(${c('patient-id')}) exists.`,
    where: c('where'),
    cause: new Error(c('cause')),
  });

describe('fault: no patient data and no secret leaves (req. 31, 69)', () => {
  it.each<[string, () => unknown]>([
    ['an error that quotes the row', quoting],
    [
      'a fault of our own whose cause quotes it',
      () => new ServiceError('ERR_STORE', { detail: 'not kept', cause: quoting() }),
    ],
    ['something that is no error', () => ({ row: c('row') })],
  ])(
    'when the store fails with %s',
    async (_, thrown) => {
      const client = await start({
        store: {
          save: () => {
            throw thrown();
          },
        },
      });
      const answer = await post(client, call({ prefetch: wholePrefetch }));
      expect(answer.status).toBe(500);
      await expectNoCanary(client, answer);
    },
    60_000,
  );

  it('when a client is refused because of its token', async () => {
    const client = await start({
      verifyClientJwt: ({ headers }) => {
        throw new ServiceError('ERR_UNAUTHENTICATED', {
          detail: 'authentication is required',
          cause: new Error(`bad token ${headers.authorization ?? ''}`),
        });
      },
    });
    const answer = await post(client, call({ prefetch: wholePrefetch }));
    expect(answer.status).toBe(401);
    await expectNoCanary(client, answer);
  }, 60_000);

  it.each<[string, () => unknown]>([
    ['an error that quotes its input', () => new TypeError(`invalid value ${c('lactate-text')} for input tabular`)],
    [
      'an error of a strange class',
      () => Object.assign(new RangeError(c('family')), { name: c('given'), code: c('mrn') }),
    ],
    ['a text', () => c('note-name')],
  ])('when the model fails with %s', async (_, thrown) => {
    const app = await startTestApp({
      catalogue: serviceCatalogue(),
      assessOrder: () =>
        Promise.resolve().then(() => {
          throw thrown();
        }),
    });
    const answer = await post(app.client, call({ prefetch: wholePrefetch }));
    await app.close();
    expect(answer.status).toBe(500);
    expect(canaries.foundIn(answer.text + JSON.stringify(app.lines()))).toEqual([]);
    expect(app.lines().map(({ event }) => event)).toContain('http.fault');
  });
});

describe('the search for canaries', () => {
  it('finds one plain, in capitals or in base64, so that its silence means something', () => {
    const word = c('patient-id');
    for (const text of [`a ${word} b`, word.toUpperCase(), Buffer.from(`x${word}y`).toString('base64')]) {
      expect(canaries.foundIn(text)).toContain('patient-id');
    }
    expect(canaries.foundIn('nothing')).toEqual([]);
  });

  it('has a canary in every resource of the chart', () => {
    for (const resource of chart) {
      expect(canaries.foundIn(JSON.stringify(resource)).length).toBeGreaterThan(2);
    }
  });
});
