/** HAPI itself asks for no token: a small checking proxy stands before it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { contextOf } from '../../src/commands/demo.js';
import { discoverOrderSign, prepareHookCall, type SignOrders } from '../../src/sandbox/ehr-client.js';
import { loadFixture } from '../../src/sandbox/load-resources.js';
import { cdsTestClient, issueOf, type Answer } from '../support/cds-client.js';
import { startFhirProxy, type FhirProxy, type ProxyAction } from '../support/fhir-proxy.js';
import { freshId, hapiBase } from './support/hapi.js';
import { draftsOf, loadChart, startServiceUnderTest, type ServiceUnderTest } from './support/line.js';

const T0 = Date.UTC(2026, 4, 12, 9, 30);
const TOKEN = 'a-token-of-the-tests';
/** What a token of narrow scope may read. */
const NARROW = ['Patient', 'Observation'];

let proxy: FhirProxy;
let service: ServiceUnderTest;
let order: Pick<SignOrders, 'patientId' | 'draftOrders'>;
/** What the server makes of the token: changed between filling the prefetch and the service's own queries. */
let token: 'good' | 'expired' | 'narrow';

function decide({ path, authorization }: { path: string; authorization?: string }): ProxyAction {
  if (authorization !== `Bearer ${TOKEN}` || token === 'expired') {
    return { kind: 'refuse', status: 401, code: 'login', text: 'The token is missing or has expired' };
  }
  const type = /^[A-Za-z]*/.exec(path)?.[0] ?? '';
  if (token === 'narrow' && !NARROW.includes(type) && type !== '') {
    return { kind: 'refuse', status: 403, code: 'forbidden', text: 'Insufficient scope' };
  }
  return { kind: 'pass' };
}

beforeAll(async () => {
  const fixture = await loadFixture('fhir-fixtures/bleeding-and-unstable', T0);
  const chart = await loadChart(hapiBase(), fixture.resources, freshId('token'));
  order = {
    patientId: chart.idOf('Patient', contextOf(fixture).patientId),
    draftOrders: chart.relinked(draftsOf(fixture.hookRequest)),
  };
  proxy = await startFhirProxy({ target: hapiBase(), decide });
  service = await startServiceUnderTest();
  service.setTime(T0);
});

afterAll(async () => {
  await service.close();
  await proxy.close();
});

/** Fills the prefetch with a good token, then lets the service find the token as `then` says. */
async function call(
  prefetch: SignOrders['prefetch'],
  then: typeof token,
  more: Partial<SignOrders> = {},
): Promise<Answer & { readonly asked: readonly string[] }> {
  token = 'good';
  const discovered = await discoverOrderSign(service.url);
  const { request } = await prepareHookCall(
    {
      fhirBase: proxy.baseUrl,
      accessToken: TOKEN,
      prefetch: prefetch ?? 'full',
      ...order,
      ...more,
    },
    discovered,
  );
  token = then;
  const before = proxy.exchanges.length;
  const answer = await cdsTestClient(service.url).call(discovered.id, request);
  const base = new URL(proxy.baseUrl).pathname.length + 1;
  return {
    ...answer,
    asked: proxy.exchanges.slice(before).map(({ url }) => /^[A-Za-z]*/.exec(url.slice(base))?.[0] ?? ''),
  };
}

interface Facts {
  readonly probability?: number;
  readonly unavailable?: readonly { readonly source: string; readonly reason: string }[];
}

function factsOf({ status, body }: Answer): Facts {
  expect(status).toBe(200);
  const { cards } = body as { cards: readonly { extension: { 'org.hemolens.assessment': Facts } }[] };
  expect(cards).toHaveLength(1);
  return cards[0]?.extension['org.hemolens.assessment'] ?? {};
}

const sourcesOf = ({ unavailable = [] }: Facts): readonly string[] => unavailable.map(({ source }) => source).sort();

describe('a FHIR server that asks for a token', () => {
  test('with a good token the whole chart is read, every query carrying it (req. 29)', async () => {
    const answer = await call('none', 'good');
    expect(sourcesOf(factsOf(answer))).toEqual([]);
    expect(answer.asked.length).toBeGreaterThanOrEqual(8);
  });

  test('fault: an expired token and no prefetch is 412 with what was refused, never an empty list of cards (req. 26)', async () => {
    const answer = await call('none', 'expired');
    expect(answer.status).toBe(412);
    expect(issueOf(answer)).toMatchObject({ errorCode: 'ERR_FHIR_UNAUTHORIZED' });
    expect(answer.text).not.toContain(TOKEN);
    expect(answer.text).not.toContain(order.patientId);
  });

  test('fault: a token that expires after the prefetch leaves a card that names what could not be read', async () => {
    const prefetch = ['patient', 'labs', 'vitals'];
    const facts = factsOf(await call(prefetch, 'expired'));
    expect(facts.probability).toBeGreaterThan(0);
    expect(sourcesOf(facts)).toEqual(['administrations', 'bedside', 'conditions', 'encounters', 'notes', 'procedures']);
  });

  test('fault: a server that refuses what the scope had promised (403) is named on the card', async () => {
    const facts = factsOf(await call('none', 'narrow'));
    expect(sourcesOf(facts)).toEqual(['administrations', 'conditions', 'encounters', 'notes', 'procedures']);
  });

  test('what the scope does not grant is not asked for, and named on the card (req. 32)', async () => {
    const answer = await call('none', 'narrow', { scope: 'patient/Patient.rs patient/Observation.rs' });
    expect(new Set(answer.asked)).toEqual(new Set(NARROW));
    expect(sourcesOf(factsOf(answer))).toEqual(['administrations', 'conditions', 'encounters', 'notes', 'procedures']);
  });
});
