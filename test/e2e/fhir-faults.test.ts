import { rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { assertResponseShape } from '../../src/cds-hooks/response-shape.js';
import { contextOf } from '../../src/commands/demo.js';
import { loadConfig } from '../../src/config/config.js';
import { signOrders } from '../../src/sandbox/ehr-client.js';
import type { FaultEffect, SandboxFault } from '../../src/sandbox/faults.js';
import { loadFixtures } from '../../src/sandbox/load-resources.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/start-sandbox.js';
import { startService, type RunningService } from '../../src/server.js';
import { writeTinyBundle } from '../support/tiny-bundle.js';

const T0 = Date.UTC(2026, 4, 12, 9, 30);
/** Of the cases in which something does not come at all; the others have time enough on the busiest machine. */
const SHORT_DEADLINE_MS = 3_000;
const LONG_DEADLINE_MS = 60_000;
/** On top of the deadline; far more than the 100 ms of the bar (bench/fhir-faults.ts), for a busy machine. */
const GRACE_MS = 10_000;
const HAEMOGLOBIN = '718-7';

const situations = await loadFixtures('fhir-fixtures', T0);
const chart = situations.find(({ name }) => name === 'bleeding-and-unstable');
let bundleDir: string;
let services: { readonly hasty: RunningService; readonly patient: RunningService };
let sandbox: Sandbox;

beforeAll(async () => {
  bundleDir = await writeTinyBundle();
  const start = (deadlineMs: number): Promise<RunningService> => {
    const common = {
      mode: 'sandbox',
      port: 0,
      store: 'memory',
      logLevel: 'silent',
      modelBundleDir: bundleDir,
    } as const;
    return startService(loadConfig({}, { ...common, deadlineMs, perCallTimeoutMs: deadlineMs }), { clock: () => T0 });
  };
  services = { hasty: await start(SHORT_DEADLINE_MS), patient: await start(LONG_DEADLINE_MS) };
});
afterAll(async () => {
  await services.hasty.close();
  await services.patient.close();
  await rm(bundleDir, { recursive: true });
});
// A new base for each case: what the service remembers of a base that failed is not what the case is about.
beforeEach(async () => {
  sandbox = await startSandbox({ resources: chart?.resources ?? [] });
});
afterEach(() => sandbox.close());

interface Answered {
  readonly status: number;
  /** Sources that the card's extension names as unavailable or partly covered. */
  readonly gaps: readonly string[];
  readonly detail: string;
  readonly error: string;
}

/** Signs the order with these faults switched on and nothing prefetched. */
async function signWith(...faults: readonly SandboxFault[]): Promise<Answered> {
  if (!chart) throw new Error('no such fixture');
  sandbox.faults.set(faults);
  const isSlow = faults.some((fault) => (fault.kind === 'delay' || fault.kind === 'slow-body') && fault.ms > 1_000);
  const signed = await signOrders({
    serviceUrl: (isSlow ? services.hasty : services.patient).url,
    fhirBase: sandbox.baseUrl,
    ...contextOf(chart),
    prefetch: 'none',
    accessToken: 'synthetic-token',
  });
  if (isSlow) expect(signed.timing.hookMs).toBeLessThan(SHORT_DEADLINE_MS + GRACE_MS);
  if (signed.status !== 200) {
    return { status: signed.status, gaps: [], detail: '', error: JSON.stringify(signed.response) };
  }
  assertResponseShape(signed.response);
  const { cards } = signed.response as unknown as {
    cards: { detail: string; extension: Record<string, Record<string, { source: string }[] | undefined>> }[];
  };
  expect(cards).toHaveLength(1);
  const { unavailable = [], partlyCovered = [] } = cards[0]?.extension['org.hemolens.assessment'] ?? {};
  return {
    status: 200,
    gaps: [...unavailable, ...partlyCovered].map(({ source }) => source),
    detail: cards[0]?.detail ?? '',
    error: '',
  };
}

test('without a fault the card names no gap', async () => {
  expect(await signWith()).toMatchObject({ status: 200, gaps: [] });
});

const REPLACING: readonly (readonly [string, FaultEffect, string])[] = [
  ['no answer for a minute', { kind: 'delay', ms: 60_000 }, 'no answer in time'],
  ['500', { kind: 'status', status: 500 }, 'answered with an error'],
  ['503', { kind: 'status', status: 503 }, 'answered with an error'],
  ['429', { kind: 'status', status: 429 }, 'asked to be called later'],
  ['401', { kind: 'status', status: 401 }, 'refused access'],
  ['403', { kind: 'status', status: 403 }, 'refused access'],
  ['404', { kind: 'status', status: 404 }, 'does not offer them'],
  ['an HTML page with 502', { kind: 'html-page' }, 'answered with an error'],
  ['an HTML page with 200', { kind: 'html-page', status: 200 }, 'answered with an error'],
  ['a connection cut at once', { kind: 'cut-connection' }, 'answered with an error'],
  ['a connection cut in the body', { kind: 'cut-connection', at: 'body' }, 'answered with an error'],
  ['broken JSON', { kind: 'broken-json' }, 'answered with an error'],
  ['a body that takes a minute', { kind: 'slow-body', ms: 60_000 }, 'no answer in time'],
  ['an OperationOutcome among the results', { kind: 'outcome-entry' }, 'answered with an error'],
];

describe('one query fails: a card that names what is missing, and why', () => {
  test.each(REPLACING)('fault: %s for the laboratory results', async (_, effect, words) => {
    const answered = await signWith({ ...effect, resourceType: 'Observation', code: HAEMOGLOBIN });
    expect(answered.status).toBe(200);
    expect(answered.gaps).toEqual(['labs']);
    expect(answered.detail).toMatch(new RegExp(`laboratory results: .*${words}`));
  });
});

describe('all queries fail: a clear refusal, never an empty list of cards (req. 26)', () => {
  test.each(REPLACING)('fault: %s', async (_, effect) => {
    const answered = await signWith(effect);
    expect(answered.status).toBe(412);
    expect(answered.error).toContain('the chart could not be read');
    expect(answered.error).not.toContain('synthetic-token');
  });
});

describe('paging', () => {
  test('fault: next links to another place and pages without end: the card is there', async () => {
    for (const fault of [{ kind: 'foreign-next' }, { kind: 'endless-paging' }] as const) {
      expect((await signWith(fault)).status).toBe(200);
    }
  });
});

describe('several faults at once', () => {
  const conditions = { resourceType: 'Condition' };
  test.each<[string, readonly SandboxFault[], readonly string[]]>([
    [
      'slow notes, refused diagnoses, cut drugs',
      [
        { kind: 'delay', ms: 60_000, resourceType: 'DocumentReference' },
        { kind: 'status', status: 403, ...conditions },
        { kind: 'cut-connection', resourceType: 'MedicationAdministration' },
      ],
      ['administrations', 'conditions', 'notes'],
    ],
    [
      'slow and broken at once, and 429 beside it',
      [
        { kind: 'slow-body', ms: 60_000, resourceType: 'Encounter' },
        { kind: 'broken-json', resourceType: 'Procedure' },
        { kind: 'status', status: 429, ...conditions },
      ],
      ['conditions', 'encounters', 'procedures'],
    ],
    [
      'an HTML page for the first call, a delay for all',
      [
        { kind: 'html-page', ...conditions, times: 1 },
        { kind: 'delay', ms: 300 },
      ],
      ['conditions'],
    ],
  ])('fault: %s', async (_, faults, missing) => {
    const answered = await signWith(...faults);
    expect(answered.status).toBe(200);
    expect([...answered.gaps].sort()).toEqual(missing);
  });
});

test('fault: a server that failed for two orders is answered for at once at the third, and asked again later', async () => {
  await signWith({ kind: 'status', status: 500 });
  await signWith({ kind: 'status', status: 500 });
  const asked = sandbox.requests.length;
  const third = await signWith();
  expect(third.error).toContain('left alone for some seconds');
  expect(sandbox.requests).toHaveLength(asked);
});

test('the service asks a base once for its CapabilityStatement, whatever the number of orders', async () => {
  for (let order = 0; order < 3; order += 1) await signWith();
  const asked = (): number => sandbox.requests.filter(({ url }) => url.includes('/metadata')).length;
  while (asked() === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(asked()).toBe(1);
});
