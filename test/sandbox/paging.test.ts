import { afterEach, describe, expect, test } from '@jest/globals';
import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import type { Bundle } from 'fhir/r4.js';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/start-sandbox.js';
import { HOUR, observation, patient, T0 } from './support/chart.js';
import { bundle, ids, nextLink, send } from './support/fhir-get.js';

const SIZE = 45;
const CHART = [
  patient('p1'),
  ...Array.from({ length: SIZE }, (_, at) =>
    observation({ id: `o${String(at).padStart(2, '0')}`, atMs: T0 - at * HOUR }),
  ),
];
const NEWEST_FIRST = CHART.slice(1).map(({ id }) => id);

let sandbox: Sandbox;
const start = async (options: SandboxOptions = {}): Promise<string> => {
  sandbox = await startSandbox({ resources: CHART, ...options });
  return sandbox.baseUrl;
};
afterEach(() => sandbox.close());

/** GET with a Host header of its own, which fetch does not allow. */
function bundleForHost(url: string, host: string): Promise<Bundle> {
  return new Promise((resolve, reject) => {
    request(
      url,
      { headers: { Host: host } },
      (answer) => void json(answer).then((body) => resolve(body as Bundle), reject),
    )
      .on('error', reject)
      .end();
  });
}

async function follow(url: string): Promise<{ pages: number; found: string[]; totals: (number | undefined)[] }> {
  const found: string[] = [];
  const totals: (number | undefined)[] = [];
  let next: string | undefined = url;
  let pages = 0;
  while (next !== undefined) {
    const page = await bundle(next);
    found.push(...ids(page));
    totals.push(page.total);
    pages += 1;
    next = nextLink(page);
  }
  return { pages, found, totals };
}

describe('pages of a search', () => {
  test('next links bring every match once, in order, and the total comes with the last page', async () => {
    const { pages, found, totals } = await follow(`${await start()}/Observation?patient=p1&_sort=-date&_count=10`);
    expect(found).toEqual(NEWEST_FIRST);
    expect(pages).toBe(5);
    expect(totals).toEqual([undefined, undefined, undefined, undefined, SIZE]);
  });

  test('a search that finds 13 or fewer tells the total on its first page, one that finds more does not', async () => {
    const base = await start();
    const totals = async (hours: number): Promise<(number | undefined)[]> => {
      const from = new Date(T0 - hours * HOUR).toISOString();
      return (await follow(`${base}/Observation?patient=p1&date=ge${from}&_count=7`)).totals;
    };
    expect(await totals(12)).toEqual([13, 13]);
    expect(await totals(13)).toEqual([undefined, 14]);
  });

  test('the total stands on every page where it is asked for', async () => {
    const { totals } = await follow(`${await start()}/Observation?patient=p1&_count=20&_total=accurate`);
    expect(totals).toEqual([SIZE, SIZE, SIZE]);
  });

  test('a page holds 20 where no count is given', async () => {
    const page = await bundle(`${await start()}/Observation?patient=p1`);
    expect(page.entry).toHaveLength(20);
    expect(page.total).toBeUndefined();
  });

  test('a count over 1,000 is cut silently', async () => {
    const many = Array.from({ length: 1005 }, (_, at) => observation({ id: `m${at}`, patientId: 'p2' }));
    const base = await start({ resources: [patient('p2'), ...many] });
    const page = await bundle(`${base}/Observation?patient=p2&_count=5000`);
    expect(page.entry).toHaveLength(1000);
    expect(nextLink(page)).toBeDefined();
  });

  test('a result that fits one page has no next link and says its total', async () => {
    const page = await bundle(`${await start()}/Observation?patient=p1&_count=45`);
    expect(page.total).toBe(SIZE);
    expect(nextLink(page)).toBeUndefined();
  });

  test('the next link has the form of HAPI, on the base and with the host that was asked', async () => {
    const page = await bundleForHost(`${await start()}/Observation?patient=p1`, 'ehr.example:8443');
    const next = new URL(nextLink(page) ?? '');
    expect(next.origin + next.pathname).toBe('http://ehr.example:8443/fhir');
    expect(next.searchParams.get('_getpages')).toMatch(/^[0-9a-f-]{36}$/);
    expect(next.searchParams.get('_getpagesoffset')).toBe('20');
    expect(next.searchParams.get('_count')).toBe('20');
  });

  test('a write between two pages changes neither', async () => {
    const base = await start();
    const first = await bundle(`${base}/Observation?patient=p1&_sort=-date&_count=30`);
    sandbox.store.load([observation({ id: 'newest', atMs: T0 + HOUR })]);
    sandbox.store.delete('Observation', 'o44');
    expect(ids(await bundle(nextLink(first) ?? ''))).toEqual(NEWEST_FIRST.slice(30));
  });

  test('a page belongs to the chart of the time of its search', async () => {
    let viewMs = T0 - 10 * HOUR;
    const base = await start({ viewAt: () => viewMs });
    const first = await bundle(`${base}/Observation?patient=p1&_sort=-date&_count=30`);
    viewMs = T0;
    expect([...ids(first), ...ids(await bundle(nextLink(first) ?? ''))]).toEqual(NEWEST_FIRST.slice(10));
  });

  test('fault: an expired page is gone', async () => {
    let nowMs = T0;
    const base = await start({ now: () => nowMs });
    const first = await bundle(`${base}/Observation?patient=p1`);
    nowMs += 11 * 60_000;
    const late = await send(nextLink(first) ?? '');
    expect(late.status).toBe(410);
    expect(late.json).toMatchObject({ resourceType: 'OperationOutcome' });
    const again = await bundle(`${base}/Observation?patient=p1`);
    sandbox.expirePages();
    expect((await send(nextLink(again) ?? '')).status).toBe(410);
  });
});
