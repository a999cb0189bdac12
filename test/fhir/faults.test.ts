import { afterEach, describe, expect, test } from '@jest/globals';
import type { SourceKey } from '../../src/concepts/concept.js';
import { gatherChart, type GatherOptions } from '../../src/fhir/gather-chart.js';
import type { SourceCoverage } from '../../src/record/patient-record.js';
import { failure, heartRate, observation, patient, searchset, without } from '../support/fhir-resources.js';
import { startFhirStub, type FhirStub, type StubAnswer } from '../support/fhir-stub.js';
import { hookCall, options, smallChart, TOKEN } from './chart-calls.js';

const stubs: FhirStub[] = [];
afterEach(async () => {
  await Promise.all(stubs.splice(0).map((stub) => stub.close()));
});

async function stubWith(key: SourceKey, answer: StubAnswer): Promise<FhirStub> {
  const stub = await startFhirStub((request) => (request.source === key ? answer : smallChart(request)));
  stubs.push(stub);
  return stub;
}

async function coverageWith(
  key: SourceKey,
  answer: StubAnswer,
  given: Partial<GatherOptions> = {},
): Promise<SourceCoverage> {
  const stub = await stubWith(key, answer);
  const { chart } = await gatherChart(hookCall({ fhirServer: stub.baseUrl }), { ...options, ...given });
  expect(stub.requests.filter(({ source }) => source === key)).toHaveLength(1);
  expect(chart.sources.vitals.coverage.kind).toBe('covered');
  return chart.sources[key].coverage;
}

describe('one source fails, the others are read, and nothing is asked twice', () => {
  test.each<[string, StubAnswer, string]>([
    ['500', { status: 500, body: failure() }, 'upstream-error'],
    [
      '503 with an HTML page',
      { status: 503, body: '<html>', headers: { 'content-type': 'text/html' } },
      'upstream-error',
    ],
    ['401', { status: 401 }, 'unauthorized'],
    ['403', { status: 403, body: failure() }, 'unauthorized'],
    ['400, an unknown search parameter', { status: 400, body: failure() }, 'not-supported'],
    ['404, an unknown type', { status: 404, body: failure() }, 'not-supported'],
    ['429', { status: 429 }, 'server-busy'],
    ['a cut connection', { isCut: true }, 'upstream-error'],
    [
      'an HTML page with status 200',
      { body: '<html>login</html>', headers: { 'content-type': 'text/html' } },
      'upstream-error',
    ],
    ['no JSON', { body: '{"resourceType":' }, 'upstream-error'],
    ['null', { body: 'null' }, 'upstream-error'],
    ['an empty object', { body: {} }, 'upstream-error'],
    ['an OperationOutcome with status 200', { body: failure() }, 'upstream-error'],
    ['a Bundle with an OperationOutcome entry', { body: searchset([observation(), failure()]) }, 'upstream-error'],
    ['a single resource instead of a Bundle', { body: observation() }, 'upstream-error'],
  ])('fault: %s', async (_, answer, reason) => {
    expect(await coverageWith('labs', answer)).toEqual({ kind: 'unavailable', reason });
  });

  test('a warning beside the results is no failure', async () => {
    const body = searchset([observation(), failure('warning')]);
    expect(await coverageWith('labs', { body })).toEqual({ kind: 'covered', sinceMs: null, origin: 'fhir' });
  });

  test('fault: entries that are no resources are passed over', async () => {
    const body = {
      resourceType: 'Bundle',
      type: 'searchset',
      entry: [null, 7, {}, { resource: 'x' }, { resource: observation() }],
    };
    const stub = await stubWith('labs', { body });
    const { chart } = await gatherChart(hookCall({ fhirServer: stub.baseUrl }), options);
    expect(chart.sources.labs.resources).toHaveLength(1);
  });

  test('fault: an answer over the size limit is not read to its end, compressed or not', async () => {
    const body = searchset([observation({ note: [{ text: 'x'.repeat(300_000) }] })]);
    for (const isGzipped of [false, true]) {
      const coverage = await coverageWith('labs', { body, isGzipped }, { maxResponseBytes: 100_000 });
      expect(coverage).toEqual({ kind: 'unavailable', reason: 'upstream-error' });
    }
  });
});

describe('time', () => {
  test('fault: a source slower than its call limit is unavailable by timeout, the rest is there', async () => {
    const coverage = await coverageWith('labs', { delayMs: 60_000, body: searchset([]) }, { perCallTimeoutMs: 150 });
    expect(coverage).toEqual({ kind: 'unavailable', reason: 'timeout' });
  });

  test('fault: the whole assembly never waits past its deadline', async () => {
    const stub = await startFhirStub((request) => ({ ...smallChart(request), delayMs: 60_000 }));
    stubs.push(stub);
    const { report } = await gatherChart(hookCall({ fhirServer: stub.baseUrl }), { ...options, deadlineMs: 200 });
    expect(new Set(Object.values(report.unavailable))).toEqual(new Set(['timeout']));
  });

  test('fault: a body that stops halfway is cut off too', async () => {
    const stub = await startFhirStub((request) =>
      request.source === 'labs'
        ? { body: '{"resourceType":"Bundle",', headers: { 'content-length': '5000' } }
        : smallChart(request),
    );
    stubs.push(stub);
    const { chart } = await gatherChart(hookCall({ fhirServer: stub.baseUrl }), { ...options, deadlineMs: 2500 });
    expect(chart.sources.labs.coverage.kind).toBe('unavailable');
    expect(chart.sources.vitals.coverage.kind).toBe('covered');
  });
});

describe('where the token goes', () => {
  test('fault: a redirect to another server is not followed', async () => {
    const other = await startFhirStub(smallChart);
    stubs.push(other);
    for (const status of [301, 302, 307, 308]) {
      const location = `${other.baseUrl}/Observation`;
      expect(await coverageWith('labs', { status, headers: { location } })).toEqual({
        kind: 'unavailable',
        reason: 'upstream-error',
      });
    }
    expect(other.requests).toHaveLength(0);
  });

  test('fault: a next link to another server is not followed', async () => {
    const other = await startFhirStub(smallChart);
    stubs.push(other);
    const conditions = searchset([], `${other.baseUrl}/Condition?page=2`);
    const stub = await stubWith('conditions', { body: conditions });
    const { chart, report } = await gatherChart(hookCall({ fhirServer: stub.baseUrl }), options);
    expect(other.requests).toHaveLength(0);
    expect(report.flags).toEqual({ 'foreign-next-link': 1 });
    expect(chart.sources.conditions.coverage).toEqual({
      kind: 'covered',
      sinceMs: options.predictionTimeMs,
      origin: 'fhir',
    });
  });

  test('a server that is not allowed gets no call at all', async () => {
    const stub = await stubWith('labs', {});
    const { chart, report } = await gatherChart(hookCall({ fhirServer: stub.baseUrl }), {
      ...options,
      loopbackAllowed: false,
      allowedBases: ['https://ehr.example.org/fhir'],
    });
    expect(stub.requests).toHaveLength(0);
    expect(chart.sources.labs.coverage).toEqual({ kind: 'unavailable', reason: 'no-access' });
    expect(report.flags).toEqual({ 'server-not-allowed': 1 });
  });

  test('the report holds no token, URL or id', async () => {
    const stub = await stubWith('labs', { status: 500, body: failure() });
    const { report } = await gatherChart(hookCall({ fhirServer: stub.baseUrl }), options);
    const text = JSON.stringify(report);
    for (const secret of [TOKEN, stub.origin, '127.0.0.1', 'p1']) expect(text).not.toContain(secret);
    expect(report.calls.find(({ source }) => source === 'labs')).toMatchObject({
      outcome: 'upstream-error',
      status: 500,
    });
  });
});

describe("another patient's data (req. 28)", () => {
  const foreign = (reference: string) => observation({ id: 'foreign', subject: { reference } });

  test.each(['Patient/p2', 'https://ehr.example.org/fhir/Patient/p2', 'Patient/p1x', 'Patient/xp1', 'Group/p1', '#p1'])(
    'is dropped and counted: subject %s',
    async (reference) => {
      const stub = await stubWith('labs', { body: searchset([observation(), foreign(reference)]) });
      const { chart } = await gatherChart(hookCall({ fhirServer: stub.baseUrl }), options);
      expect(chart.sources.labs.resources.map(({ id }) => id)).toEqual(['o-718-7-2']);
      expect(chart.foreignResources).toBe(1);
    },
  );

  test.each(['https://ehr.example.org/fhir/Patient/p1', 'Patient/p1/_history/3'])(
    '%s is the same patient',
    async (reference) => {
      const stub = await stubWith('labs', { body: searchset([foreign(reference)]) });
      const { chart } = await gatherChart(hookCall({ fhirServer: stub.baseUrl }), options);
      expect(chart.sources.labs.resources).toHaveLength(1);
    },
  );

  test('a resource that does not say whose it is counts as foreign', async () => {
    const nobody = without(observation(), 'subject');
    const prefetch = { labs: { kind: 'data', resource: searchset([nobody]) } } as const;
    const { chart } = await gatherChart(hookCall({ prefetch, others: { kind: 'empty' } }), options);
    expect(chart.foreignResources).toBe(1);
  });

  test("another Patient's resource makes the Patient unavailable (req. 28)", async () => {
    const stub = await stubWith('patient', { body: patient('p2') });
    const { chart } = await gatherChart(hookCall({ fhirServer: stub.baseUrl }), options);
    expect(chart.sources.patient).toEqual({
      coverage: { kind: 'unavailable', reason: 'upstream-error' },
      resources: [],
    });
  });
});

test('a heart rate and a haemoglobin come through when all is well', async () => {
  const stub = await stubWith('vitals', { body: searchset([heartRate(3)]) });
  const { chart, report } = await gatherChart(hookCall({ fhirServer: stub.baseUrl }), options);
  expect(chart.sources.vitals.resources.map(({ id }) => id)).toEqual(['hr-3']);
  expect(report).toMatchObject({
    fromPrefetch: 0,
    fromFhir: 9,
    pages: 9,
    foreignResources: 0,
    unavailable: {},
    flags: {},
  });
});
