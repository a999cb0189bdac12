import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { FhirResource, Observation } from 'fhir/r4.js';
import { loadConfig } from '../../src/config/config.js';
import { contextOf } from '../../src/commands/demo.js';
import { assertResponseShape } from '../../src/cds-hooks/response-shape.js';
import { signOrders, type PrefetchChoice } from '../../src/sandbox/ehr-client.js';
import { loadFixtures, type FixtureSituation } from '../../src/sandbox/load-resources.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/start-sandbox.js';
import { startService, type RunningService } from '../../src/server.js';
import { cdsTestClient } from '../support/cds-client.js';

/** Fixtures are signed at this moment; the service runs on the same clock. */
const T0 = Date.UTC(2026, 4, 12, 9, 30);
const HOUR_MS = 3_600_000;

interface Want {
  readonly cards: number;
  readonly indicator?: string;
  readonly tiers?: readonly string[];
  readonly products?: readonly string[];
  readonly notScored?: string;
  readonly inIcu?: boolean;
  readonly modalities?: Readonly<Record<string, string>>;
  readonly summaryIncludes?: readonly string[];
  readonly detailIncludes?: readonly string[];
  readonly detailExcludes?: readonly string[];
  readonly fhirCalls?: number;
}

interface Facts {
  readonly probability?: number;
  readonly tier?: string;
  readonly notScored?: string;
  readonly inIcu?: boolean;
  readonly modalities?: Readonly<Record<string, string>>;
  readonly drivers?: readonly unknown[];
  readonly orders?: readonly { readonly products: readonly string[] }[];
}

interface AnsweredCard {
  readonly summary: string;
  readonly indicator: string;
  readonly detail: string;
  readonly extension: { readonly 'org.hemolens.assessment': Facts };
}

const situations = await loadFixtures('fhir-fixtures', T0);
let sandbox: Sandbox;
let service: RunningService;

beforeAll(async () => {
  sandbox = await startSandbox();
  service = await startService(
    loadConfig(
      {},
      {
        mode: 'sandbox',
        port: 0,
        store: 'memory',
        logLevel: 'silent',
        openFhirServerAllowed: true,
        deadlineMs: 10_000,
        perCallTimeoutMs: 10_000,
        // Every road must have read the notes, the first one too.
        noteEncodingMs: 60_000,
      },
    ),
    { clock: () => T0 },
  );
});

afterAll(async () => {
  await service.close();
  await sandbox.close();
});

async function cardsFor(
  fixture: FixtureSituation,
  prefetch: PrefetchChoice,
  extra: readonly FhirResource[] = [],
): Promise<readonly AnsweredCard[]> {
  sandbox.store.clear();
  sandbox.store.load([...fixture.resources, ...extra]);
  const { patientId, draftOrders } = contextOf(fixture);
  const signed = await signOrders({
    serviceUrl: service.url,
    fhirBase: sandbox.baseUrl,
    patientId,
    draftOrders,
    prefetch,
  });
  expect(signed.status).toBe(200);
  assertResponseShape(signed.response);
  return (signed.response as unknown as { cards: readonly AnsweredCard[] }).cards;
}

const factsOf = (card: AnsweredCard | undefined): Facts => card?.extension['org.hemolens.assessment'] ?? {};

/** All of a card but what is new in every answer (ids). */
function outputOf(card: AnsweredCard | undefined): Record<string, unknown> {
  const { drivers, probability, tier, modalities, inIcu } = factsOf(card);
  return { summary: card?.summary, detail: card?.detail, drivers, probability, tier, modalities, inIcu };
}

describe('each situation of fhir-fixtures gives the card that was reviewed for it', () => {
  test.each(situations.map((fixture) => [fixture.name, fixture] as const))('%s', async (_name, fixture) => {
    const want = fixture.want as Want;
    const roads: readonly PrefetchChoice[] = ['full', 'none', ['patient', 'labs']];
    const answers: Facts[] = [];
    for (const prefetch of roads) {
      const callsBefore = sandbox.requests.length;
      const cards = await cardsFor(fixture, prefetch);
      expect(cards).toHaveLength(want.cards);
      if (want.fhirCalls !== undefined && prefetch === 'none') {
        expect(sandbox.requests.length - callsBefore).toBe(want.fhirCalls);
      }
      const [card] = cards;
      if (!card) continue;
      const facts = factsOf(card);
      answers.push(facts);
      if (want.indicator !== undefined) expect(card.indicator).toBe(want.indicator);
      if (want.tiers) expect(want.tiers).toContain(facts.tier);
      expect(facts.notScored).toBe(want.notScored);
      if (want.inIcu !== undefined) expect(facts.inIcu).toBe(want.inIcu);
      expect(facts.modalities).toMatchObject(want.modalities ?? {});
      expect(new Set(facts.orders?.flatMap(({ products }) => products))).toEqual(new Set(want.products));
      expect(card.summary.length).toBeLessThanOrEqual(139);
      for (const text of want.summaryIncludes ?? []) expect(card.summary).toContain(text);
      for (const text of want.detailIncludes ?? []) expect(card.detail).toContain(text);
      for (const text of want.detailExcludes ?? []) expect(card.detail).not.toContain(text);
    }
    // However the chart reached us, the answer is the same number.
    for (const facts of answers) expect(facts.probability).toBe(answers[0]?.probability);
  });

  test('at least eight situations, in at least three tiers or without a score', async () => {
    const tiers = new Set<string | undefined>();
    for (const fixture of situations) tiers.add(factsOf((await cardsFor(fixture, 'full'))[0]).tier);
    expect(situations.length).toBeGreaterThanOrEqual(8);
    expect(tiers.size).toBeGreaterThanOrEqual(4);
  });
});

describe('the whole line, over HTTP', () => {
  const scored = situations.filter(({ want }) => (want as Want).tiers);
  const codes = ['8867-4', '718-7', '32693-4', '2160-0', '8480-6', '9269-2'] as const;
  const units = ['/min', 'g/dL', 'mmol/L', 'mg/dL', 'mm[Hg]', '{score}'] as const;

  /** A result that could not be known when the order was signed: taken later, or taken before and filed later. */
  const futureObservation = fc
    .record({
      code: fc.nat(codes.length - 1),
      value: fc.integer({ min: 3, max: 15 }),
      takenHours: fc.integer({ min: -20, max: 40 }),
      filedMinutes: fc.integer({ min: 1, max: 600 }),
    })
    .map(({ code, value, takenHours, filedMinutes }) => ({
      code,
      value,
      takenMs: T0 - takenHours * HOUR_MS,
      filedMs: T0 + filedMinutes * 60_000,
    }));

  test('no observation after the prediction time changes any output', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...scored),
        fc.array(futureObservation, { minLength: 1, maxLength: 12 }),
        fc.constantFrom<PrefetchChoice>('full', 'none'),
        async (fixture, future, prefetch) => {
          const { patientId } = contextOf(fixture);
          const extra = future.map(({ code, value, takenMs, filedMs }, index): Observation => ({
            resourceType: 'Observation',
            id: `future-${index}`,
            status: 'final',
            code: { coding: [{ system: 'http://loinc.org', code: codes[code] ?? '' }] },
            subject: { reference: `Patient/${patientId}` },
            effectiveDateTime: new Date(takenMs).toISOString(),
            issued: new Date(Math.max(filedMs, takenMs)).toISOString(),
            valueQuantity: {
              value,
              unit: units[code] ?? '',
              system: 'http://unitsofmeasure.org',
              code: units[code] ?? '',
            },
          }));
          const before = outputOf((await cardsFor(fixture, prefetch))[0]);
          expect(before['probability']).toBeDefined();
          expect(outputOf((await cardsFor(fixture, prefetch, extra))[0])).toEqual(before);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('fault: a failed lab query is named on the card and does not score like "no labs drawn"', async () => {
    const fixture = situations.find(({ name }) => name === 'bleeding-and-unstable');
    if (!fixture) throw new Error('no fixture');
    const isLab = (resource: FhirResource): boolean =>
      resource.resourceType === 'Observation' && JSON.stringify(resource.category).includes('laboratory');
    const noLabs = await cardsFor(
      { ...fixture, resources: fixture.resources.filter((resource) => !isLab(resource)) },
      'none',
    );
    sandbox.store.clear();
    sandbox.store.load(fixture.resources);
    const { patientId, draftOrders } = contextOf(fixture);
    const { request } = await signOrders({
      serviceUrl: service.url,
      fhirBase: sandbox.baseUrl,
      patientId,
      draftOrders,
      prefetch: 'full',
    });
    const failed = {
      ...request,
      prefetch: {
        ...request.prefetch,
        labs: { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'exception' }] },
      },
    };
    const answer = await cdsTestClient(service.url).call('transfusion-mortality-risk', failed);
    expect(answer.status).toBe(200);
    const { cards } = answer.body as { cards: AnsweredCard[] };
    expect(cards[0]?.summary).toContain('without laboratory results');
    expect(factsOf(cards[0]).probability).not.toBe(factsOf(noLabs[0]).probability);
  });
});
