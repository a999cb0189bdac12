import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { FhirResource } from 'fhir/r4.js';
import { gatherChart, type GatherOptions } from '../../src/fhir/gather-chart.js';
import { observation, patient, searchset } from '../support/fhir-resources.js';
import { startFhirStub, type FhirStub, type StubAnswer, type StubRequest } from '../support/fhir-stub.js';
import { hookCall, options, smallChart } from './chart-calls.js';

const MB = 1024 * 1024;
let stub: FhirStub | undefined;
afterEach(async () => {
  await stub?.close();
  stub = undefined;
});

async function chartFrom(answer: (request: StubRequest) => StubAnswer, given: Partial<GatherOptions> = {}) {
  stub = await startFhirStub(answer);
  return gatherChart(hookCall({ fhirServer: stub.baseUrl }), {
    ...options,
    deadlineMs: 60_000,
    perCallTimeoutMs: 60_000,
    ...given,
  });
}

const labsOnly =
  (answer: StubAnswer) =>
  (request: StubRequest): StubAnswer =>
    request.source === 'labs' ? answer : smallChart(request);

describe('answers that swell', () => {
  const bomb = gzipSync(Buffer.alloc(200 * MB, ' '), { level: 9 });

  test('fault: 200 kB that unpack to 200 MB are cut off at the limit of one answer', async () => {
    expect(bomb.byteLength).toBeLessThan(MB);
    const before = process.memoryUsage().arrayBuffers;
    const { chart, report } = await chartFrom(labsOnly({ body: bomb, headers: { 'content-encoding': 'gzip' } }), {
      maxResponseBytes: MB,
    });
    expect(chart.sources.labs.coverage).toEqual({ kind: 'unavailable', reason: 'upstream-error' });
    expect(report.flags).toEqual({ 'response-too-large': 1 });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50 * MB);
  });

  test('fault: so are those packed twice', async () => {
    const body = gzipSync(bomb);
    const { report } = await chartFrom(labsOnly({ body, headers: { 'content-encoding': 'gzip, gzip' } }), {
      maxResponseBytes: MB,
    });
    expect(report.flags).toEqual({ 'response-too-large': 1 });
  });

  test('fault: a body that is not what its content-encoding says is a failed answer', async () => {
    const { chart } = await chartFrom(labsOnly({ body: 'plain', headers: { 'content-encoding': 'gzip' } }));
    expect(chart.sources.labs.coverage).toEqual({ kind: 'unavailable', reason: 'upstream-error' });
    expect(chart.sources.vitals.coverage.kind).toBe('covered');
  });
});

describe('a chart that has no end', () => {
  test('fault: all answers together are held to a limit of bytes', async () => {
    const large = (id: string): FhirResource => observation({ id, note: [{ text: 'x'.repeat(200_000) }] });
    const { report } = await chartFrom(
      (request) =>
        request.path.startsWith('Observation')
          ? { body: searchset([large(request.source ?? '')]) }
          : smallChart(request),
      { maxChartBytes: 500_000 },
    );
    const failed = Object.values(report.unavailable);
    expect(failed.length).toBeGreaterThan(0);
    expect(new Set(failed)).toEqual(new Set(['upstream-error']));
    expect(report.flags['response-too-large']).toBe(failed.length);
  });

  test('fault: and to a limit of resources', async () => {
    const many = Array.from({ length: 300 }, (_, n) => observation({ id: `o${n}` }));
    const { chart, report } = await chartFrom(labsOnly({ body: searchset(many) }), { maxChartResources: 200 });
    expect(chart.sources.labs.coverage).toEqual({ kind: 'unavailable', reason: 'upstream-error' });
    expect(report.flags['chart-too-large']).toBeGreaterThan(0);
  });
});

describe('paging that leads nowhere', () => {
  const conditions =
    (page: (request: StubRequest, n: number) => object) =>
    (request: StubRequest): StubAnswer =>
      request.source === 'conditions' || request.query.has('page')
        ? { body: page(request, Number(request.query.get('page') ?? '1')) }
        : smallChart(request);
  const next = (query: string): string => `${stub?.baseUrl ?? ''}/Condition?${query}`;
  const condition = (id: string): FhirResource => ({
    resourceType: 'Condition',
    id,
    subject: { reference: 'Patient/p1' },
  });
  const pagesAsked = (): number => stub?.requests.filter(({ path }) => path === 'Condition').length ?? 0;

  test('fault: empty pages that always lead on are left after three', async () => {
    const { report } = await chartFrom(
      conditions((_, n) => searchset([], next(`page=${n + 1}`))),
      { maxPages: 50 },
    );
    expect(report.flags).toEqual({ 'empty-pages': 1 });
    expect(pagesAsked()).toBe(4);
  });

  test('fault: pages that lead around in a circle are left where it closes', async () => {
    const { report, chart } = await chartFrom(
      conditions((_, n) => searchset([condition(`c${n}`)], next(`page=${n === 4 ? 2 : n + 1}`))),
      { maxPages: 50 },
    );
    expect(report.flags).toEqual({ 'repeated-page': 1 });
    expect(pagesAsked()).toBe(4);
    expect(chart.sources.conditions.resources).toHaveLength(4);
    expect(chart.sources.conditions.coverage).toMatchObject({ sinceMs: options.predictionTimeMs });
  });

  test('fault: links that grow are left when they are too long to be one', async () => {
    const { report } = await chartFrom(
      conditions((_, n) => searchset([condition(`c${n}`)], next(`page=${n + 1}&state=${'x'.repeat(3_000 * n)}`))),
      { maxPages: 50 },
    );
    expect(report.flags).toEqual({ 'page-limit': 1 });
    expect(pagesAsked()).toBe(3);
  });

  test('fault: endless full pages end at the page limit', async () => {
    const { report } = await chartFrom(
      conditions((_, n) => searchset([condition(`c${n}`)], next(`page=${n + 1}`))),
      { maxPages: 5 },
    );
    expect(report.flags).toEqual({ 'page-limit': 1 });
    expect(pagesAsked()).toBe(5);
  });
});

test('fault: a body that trickles in byte by byte is cut at the time of one call, the rest is there', async () => {
  const { chart } = await chartFrom(labsOnly({ body: searchset([observation()]), trickleMs: 100 }), {
    perCallTimeoutMs: 2_000,
  });
  expect(chart.sources.labs.coverage).toEqual({ kind: 'unavailable', reason: 'timeout' });
  expect(chart.sources.patient.resources).toEqual([patient()]);
});
