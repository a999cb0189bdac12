import { afterEach, describe, expect, test } from '@jest/globals';
import type { Prefetched } from '../../src/cds-hooks/hook-request.js';
import { SOURCE_KEYS, type SourceKey } from '../../src/concepts/concept.js';
import { gatherChart } from '../../src/fhir/gather-chart.js';
import { patient, searchset } from '../support/fhir-resources.js';
import { startFhirStub, type FhirStub } from '../support/fhir-stub.js';
import { hookCall, options, smallChart } from './chart-calls.js';

let stub: FhirStub | undefined;
afterEach(async () => {
  await stub?.close();
  stub = undefined;
});

const EMPTY: Prefetched = { kind: 'empty' };
const data = (key: SourceKey): Prefetched => ({
  kind: 'data',
  resource: key === 'patient' ? patient() : searchset([]),
});

describe.each(SOURCE_KEYS)('prefetch key %s', (key) => {
  test('data is used, and nothing is asked for again (req. 24)', async () => {
    stub = await startFhirStub(smallChart);
    const call = hookCall({ fhirServer: stub.baseUrl, others: EMPTY, prefetch: { [key]: data(key) } });
    const { chart } = await gatherChart(call, options);
    expect(chart.sources[key].coverage).toEqual({ kind: 'covered', sinceMs: null, origin: 'prefetch' });
    expect(stub.requests).toHaveLength(0);
  });

  test('null is answered with no data for all time, and not asked for again (req. 24)', async () => {
    stub = await startFhirStub(smallChart);
    const { chart } = await gatherChart(hookCall({ fhirServer: stub.baseUrl, others: EMPTY }), options);
    expect(chart.sources[key]).toEqual({
      coverage: { kind: 'covered', sinceMs: null, origin: 'prefetch' },
      resources: [],
    });
    expect(stub.requests).toHaveLength(0);
  });

  test('a query that failed at the client is unavailable and not repeated (req. 24)', async () => {
    stub = await startFhirStub(smallChart);
    const call = hookCall({ fhirServer: stub.baseUrl, others: EMPTY, prefetch: { [key]: { kind: 'failed' } } });
    const { chart } = await gatherChart(call, options);
    expect(chart.sources[key].coverage).toEqual({ kind: 'unavailable', reason: 'client-query-failed' });
    expect(stub.requests).toHaveLength(0);
  });

  test('absent with a FHIR server is fetched with exactly one call (req. 25)', async () => {
    stub = await startFhirStub(smallChart);
    const call = hookCall({ fhirServer: stub.baseUrl, others: EMPTY, prefetch: { [key]: { kind: 'absent' } } });
    const { chart } = await gatherChart(call, options);
    expect(chart.sources[key].coverage).toEqual({ kind: 'covered', sinceMs: null, origin: 'fhir' });
    expect(stub.requests.map(({ source }) => source)).toEqual([key]);
  });

  test('absent without a FHIR server is unavailable (req. 26)', async () => {
    const call = hookCall({ others: EMPTY, prefetch: { [key]: { kind: 'absent' } } });
    const { chart } = await gatherChart(call, options);
    expect(chart.sources[key].coverage).toEqual({ kind: 'unavailable', reason: 'no-access' });
  });
});

test('a resource of another type under a key is a query that failed', async () => {
  const call = hookCall({ others: EMPTY, prefetch: { labs: { kind: 'data', resource: patient() } } });
  const { chart } = await gatherChart(call, options);
  expect(chart.sources.labs.coverage).toEqual({ kind: 'unavailable', reason: 'client-query-failed' });
});
