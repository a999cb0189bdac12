import { afterEach, describe, expect, test } from '@jest/globals';
import { prefetchTemplates } from '../../src/cds-hooks/prefetch-template.js';
import { SOURCE_KEYS } from '../../src/concepts/concept.js';
import { gatherChart } from '../../src/fhir/gather-chart.js';
import { PATIENT_ID } from '../support/fhir-resources.js';
import { startFhirStub, type FhirStub } from '../support/fhir-stub.js';
import { authorization, hookCall, options, smallChart, TOKEN } from './chart-calls.js';

let stub: FhirStub;
afterEach(() => stub.close());

describe('with nothing prefetched', () => {
  test('each template is run once, as an EHR would prefetch it: no bound that makes the server search twice (req. 25)', async () => {
    stub = await startFhirStub(smallChart);
    await gatherChart(hookCall({ fhirServer: stub.baseUrl }), options);
    expect(stub.requests).toHaveLength(SOURCE_KEYS.length);
    for (const [key, template] of prefetchTemplates()) {
      const request = stub.requests.find(({ source }) => source === key);
      const [path, query = ''] = template.replaceAll('{{context.patientId}}', PATIENT_ID).split('?');
      expect(request?.path).toBe(path);
      expect([...(request?.query ?? [])].sort()).toEqual([...new URLSearchParams(query)].sort());
    }
  });

  test('all first calls are on their way before the first answer is back', async () => {
    let answered = 0;
    const inFlight: number[] = [];
    stub = await startFhirStub((request) => {
      inFlight.push(answered);
      setTimeout(() => (answered += 1), 100);
      return { ...smallChart(request), delayMs: 100 };
    });
    await gatherChart(hookCall({ fhirServer: stub.baseUrl }), options);
    expect(inFlight).toEqual(SOURCE_KEYS.map(() => 0));
  });

  test('every call carries the token and asks for gzip, none forbids paging (req. 29, 31)', async () => {
    stub = await startFhirStub((request) => ({ ...smallChart(request), isGzipped: true }));
    const { chart } = await gatherChart(hookCall({ fhirServer: stub.baseUrl }), options);
    for (const { headers } of stub.requests) {
      expect(headers.authorization).toBe(`Bearer ${TOKEN}`);
      expect(headers['accept-encoding']).toBe('gzip');
      expect(headers['cache-control'] ?? '').not.toContain('max-results');
    }
    expect(chart.sources.labs.resources).toHaveLength(1);
  });

  test('a server without a token is asked only where that is allowed, and then without a header (req. 33)', async () => {
    stub = await startFhirStub(smallChart);
    const call = hookCall({ fhirServer: stub.baseUrl, token: null });
    const closed = await gatherChart(call, options);
    expect(closed.chart.sources.labs.coverage).toEqual({ kind: 'unavailable', reason: 'no-access' });
    expect(stub.requests).toHaveLength(0);
    await gatherChart(call, { ...options, openServerAllowed: true });
    expect(stub.requests).toHaveLength(SOURCE_KEYS.length);
    expect(stub.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });
});

describe('scopes', () => {
  test('a type that is not granted is not asked for (req. 32)', async () => {
    stub = await startFhirStub(smallChart);
    const token = { ...authorization, scope: 'patient/Patient.read patient/Observation.read' };
    const { chart } = await gatherChart(hookCall({ fhirServer: stub.baseUrl, token }), options);
    expect(stub.requests.map(({ source }) => source).sort()).toEqual(['bedside', 'labs', 'patient', 'vitals']);
    expect(chart.sources.notes.coverage).toEqual({ kind: 'unavailable', reason: 'not-in-scope' });
    expect(chart.sources.administrations.coverage).toEqual({ kind: 'unavailable', reason: 'not-in-scope' });
  });

  test('a scope narrowed to laboratory results does not make vital signs look absent', async () => {
    stub = await startFhirStub(smallChart);
    const token = { ...authorization, scope: 'patient/Patient.rs patient/Observation.rs?category=laboratory' };
    const { chart } = await gatherChart(hookCall({ fhirServer: stub.baseUrl, token }), options);
    expect(chart.sources.labs.coverage.kind).toBe('covered');
    expect(chart.sources.vitals.coverage).toEqual({ kind: 'unavailable', reason: 'not-in-scope' });
    expect(chart.sources.bedside.coverage).toEqual({ kind: 'unavailable', reason: 'not-in-scope' });
  });

  test('an expired token is not used (req. 31)', async () => {
    stub = await startFhirStub(smallChart);
    const token = { ...authorization, expiresInSeconds: 0 };
    const { report } = await gatherChart(hookCall({ fhirServer: stub.baseUrl, token }), options);
    expect(stub.requests).toHaveLength(0);
    expect(report.flags).toEqual({ 'token-expired': 1 });
  });
});
