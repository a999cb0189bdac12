import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AnsweredCall, DisplayDecision } from '../../src/assessment/answered-call.js';
import { callRules, type SiteDisplay } from '../../src/assessment/call-rules.js';
import { decideDisplay, type DisplayDeps } from '../../src/assessment/decide-display.js';
import { recentShownCards } from '../../src/assessment/recent-shown-cards.js';
import type { NotScoredReason, RiskAssessment } from '../../src/assessment/risk-assessment.js';
import { defaultCardOptions } from '../../src/cards/card-options.js';
import type { HookRequest } from '../../src/cds-hooks/hook-request.js';
import type { CdsClient } from '../../src/clients/cds-client.js';
import type { BloodProduct, EncounterInterval, PatientRecord } from '../../src/record/patient-record.js';
import type { EarlierCard } from '../../src/store/assessment-store.js';
import { CARD_ID, HOUR, RED_CELLS, T0, coverage, record, scored } from '../cards/assessments.js';
import { drafts, serviceRequest, SCT } from '../orders/draft-orders.js';
import { registered } from './registered.js';
import { SITE_DISPLAY } from './site-display.js';

/** One probability of each tier. */
const OF_TIER = { low: 0.02, moderate: 0.05, high: 0.18, 'very-high': 0.4 } as const;
const TIERS = ['low', 'moderate', 'high', 'very-high'] as const;
type Tier = (typeof TIERS)[number];

const UNREGISTERED: CdsClient = { id: 'development' };
const cardOptions = defaultCardOptions(() => CARD_ID);

function call(changes: Partial<HookRequest['context']> = {}, more: Partial<HookRequest> = {}): HookRequest {
  return {
    hook: 'order-sign',
    hookInstance: 'd1577c69-dfbe-44ad-ba6d-3e05e953b2ea',
    context: { userId: 'Practitioner/1', patientId: 'p1', draftOrders: drafts(), ...changes },
    prefetch: new Map(),
    ...more,
  };
}

interface Situation {
  readonly site?: Partial<SiteDisplay>;
  readonly client?: CdsClient;
  readonly request?: HookRequest;
  readonly shown?: readonly EarlierCard[];
  readonly deps?: Partial<DisplayDeps>;
}

async function decide(assessment: RiskAssessment, situation: Situation = {}): Promise<DisplayDecision> {
  const { client = UNREGISTERED, request = call(), shown = [] } = situation;
  const rules = callRules(
    { display: { ...SITE_DISPLAY, ...situation.site }, cardOptions },
    client,
    request.configuration,
  );
  return decideDisplay(assessment, request, client, rules, {
    shownCards: { since: (_subject, sinceMs) => Promise.resolve(shown.filter((card) => card.answeredAtMs >= sinceMs)) },
    clock: () => T0,
    logEvent: () => undefined,
    ...situation.deps,
  });
}

const SHOWN = { kind: 'shown' };
const withheld = (why: string): object => ({ kind: 'withheld', why });
const notScored = (reason: NotScoredReason, changes: Partial<RiskAssessment> = {}): RiskAssessment =>
  scored(0.1, { outcome: { kind: 'not-scored', reason }, ...changes });
const unread = record({ coverage: coverage({ procedures: { kind: 'unavailable', reason: 'timeout' } }) });
const at = (encounters: readonly EncounterInterval[]): RiskAssessment =>
  scored(0.18, { record: record({ encounters }) });
const stay = (changes: Partial<EncounterInterval> = {}): EncounterInterval => ({
  setting: 'inpatient',
  startMs: T0 - 30 * HOUR,
  evidence: 'Encounter/1',
  ...changes,
});

test('without a rule against it every card is shown', async () => {
  for (const tier of TIERS) expect(await decide(scored(OF_TIER[tier]))).toEqual(SHOWN);
  expect(await decide(notScored('under-18'))).toEqual(SHOWN);
});

describe('silent mode', () => {
  test('of a client withholds every card, also that of a chart that could not be read', async () => {
    const client = registered({ mode: 'silent' });
    for (const assessment of [scored(0.4), scored(0.4, { record: unread }), notScored('under-18')]) {
      expect(await decide(assessment, { client })).toEqual(withheld('silent-mode'));
    }
  });
});

describe('the user', () => {
  const role = {
    resourceType: 'PractitionerRole',
    id: 'r1',
    code: [{ coding: [{ system: 'urn:x', code: 'pharmacist' }] }],
  };
  const asRole = call({
    userId: 'PractitionerRole/r1',
    draftOrders: { resourceType: 'Bundle', type: 'collection', entry: [{ resource: role }] },
  });

  test.each([
    ['the type of userId', 'PractitionerRole'],
    ['a role code', 'pharmacist'],
    ['a role code with its system', 'urn:x|pharmacist'],
  ])('is shown no card by %s', async (_by, userRole) => {
    const client = registered({ suppression: { userRoles: [userRole], encounterClasses: [], locations: [] } });
    expect(await decide(scored(0.4), { client, request: asRole })).toEqual(withheld('user-role'));
    expect(await decide(scored(0.4), { client })).toEqual(SHOWN);
  });

  test('whose role is of someone else in the orders, or malformed there, is shown it', async () => {
    const site = { suppression: { userRoles: ['pharmacist'], encounterClasses: [], locations: [] } };
    const other = call({ ...asRole.context, userId: 'PractitionerRole/r2' });
    expect(await decide(scored(0.4), { site, request: other })).toEqual(SHOWN);
    const odd = call({
      userId: 'PractitionerRole/r1',
      draftOrders: {
        resourceType: 'Bundle',
        type: 'collection',
        entry: [{ resource: { ...role, code: 'x' } as never }, {}],
      },
    });
    expect(await decide(scored(0.4), { site, request: odd })).toEqual(SHOWN);
  });
});

describe('the encounter', () => {
  const emergencies = { suppression: { userRoles: [], encounterClasses: ['EMER'], locations: [] } };
  const operatingRoom = { suppression: { userRoles: [], encounterClasses: [], locations: ['Location/or-3'] } };

  test('of a suppressed class gets no card, also when the chart could not be read', async () => {
    const emergency = stay({ classCode: 'EMER' });
    expect(await decide(at([emergency]), { site: emergencies })).toEqual(withheld('encounter-class'));
    const gap = scored(0.18, { record: { ...unread, encounters: [emergency] } });
    expect(await decide(gap, { site: emergencies })).toEqual(withheld('encounter-class'));
  });

  test('that the call names counts, not another that is open', async () => {
    const both = at([stay({ classCode: 'EMER' }), stay({ classCode: 'IMP', evidence: 'Encounter/2' })]);
    expect(await decide(both, { site: emergencies, request: call({ encounterId: '2' }) })).toEqual(SHOWN);
    expect(await decide(both, { site: emergencies, request: call({ encounterId: '1' }) })).toEqual(
      withheld('encounter-class'),
    );
    expect(await decide(both, { site: emergencies, request: call({ encounterId: 'not-in-the-chart' }) })).toEqual(
      withheld('encounter-class'),
    );
  });

  test('that was over, or begins later, does not count', async () => {
    const over = stay({ classCode: 'EMER', endMs: T0 - HOUR });
    const later = stay({ classCode: 'EMER', startMs: T0 + HOUR });
    expect(await decide(at([over, later]), { site: emergencies })).toEqual(SHOWN);
  });

  test('in a suppressed location at the time of the order gets no card; before and after it does', async () => {
    const inRoom = (startMs: number, endMs?: number): RiskAssessment =>
      at([stay({ places: [{ names: ['Location/or-3'], startMs, ...(endMs === undefined ? {} : { endMs }) }] })]);
    expect(await decide(inRoom(T0 - HOUR), { site: operatingRoom })).toEqual(withheld('location'));
    expect(await decide(inRoom(T0 - 2 * HOUR, T0 - HOUR), { site: operatingRoom })).toEqual(SHOWN);
    expect(await decide(inRoom(T0 + HOUR), { site: operatingRoom })).toEqual(SHOWN);
    expect(await decide(at([stay({ places: [{ names: ['Location/or-3'] }] })]), { site: operatingRoom })).toEqual(
      withheld('location'),
    );
  });

  test("the rules of site and client add up, and the client's EHR is asked for nothing", async () => {
    const client = registered({ suppression: { userRoles: [], encounterClasses: [], locations: ['bay 1'] } });
    const bay = at([stay({ places: [{ names: ['bay 1'] }] })]);
    expect(await decide(bay, { site: emergencies, client })).toEqual(withheld('location'));
    expect(await decide(at([stay({ classCode: 'EMER' })]), { site: emergencies, client })).toEqual(
      withheld('encounter-class'),
    );
  });

  test('fault: that could not be read suppresses nothing', async () => {
    const unknown = scored(0.18, {
      record: record({ coverage: coverage({ encounters: { kind: 'unavailable', reason: 'timeout' } }) }),
    });
    expect(await decide(unknown, { site: emergencies })).toEqual(SHOWN);
  });
});

describe('the tier (req. 78)', () => {
  test.each(TIERS)('below %s gets no card, from there on it does', async (minTier) => {
    for (const tier of TIERS) {
      const isBelow = TIERS.indexOf(tier) < TIERS.indexOf(minTier);
      expect(await decide(scored(OF_TIER[tier]), { site: { minTier } })).toEqual(
        isBelow ? withheld('below-tier') : SHOWN,
      );
    }
  });

  test("of the client goes before the site's", async () => {
    const site = { minTier: 'high' } as const;
    expect(await decide(scored(OF_TIER.moderate), { site, client: registered({ minTier: 'moderate' }) })).toEqual(
      SHOWN,
    );
    expect(await decide(scored(OF_TIER.high), { site, client: registered({ minTier: 'very-high' }) })).toEqual(
      withheld('below-tier'),
    );
  });

  test('an order that is not scored is silent where the site says so', async () => {
    expect(await decide(notScored('under-18'), { site: { showNotScored: false } })).toEqual(
      withheld('not-scored-silent'),
    );
  });

  test.each(['timeout', 'upstream-error', 'unauthorized', 'client-query-failed'] as const)(
    'fault: a chart that could not be read (%s) is not silent for a low tier, for want of a score or in the cooldown',
    async (reason) => {
      const gap: PatientRecord = record({ coverage: coverage({ procedures: { kind: 'unavailable', reason } }) });
      const site = { minTier: 'very-high', showNotScored: false, cooldownHours: 12 } as const;
      const shown = [card('low'), card('too-little-data')];
      expect(await decide(scored(0.02, { record: gap }), { site, shown })).toEqual(SHOWN);
      expect(await decide(notScored('too-little-data', { record: gap }), { site, shown })).toEqual(SHOWN);
    },
  );

  test('a site without notes may still be silent', async () => {
    const noNotes = record({ coverage: coverage({ notes: { kind: 'unavailable', reason: 'not-supported' } }) });
    expect(await decide(scored(0.02, { record: noNotes }), { site: { minTier: 'moderate' } })).toEqual(
      withheld('below-tier'),
    );
  });
});

function card(tier: string, changes: Partial<EarlierCard> = {}): EarlierCard {
  return { answeredAtMs: T0 - HOUR, tier, products: ['rbc'], orders: ['ServiceRequest/draft-1'], ...changes };
}

describe('the cooldown', () => {
  const site = { cooldownHours: 12 };

  test('the same patient, products and tier get no second card within its hours', async () => {
    expect(await decide(scored(OF_TIER.high), { site, shown: [card('high')] })).toEqual(withheld('cooldown'));
    const later = { site, shown: [card('high', { answeredAtMs: T0 - 13 * HOUR })] };
    expect(await decide(scored(OF_TIER.high), later)).toEqual(SHOWN);
  });

  test('a tier that rose is shown again, and so is one that fell: the card shown before is out of date (req. 74)', async () => {
    expect(await decide(scored(OF_TIER['very-high']), { site, shown: [card('high')] })).toEqual(SHOWN);
    expect(await decide(scored(OF_TIER.low), { site, shown: [card('high')] })).toEqual(SHOWN);
  });

  test('the newest card counts: high, low, high again is news', async () => {
    const shown = [card('low'), card('high', { answeredAtMs: T0 - 2 * HOUR })];
    expect(await decide(scored(OF_TIER.high), { site, shown })).toEqual(SHOWN);
  });

  test('other products are news, in whatever order they are named', async () => {
    const of = (...products: BloodProduct[]): RiskAssessment =>
      scored(OF_TIER.high, { orders: products.map((product) => ({ ...RED_CELLS, products: [product] })) });
    const shown = [card('high', { products: ['plasma', 'rbc'] })];
    expect(await decide(of('rbc', 'plasma'), { site, shown })).toEqual(withheld('cooldown'));
    expect(await decide(of('rbc', 'plasma', 'rbc'), { site, shown })).toEqual(withheld('cooldown'));
    expect(await decide(of('rbc'), { site, shown })).toEqual(SHOWN);
    expect(await decide(of('rbc', 'platelets'), { site, shown })).toEqual(SHOWN);
  });

  test('a revised order that is signed again is an order for its products: no second card, unless the products or the tier changed', async () => {
    const active = drafts(serviceRequest({ system: SCT, code: '116863004' }, { status: 'active', id: 'draft-1' }));
    const request = call({ draftOrders: active });
    const revised = scored(OF_TIER.high, { orders: [{ ...RED_CELLS, orderedUnits: 4 }] });
    expect(await decide(revised, { site, request, shown: [card('high')] })).toEqual(withheld('cooldown'));
    const toPlatelets = scored(OF_TIER.high, { orders: [{ ...RED_CELLS, products: ['platelets'] }] });
    expect(await decide(toPlatelets, { site, request, shown: [card('high')] })).toEqual(SHOWN);
    expect(await decide(scored(OF_TIER['very-high']), { site, request, shown: [card('high')] })).toEqual(SHOWN);
  });

  test('the reason for no score is repeated no more often than a tier', async () => {
    expect(await decide(notScored('under-18'), { site, shown: [card('under-18')] })).toEqual(withheld('cooldown'));
    expect(await decide(notScored('too-little-data'), { site, shown: [card('high')] })).toEqual(SHOWN);
  });

  test("a registered client's hours go before the site's; 0 hours ask nothing of the store", async () => {
    const shown = [card('high', { answeredAtMs: T0 - 3 * HOUR })];
    expect(await decide(scored(OF_TIER.high), { site, shown, client: registered({ cooldownHours: 2 }) })).toEqual(
      SHOWN,
    );
    const deps = { shownCards: { since: () => Promise.reject(new Error('asked')) } };
    expect(await decide(scored(OF_TIER.high), { client: registered({ cooldownHours: 0 }), deps })).toEqual(SHOWN);
  });

  test('fault: a store that cannot tell has the card shown, and the log says so', async () => {
    const events: string[] = [];
    const deps: Partial<DisplayDeps> = {
      shownCards: { since: () => Promise.reject(new Error('down')) },
      logEvent: (event) => events.push(event),
    };
    expect(await decide(scored(OF_TIER.high), { site, deps })).toEqual(SHOWN);
    expect(events).toEqual(['cooldown.unknown']);
  });

  test('is asked for the patient of the tenant, and for its own hours', async () => {
    const asked: unknown[] = [];
    const deps: Partial<DisplayDeps> = {
      shownCards: {
        since: (...question) => {
          asked.push(question);
          return Promise.resolve([]);
        },
      },
    };
    await decide(scored(0.18), { client: { ...registered({ cooldownHours: 6 }), tenant: 't1' }, deps });
    expect(asked).toEqual([[{ clientId: 'ehr', tenant: 't1', patientId: 'p1' }, T0 - 6 * HOUR]]);
  });
});

test('of calls kept in memory none about the same id on another FHIR server counts: it is another patient', async () => {
  const cards = recentShownCards(() => [ofServer('https://a.example.org/fhir')]);
  const subject = { clientId: 'ehr', patientId: 'p1' };
  expect(await cards.since({ ...subject, fhirServer: 'https://a.example.org/fhir' }, 0)).toHaveLength(1);
  expect(await cards.since({ ...subject, fhirServer: 'https://b.example.org/fhir' }, 0)).toEqual([]);
});

function ofServer(fhirServer: string): AnsweredCall {
  return {
    assessment: scored(0.18),
    client: { id: 'ehr' },
    subject: { patientId: 'p1', userId: 'Practitioner/1', fhirServer },
    display: { kind: 'shown' },
    cardIds: [CARD_ID],
    answeredAtMs: T0,
    latencyMs: { assemble: 0, features: 0, predict: 0, explain: 0, total: 0 },
  };
}

test('of calls kept in memory only shown cards of that patient, client and tenant count, newest first', async () => {
  const kept = (changes: Partial<AnsweredCall>): AnsweredCall => ({
    assessment: scored(0.18),
    client: { id: 'ehr', tenant: 't1' },
    subject: { patientId: 'p1', userId: 'Practitioner/1' },
    display: { kind: 'shown' },
    cardIds: [CARD_ID],
    answeredAtMs: T0,
    latencyMs: { assemble: 0, features: 0, predict: 0, explain: 0, total: 0 },
    ...changes,
  });
  const calls = [
    kept({}),
    kept({ display: { kind: 'withheld', why: 'cooldown' } }),
    kept({ subject: { patientId: 'p2', userId: 'Practitioner/1' } }),
    kept({ client: { id: 'ehr', tenant: 't2' } }),
    kept({ client: { id: 'other', tenant: 't1' } }),
    kept({ answeredAtMs: T0 - 13 * HOUR }),
  ];
  const subject = { clientId: 'ehr', tenant: 't1', patientId: 'p1' };
  expect(await recentShownCards(() => calls).since(subject, T0 - 12 * HOUR)).toEqual([
    { answeredAtMs: T0, tier: 'high', products: ['rbc'], orders: ['ServiceRequest/draft-1'] },
  ]);
});

test('a chart that could not be read is withheld by silent mode, role, class or place alone, whatever else is set', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom<Tier>(...TIERS),
      fc.constantFrom<Tier>(...TIERS),
      fc.boolean(),
      fc.boolean(),
      async (tier, minTier, showNotScored, isScored) => {
        const site = { minTier, showNotScored, cooldownHours: 12 };
        const shown = TIERS.map((one) => card(one));
        const assessment = isScored
          ? scored(OF_TIER[tier], { record: unread })
          : notScored('too-little-data', { record: unread });
        expect(await decide(assessment, { site, shown })).toEqual(SHOWN);
      },
    ),
    { numRuns: 40 },
  );
});
