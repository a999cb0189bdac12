import { afterEach, describe, expect, test } from '@jest/globals';
import type { FhirResource } from 'fhir/r4.js';
import { gatherChart } from '../../src/fhir/gather-chart.js';
import { administration, hoursBefore, observation, searchset, T0 } from '../support/fhir-resources.js';
import { startFhirStub, type FhirStub, type StubAnswer, type StubRequest } from '../support/fhir-stub.js';
import { hookCall, options, smallChart } from './chart-calls.js';

const HOUR_MS = 3_600_000;
let stub: FhirStub | undefined;
afterEach(async () => {
  await stub?.close();
  stub = undefined;
});

const lab = (hours: number, id = `lab-${hours}`): FhirResource => observation({ id }, { hours });
const labs = (from: number, to: number): readonly FhirResource[] =>
  Array.from({ length: to - from + 1 }, (_, index) => lab(from + index));
const stay = (hours: number): FhirResource => ({
  resourceType: 'Encounter',
  id: `stay-${hours}`,
  status: 'in-progress',
  class: { code: 'IMP' },
  subject: { reference: 'Patient/p1' },
  period: { start: hoursBefore(hours) },
});
const filedNote = (hours: number): FhirResource => ({
  resourceType: 'DocumentReference',
  id: `note-${hours}`,
  status: 'current',
  date: hoursBefore(hours),
  subject: { reference: 'Patient/p1' },
  content: [{ attachment: { contentType: 'text/plain', data: 'c3RhYmxl' } }],
});
const vitalsCovered = { vitals: { kind: 'empty' } } as const;

/** Empty prefetch but for labs: this first page. */
function callWithLabs(page: readonly FhirResource[], next?: string): ReturnType<typeof hookCall> {
  return hookCall({
    ...(stub ? { fhirServer: stub.baseUrl } : {}),
    others: { kind: 'empty' },
    prefetch: { ...vitalsCovered, labs: { kind: 'data', resource: searchset(page, next) } },
  });
}

async function topUpWith(answer: (request: StubRequest) => StubAnswer): Promise<FhirStub> {
  stub = await startFhirStub(answer);
  return stub;
}

describe('how far an answer covers (cds-hooks.md §3.5)', () => {
  test('fewer entries than _count and no next link cover all time', async () => {
    const { chart } = await gatherChart(callWithLabs(labs(1, 10)), options);
    expect(chart.sources.labs.coverage).toEqual({ kind: 'covered', sinceMs: null, origin: 'prefetch' });
  });

  test('without access, a prefetched first page covers only what came after its oldest entry (req. 27)', async () => {
    const { chart } = await gatherChart(callWithLabs(labs(1, 10), 'https://ehr.example.org/fhir?page=2'), options);
    expect(chart.sources.labs.coverage).toEqual({
      kind: 'covered',
      sinceMs: T0 - 10 * HOUR_MS + 1,
      origin: 'prefetch',
    });
  });

  test('_count entries without a next link count as cut off', async () => {
    const page = Array.from({ length: 400 }, (_, index) => lab(1 + index / 100, `lab-${index}`));
    const { chart } = await gatherChart(callWithLabs(page), options);
    expect(chart.sources.labs.coverage).toMatchObject({ kind: 'covered', sinceMs: T0 - 4.99 * HOUR_MS + 1 });
  });

  test('the order of entries does not matter for the oldest one', async () => {
    const { chart } = await gatherChart(callWithLabs([...labs(1, 10)].reverse(), 'https://e.example/p2'), options);
    expect(chart.sources.labs.coverage).toMatchObject({ sinceMs: T0 - 10 * HOUR_MS + 1 });
  });

  test('an oldest entry with a bare date covers from the end of that day at the latest', async () => {
    const page = [lab(1), observation({ id: 'day', effectiveDateTime: '2031-05-09' })];
    const { chart } = await gatherChart(callWithLabs(page, 'https://e.example/p2'), options);
    expect(chart.sources.labs.coverage).toMatchObject({ sinceMs: T0 - HOUR_MS + 1 });
  });

  test('a cut answer in which no entry can be placed covers nothing before the prediction time', async () => {
    const page = [observation({ id: 'x', effectiveDateTime: 'soon' })];
    const { chart } = await gatherChart(callWithLabs(page, 'https://e.example/p2'), options);
    expect(chart.sources.labs.coverage).toMatchObject({ sinceMs: T0 });
  });
});

describe('top-up', () => {
  test('a cut page is completed to 48 h by one query on the same codes, and covers 48 h then', async () => {
    const server = await topUpWith(() => ({ body: searchset(labs(10, 20)) }));
    const { chart } = await gatherChart(callWithLabs(labs(1, 10), `${server.baseUrl}?page=2`), options);
    expect(server.requests).toHaveLength(1);
    const query = server.requests[0]?.query;
    expect(query?.getAll('date')).toEqual([`le${hoursBefore(10)}`, `ge${hoursBefore(48)}`]);
    expect(query?.get('code')).toContain('718-7');
    expect(query?.get('_sort')).toBe('-date');
    expect(chart.sources.labs.resources.map(({ id }) => id)).toEqual(labs(1, 20).map(({ id }) => id));
    expect(chart.sources.labs.coverage).toEqual({ kind: 'covered', sinceMs: T0 - 48 * HOUR_MS, origin: 'prefetch' });
  });

  test('entries of the same instant that _count cut apart are not lost', async () => {
    const server = await topUpWith(() => ({
      body: searchset([lab(10, 'first-of-panel'), lab(10, 'second-of-panel')]),
    }));
    const page = [lab(1), lab(10, 'first-of-panel')];
    const { chart } = await gatherChart(callWithLabs(page, `${server.baseUrl}?page=2`), options);
    expect(chart.sources.labs.resources.map(({ id }) => id)).toEqual(['lab-1', 'first-of-panel', 'second-of-panel']);
  });

  test('a page that reaches 48 h is left as it is', async () => {
    const server = await topUpWith(() => ({ body: searchset([]) }));
    await gatherChart(callWithLabs([lab(1), lab(49)], `${server.baseUrl}?page=2`), options);
    expect(server.requests).toHaveLength(0);
  });

  test('our own first page is completed in the same way', async () => {
    const server = await topUpWith((request) => {
      if (request.source !== 'labs') return smallChart(request);
      const isTopUp = request.query.getAll('date').length === 2;
      return { body: isTopUp ? searchset(labs(10, 12)) : searchset(labs(1, 10), `${stub?.baseUrl ?? ''}?p=2`) };
    });
    const { chart } = await gatherChart(hookCall({ fhirServer: server.baseUrl }), options);
    expect(server.requests.filter(({ source }) => source === 'labs')).toHaveLength(2);
    expect(chart.sources.labs.coverage).toEqual({ kind: 'covered', sinceMs: T0 - 48 * HOUR_MS, origin: 'fhir' });
    expect(chart.sources.labs.resources).toHaveLength(12);
  });

  test('further pages of a top-up are followed on the same server', async () => {
    const server = await topUpWith(({ query }) =>
      query.get('page') === '2'
        ? { body: searchset(labs(20, 30)) }
        : { body: searchset(labs(10, 20), `${stub?.baseUrl ?? ''}?page=2`) },
    );
    const { chart, report } = await gatherChart(callWithLabs(labs(1, 10), `${server.baseUrl}?x=2`), options);
    expect(chart.sources.labs.resources).toHaveLength(30);
    expect(chart.sources.labs.coverage).toMatchObject({ sinceMs: T0 - 48 * HOUR_MS });
    expect(report.calls.map(({ purpose }) => purpose)).toEqual(['top-up', 'page']);
  });

  test('fault: a slow page 2 keeps page 1, and coverage ends where page 1 does', async () => {
    const server = await topUpWith(({ query }) =>
      query.get('page') === '2'
        ? { body: searchset(labs(20, 30)), delayMs: 60_000 }
        : { body: searchset(labs(10, 20), `${stub?.baseUrl ?? ''}?page=2`) },
    );
    const { chart } = await gatherChart(callWithLabs(labs(1, 10), `${server.baseUrl}?x=2`), {
      ...options,
      deadlineMs: 2500,
    });
    expect(chart.sources.labs.resources).toHaveLength(20);
    expect(chart.sources.labs.coverage).toMatchObject({ kind: 'covered', sinceMs: T0 - 20 * HOUR_MS + 1 });
  });

  test('fault: a failed top-up leaves the first page as it was', async () => {
    const server = await topUpWith(() => ({ status: 500 }));
    const { chart } = await gatherChart(callWithLabs(labs(1, 10), `${server.baseUrl}?x=2`), options);
    expect(chart.sources.labs.resources).toHaveLength(10);
    expect(chart.sources.labs.coverage).toMatchObject({ kind: 'covered', sinceMs: T0 - 10 * HOUR_MS + 1 });
  });

  test('fault: endless paging stops at the page limit', async () => {
    let page = 0;
    const server = await topUpWith(() => {
      page += 1;
      return { body: searchset([lab(10 + page / 10, `lab-p${page}`)], `${stub?.baseUrl ?? ''}?page=${page + 1}`) };
    });
    const call = callWithLabs(labs(1, 10), `${server.baseUrl}?x=2`);
    const { chart, report } = await gatherChart(call, { ...options, maxPages: 4 });
    expect(server.requests).toHaveLength(4);
    expect(report.flags).toEqual({ 'page-limit': 1 });
    expect(chart.sources.labs.coverage).toMatchObject({ sinceMs: T0 - 10.4 * HOUR_MS + 1 });
  });

  test('fault: a next link to a page already read ends the paging', async () => {
    const server = await topUpWith(() => ({ body: searchset([lab(11)], `${stub?.baseUrl ?? ''}?page=2`) }));
    const { report } = await gatherChart(callWithLabs(labs(1, 10), `${server.baseUrl}?x=2`), options);
    expect(server.requests).toHaveLength(2);
    expect(report.flags).toEqual({ 'repeated-page': 1 });
  });

  test('fault: a top-up that points to another server is cut there, without the token leaving', async () => {
    const other = await startFhirStub(smallChart);
    const server = await topUpWith(() => ({ body: searchset([lab(11)], `${other.baseUrl}?page=2`) }));
    const { report } = await gatherChart(callWithLabs(labs(1, 10), `${server.baseUrl}?x=2`), options);
    expect(other.requests).toHaveLength(0);
    expect(report.flags).toEqual({ 'foreign-next-link': 1 });
    await other.close();
  });

  test('values after the prediction time that fill the page do not hide those before it', async () => {
    const server = await topUpWith(() => ({ body: searchset(labs(1, 3)) }));
    const after = labs(-3, -1);
    const { chart } = await gatherChart(callWithLabs(after, `${server.baseUrl}?x=2`), options);
    expect(server.requests[0]?.query.getAll('date')).toEqual([`le${hoursBefore(0)}`, `ge${hoursBefore(48)}`]);
    expect(chart.sources.labs.resources).toHaveLength(6);
    expect(chart.sources.labs.coverage).toMatchObject({ sinceMs: T0 - 48 * HOUR_MS });
  });

  test.each<['encounters' | 'notes', number, (hours: number) => FhirResource]>([
    ['encounters', 10, stay],
    ['notes', 20, filedNote],
  ])(
    'a page of %s filled by what came after the prediction time is asked for again up to it',
    async (key, count, at) => {
      const server = await topUpWith(() => ({ body: searchset([at(5)]) }));
      const page = (hours: number) =>
        searchset(
          Array.from({ length: count }, (_, index) => at(hours - index / 100)),
          `${stub?.baseUrl ?? ''}?x=2`,
        );
      const ask = (first: ReturnType<typeof page>) =>
        gatherChart(
          hookCall({
            fhirServer: server.baseUrl,
            others: { kind: 'empty' },
            prefetch: { [key]: { kind: 'data', resource: first } },
          }),
          options,
        );
      const { chart } = await ask(page(-1));
      expect(server.requests.map(({ query }) => query.getAll('date'))).toEqual([[`le${hoursBefore(0)}`]]);
      expect(chart.sources[key].resources.map(({ id }) => id)).toContain(at(5).id);
      expect(chart.sources[key].coverage).toMatchObject({ sinceMs: null });
      await ask(page(4));
      expect(server.requests).toHaveLength(1);
    },
  );

  test('bedside items are completed to 48 h, weight and height alone to 30 days', async () => {
    const server = await topUpWith(() => ({ body: searchset([]) }));
    const page = [observation({ id: 'gcs' }, { loinc: '9269-2', value: 15, unit: '{score}', hours: 3 })];
    const { chart } = await gatherChart(
      hookCall({
        fhirServer: server.baseUrl,
        others: { kind: 'empty' },
        prefetch: { bedside: { kind: 'data', resource: searchset(page, `${server.baseUrl}?x=2`) } },
      }),
      options,
    );
    const asked = server.requests.map(({ query }) => [query.get('code'), query.getAll('date')[1]]);
    expect(asked).toHaveLength(2);
    expect(asked[0]?.[0]).toContain('9269-2');
    expect(asked[0]?.[1]).toBe(`ge${hoursBefore(48)}`);
    expect(asked[1]).toEqual(['29463-7,8302-2', `ge${hoursBefore(720)}`]);
    expect(chart.sources.bedside.coverage).toMatchObject({ sinceMs: T0 - 720 * HOUR_MS });
  });

  test('administrations are completed to 7 days by effective-time', async () => {
    const server = await topUpWith(() => ({ body: searchset([]) }));
    const given = administration({ system: 'http://www.nlm.nih.gov/research/umls/rxnorm', code: '7512' });
    const { chart } = await gatherChart(
      hookCall({
        fhirServer: server.baseUrl,
        others: { kind: 'empty' },
        prefetch: { administrations: { kind: 'data', resource: searchset([given], `${server.baseUrl}?x=2`) } },
      }),
      options,
    );
    expect(server.requests[0]?.query.getAll('effective-time')).toEqual([
      `le${hoursBefore(1)}`,
      `ge${hoursBefore(168)}`,
    ]);
    expect(chart.sources.administrations.coverage).toMatchObject({ sinceMs: T0 - 168 * HOUR_MS });
  });

  test('conditions have no date order: they are read to the last page, or cover nothing', async () => {
    const server = await topUpWith(({ query }) =>
      query.get('page') === '3' ? { body: searchset([]) } : { body: searchset([], `${stub?.baseUrl ?? ''}?page=3`) },
    );
    const condition: FhirResource = { resourceType: 'Condition', id: 'c1', subject: { reference: 'Patient/p1' } };
    const prefetch = {
      conditions: { kind: 'data', resource: searchset([condition], `${server.baseUrl}?page=2`) },
    } as const;
    const whole = await gatherChart(
      hookCall({ fhirServer: server.baseUrl, others: { kind: 'empty' }, prefetch }),
      options,
    );
    expect(whole.chart.sources.conditions.coverage).toMatchObject({ sinceMs: null });
    const alone = await gatherChart(hookCall({ others: { kind: 'empty' }, prefetch }), options);
    expect(alone.chart.sources.conditions.coverage).toMatchObject({ sinceMs: T0 });
  });
});
