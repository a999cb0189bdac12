import { afterEach, describe, expect, test } from '@jest/globals';
import { createFhirBases, type FhirBases, type FhirBasesOptions } from '../../src/fhir/bases/fhir-bases.js';
import { DEFAULT_GATE_LIMITS } from '../../src/fhir/bases/base-gate.js';
import { assembleRecord } from '../../src/fhir/assemble-record.js';
import { gatherChart, type GatherOptions } from '../../src/fhir/gather-chart.js';
import { ServiceError } from '../../src/errors/service-error.js';
import { SOURCE_KEYS } from '../../src/concepts/concept.js';
import { startFhirStub, type FhirStub, type StubAnswer, type StubRequest } from '../support/fhir-stub.js';
import { hookCall, labsData, options, patientData, smallChart } from './chart-calls.js';

let stub: FhirStub | undefined;
let bases: FhirBases | undefined;
afterEach(async () => {
  await bases?.close();
  await stub?.close();
  [stub, bases] = [undefined, undefined];
});

/** A server whose answers may be changed, and what is remembered of it between calls. */
async function server(first: (request: StubRequest) => StubAnswer, given: Partial<FhirBasesOptions> = {}) {
  const time = { ms: 0 };
  const state = { answer: first };
  stub = await startFhirStub((request) => state.answer(request));
  bases = createFhirBases({ clock: () => time.ms, ...given });
  const { baseUrl, requests } = stub;
  const shared = { ...options, deadlineMs: 30_000, perCallTimeoutMs: 30_000, bases };
  return {
    time,
    state,
    requests,
    ask: (more: Partial<GatherOptions> = {}) => gatherChart(hookCall({ fhirServer: baseUrl }), { ...shared, ...more }),
    assemble: (prefetch = {}) => assembleRecord(hookCall({ fhirServer: baseUrl, prefetch }), [], shared),
  };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ServiceError)) throw new Error('no refusal');
  expect(error.status).toBe(412);
  return `${error.code}: ${error.detail}`;
}

describe('a server that asks to be called later', () => {
  test.each([429, 503])('%d with Retry-After: no call before that time, and the reason is said', async (status) => {
    const busy: StubAnswer = { status, headers: { 'retry-after': '30' } };
    const { ask, time, state, requests } = await server((request) =>
      request.source === 'labs' ? busy : smallChart(request),
    );
    const first = await ask();
    expect(first.chart.sources.labs.coverage).toEqual({ kind: 'unavailable', reason: 'server-busy' });
    expect(first.report.flags).toEqual({ 'asked-to-wait': 1 });
    const asked = requests.length;
    state.answer = smallChart;
    time.ms = 29_999;
    const early = await ask();
    expect(requests).toHaveLength(asked);
    expect(new Set(Object.values(early.report.unavailable))).toEqual(new Set(['server-busy']));
    time.ms = 30_000;
    expect((await ask()).report.unavailable).toEqual({});
  });

  test('it is not asked for its CapabilityStatement either', async () => {
    const { ask, requests } = await server(() => ({ status: 429, headers: { 'retry-after': '30' } }), {
      readsCapabilities: true,
    });
    await ask();
    await ask();
    expect(requests.some(({ path }) => path === 'metadata')).toBe(false);
  });

  test('fault: without prefetch the refusal says so (412)', async () => {
    const { assemble } = await server(() => ({ status: 429, headers: { 'retry-after': '30' } }));
    expect(await codeOf(assemble())).toMatch(/^ERR_FHIR_BUSY: .*asked to be called later/);
  });
});

describe('a server that is down', () => {
  test('costs one call after ten failures, and is asked again by one call when its time is over', async () => {
    const { ask, time, state, requests } = await server(() => ({ status: 500 }));
    await ask();
    await ask();
    const asked = requests.length;
    expect(asked).toBeGreaterThanOrEqual(DEFAULT_GATE_LIMITS.failuresToOpen);
    const spared = await ask();
    expect(requests).toHaveLength(asked);
    expect(spared.report.flags['server-down']).toBe(SOURCE_KEYS.length);
    time.ms = DEFAULT_GATE_LIMITS.openMs;
    await ask();
    expect(requests).toHaveLength(asked + 1);
    time.ms *= 2;
    state.answer = smallChart;
    expect((await ask()).report.unavailable).toEqual({});
  });

  test('refusals of single queries do not count: the server is there', async () => {
    const { ask } = await server(() => ({ status: 404 }));
    for (let n = 0; n < 3; n += 1) expect((await ask()).report.flags).toEqual({});
  });
});

test('no more calls at a time than the cap; the others wait, and all are answered', async () => {
  let [running, most] = [0, 0];
  const { ask } = await server(
    (request) => {
      running += 1;
      most = Math.max(most, running);
      setTimeout(() => (running -= 1), 40);
      return { ...smallChart(request), delayMs: 50 };
    },
    { gate: { ...DEFAULT_GATE_LIMITS, maxConcurrent: 3 } },
  );
  const { report } = await ask();
  expect(report.unavailable).toEqual({});
  expect(most).toBeLessThanOrEqual(3);
});

describe('a server of another FHIR version', () => {
  const STU3 = { headers: { 'content-type': 'application/fhir+json;fhirVersion=3.0' } };

  test('fault: its content type says so: nothing of it is used, and it is not called again', async () => {
    const { ask, assemble, requests } = await server((request) => ({ ...smallChart(request), ...STU3 }));
    const { report, chart } = await ask();
    expect(new Set(Object.values(report.unavailable))).toEqual(new Set(['not-r4']));
    expect(chart.sources.labs.resources).toEqual([]);
    const asked = requests.length;
    expect(await codeOf(assemble())).toMatch(/^ERR_FHIR_VERSION: .*does not speak FHIR R4/);
    expect(requests).toHaveLength(asked);
  });

  test('what the client prefetched is used all the same', async () => {
    const { assemble } = await server((request) => ({ ...smallChart(request), ...STU3 }));
    const { record } = await assemble({ patient: patientData, labs: labsData });
    expect(record.values).toHaveLength(1);
    expect(record.coverage.labs).toMatchObject({ kind: 'covered', origin: 'prefetch' });
    expect(record.coverage.vitals).toEqual({ kind: 'unavailable', reason: 'not-r4' });
  });

  test('R4 said in full is R4', async () => {
    const headers = { 'content-type': 'application/fhir+json; charset=utf-8; fhirVersion="4.0"' };
    const { ask } = await server((request) => ({ ...smallChart(request), headers }));
    expect((await ask()).report.unavailable).toEqual({});
  });

  test.each([
    ['a status as a bare code (DSTU2, STU3)', 'Condition', { clinicalStatus: 'active' }],
    ['a class as a bare code (DSTU2)', 'Encounter', { class: 'inpatient' }],
    ['classes in a list (R5)', 'Encounter', { class: [{ coding: [{ code: 'IMP' }] }] }],
    ['a time under its old name', 'MedicationAdministration', { effectiveTimeDateTime: '2031-05-10' }],
  ])('fault: its resources have another form: %s', async (_, resourceType, form) => {
    const resource = { resourceType, id: 'x', subject: { reference: 'Patient/p1' }, ...form };
    const body = { resourceType: 'Bundle', type: 'searchset', entry: [{ resource }] };
    const { ask } = await server((request) => (request.path === resourceType ? { body } : smallChart(request)));
    const { report } = await ask();
    expect(new Set(Object.values(report.unavailable))).toEqual(new Set(['not-r4']));
  });

  const metadata = (requests: readonly StubRequest[]): readonly StubRequest[] =>
    requests.filter(({ path }) => path === 'metadata');

  async function untilAsked(requests: readonly StubRequest[]): Promise<void> {
    while (metadata(requests).length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  test('its CapabilityStatement is read beside the first chart, once, with the same token (req. 29); the next call is refused', async () => {
    const body = { resourceType: 'CapabilityStatement', fhirVersion: '3.0.2' };
    const { ask, assemble, requests } = await server(
      (request) => (request.path === 'metadata' ? { body } : smallChart(request)),
      { readsCapabilities: true },
    );
    expect((await ask()).report.unavailable).toEqual({});
    await untilAsked(requests);
    let said: string | undefined;
    while (said === undefined) said = await codeOf(assemble()).catch(() => undefined);
    expect(said).toContain('ERR_FHIR_VERSION');
    expect(metadata(requests)).toHaveLength(1);
    const tokens = new Set(requests.map(({ headers }) => headers.authorization));
    expect([...tokens]).toEqual([expect.stringMatching(/^Bearer ./)]);
  });

  test.each<[string, StubAnswer]>([
    ['cannot be read', { status: 500 }],
    ['is no JSON', { body: '<html>' }],
    ['says R4', { body: { resourceType: 'CapabilityStatement', fhirVersion: '4.0.1' } }],
  ])('a CapabilityStatement that %s refuses nothing', async (_, answer) => {
    const { ask, requests } = await server((request) => (request.path === 'metadata' ? answer : smallChart(request)), {
      readsCapabilities: true,
    });
    await ask();
    await untilAsked(requests);
    for (let n = 0; n < 3; n += 1) expect((await ask()).report.unavailable).toEqual({});
    expect(metadata(requests)).toHaveLength(1);
  });
});

describe('trace context', () => {
  const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  test('is sent on with every call', async () => {
    const { ask, requests } = await server(smallChart);
    await ask({ traceparent: TRACE });
    expect(new Set(requests.map(({ headers }) => headers['traceparent']))).toEqual(new Set([TRACE]));
  });
  test.each(['', 'x', `${TRACE}\r\nx: y`, TRACE.replace(/^00/, 'ff'), TRACE.toUpperCase(), undefined])(
    'is left out where it is not well formed: %j',
    async (traceparent) => {
      const { ask, requests } = await server(smallChart);
      expect((await ask({ traceparent })).report.unavailable).toEqual({});
      expect(requests.some(({ headers }) => 'traceparent' in headers)).toBe(false);
    },
  );
});
