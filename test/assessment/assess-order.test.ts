import { describe, expect, test } from '@jest/globals';
import type { Bundle } from 'fhir/r4.js';
import fc from 'fast-check';
import { assessOrder, type AssessOrderDeps } from '../../src/assessment/assess-order.js';
import type { AnsweredCall } from '../../src/assessment/answered-call.js';
import { createPatientTurns } from '../../src/assessment/patient-turns.js';
import { recentShownCards } from '../../src/assessment/recent-shown-cards.js';
import type { RiskAssessment } from '../../src/assessment/risk-assessment.js';
import { defaultCardOptions } from '../../src/cards/card-options.js';
import type { CdsResponse } from '../../src/cds-hooks/card.js';
import type { HookRequest } from '../../src/cds-hooks/hook-request.js';
import { assertResponseShape } from '../../src/cds-hooks/response-shape.js';
import { predictRisk } from '../../src/ensemble/predict-risk.js';
import { ServiceError } from '../../src/errors/service-error.js';
import { mapFeatures } from '../../src/features/map-features.js';
import { logEvent, type Log } from '../../src/logging/logger.js';
import { loadBloodProductTable } from '../../src/orders/blood-product-table.js';
import type { EncounterInterval, ObservedValue, PatientRecord } from '../../src/record/patient-record.js';
import { HOUR, T0, coverage, record } from '../cards/assessments.js';
import { explainedBundle } from '../explanation/explained-model.js';
import { registered } from './registered.js';
import { SITE_DISPLAY } from './site-display.js';
import { CPT, PATIENT_ID, SCT, drafts, serviceRequest } from '../orders/draft-orders.js';

const HOOK_INSTANCE = 'd1577c69-dfbe-44ad-ba6d-3e05e953b2ea';

function call(draftOrders: Bundle): HookRequest {
  return {
    hook: 'order-sign',
    hookInstance: HOOK_INSTANCE,
    context: { userId: 'Practitioner/1', patientId: PATIENT_ID, draftOrders },
    prefetch: new Map(),
  };
}

const value = (concept: string, number: number, hoursBefore: number): ObservedValue => {
  const timeMs = T0 - hoursBefore * HOUR;
  return { concept, value: number, timeMs, availableMs: timeMs, evidence: `Observation/${concept}` };
};
const VALUES = [value('lactate', 6.1, 2), value('hr', 118, 0.2), value('hb', 7.2, 5)];
const CHART = record({
  values: VALUES,
  encounters: [{ setting: 'icu', startMs: T0 - 40 * HOUR, evidence: 'Encounter/1' }],
});

const RED_CELLS = drafts(
  serviceRequest({ system: SCT, code: '116863004' }, { authoredOn: new Date(T0).toISOString() }),
);

interface Trace {
  readonly steps: string[];
  readonly saved: RiskAssessment[];
  readonly calls: AnsweredCall[];
  readonly predictionTimes: number[];
  readonly lines: Readonly<Record<string, unknown>>[];
}

function service(
  chart: PatientRecord = CHART,
  changes: Partial<AssessOrderDeps> = {},
): { deps: AssessOrderDeps; trace: Trace } {
  const trace: Trace = { steps: [], saved: [], calls: [], predictionTimes: [], lines: [] };
  const log: Log = { isStrict: true, mayWrite: () => true, write: (_level, line) => trace.lines.push(line) };
  let ids = 0;
  const newId = (): string => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`;
  const bundle = explainedBundle();
  return {
    trace,
    deps: {
      bloodProducts: loadBloodProductTable(),
      useModel: (run) =>
        run({
          ...bundle,
          score: (...args) => {
            trace.steps.push('score');
            return bundle.score(...args);
          },
        }),
      assembleRecord: (_request, orders, { predictionTimeMs }) => {
        trace.steps.push('assembleRecord');
        trace.predictionTimes.push(predictionTimeMs);
        return Promise.resolve({ record: { ...chart, orders } });
      },
      store: {
        save: async (answered) => {
          await new Promise((resolve) => setTimeout(resolve, 5));
          trace.steps.push('save');
          trace.saved.push(answered.assessment);
          trace.calls.unshift(answered);
        },
      },
      clock: () => T0 + 1000,
      newId,
      shownCards: recentShownCards(() => trace.calls),
      turns: createPatientTurns({ longestWaitMs: 60_000 }),
      siteDisplay: SITE_DISPLAY,
      cardOptions: defaultCardOptions(newId),
      logEvent: (event, fields) => logEvent(log, event, fields),
      ...changes,
    },
  };
}

const CLIENT = { id: 'test' };

async function faultOf(run: Promise<CdsResponse>): Promise<ServiceError> {
  try {
    await run;
  } catch (error) {
    if (error instanceof ServiceError) return error;
  }
  throw new Error('was answered');
}

describe('a blood product order', () => {
  test('is answered with one card, after the assessment was kept', async () => {
    const { deps, trace } = service();
    const response = await assessOrder(deps, call(RED_CELLS), CLIENT);
    expect(trace.steps).toEqual(['assembleRecord', 'score', 'save']);
    assertResponseShape(response);
    expect(response.cards).toHaveLength(1);
    expect(response.cards[0]?.summary).toMatch(/at the order of red cells$/);
    expect(response.cards[0]?.detail).toContain('- lactate 6.1 mmol/L, 2 h ago: associated with higher predicted risk');
  });

  test('the card tells the probability of the ensemble, and its id is that of the kept assessment', async () => {
    const { deps, trace } = service();
    const { cards } = await assessOrder(deps, call(RED_CELLS), CLIENT);
    const tensors = mapFeatures(CHART, explainedBundle().spec, { predictionTimeMs: T0 });
    const { probability, tier } = await predictRisk(explainedBundle(), tensors);
    expect(cards[0]?.extension).toMatchObject({
      'org.hemolens.assessment': { assessmentId: trace.saved[0]?.assessmentId, probability, tier, inIcu: true },
    });
    expect(trace.saved[0]).toMatchObject({ hookInstance: HOOK_INSTANCE, predictionTimeMs: T0, inIcu: true });
  });

  test('several orders are one card (req. 78)', async () => {
    const { deps } = service();
    const orders = drafts(
      serviceRequest({ system: SCT, code: '116863004' }, { id: 'a' }),
      serviceRequest({ system: SCT, code: '116861002' }, { id: 'b' }),
    );
    const { cards } = await assessOrder(deps, call(orders), CLIENT);
    expect(cards).toHaveLength(1);
    expect(cards[0]?.summary).toMatch(/red cells and plasma$/);
  });

  test('is scored for the time the order was written, else for the time of the call', async () => {
    const { deps, trace } = service();
    await assessOrder(deps, call(RED_CELLS), CLIENT);
    const undated = drafts(serviceRequest({ system: SCT, code: '116863004' }, { authoredOn: '2026-11-23' }));
    await assessOrder(deps, call(undated), CLIENT);
    expect(trace.predictionTimes).toEqual([T0, T0 + 1000]);
  });

  test('nothing that happened or was filed after the order changes the card', async () => {
    const { deps } = service();
    const before = await assessOrder(deps, call(RED_CELLS), CLIENT);
    const later = fc.record({
      concept: fc.constantFrom('lactate', 'hr', 'hb'),
      value: fc.double({ min: 1, max: 200, noNaN: true }),
      hoursBefore: fc.double({ min: -100, max: 40, noNaN: true }),
      filedAfterMs: fc.integer({ min: 1, max: 1e9 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(later, { minLength: 1, maxLength: 10 }), async (rows) => {
        const unseen = rows.map(({ concept, value: number, hoursBefore, filedAfterMs }) => ({
          ...value(concept, number, hoursBefore),
          availableMs: T0 + filedAfterMs,
        }));
        const after = await assessOrder(
          service({ ...CHART, values: [...VALUES, ...unseen] }).deps,
          call(RED_CELLS),
          CLIENT,
        );
        expect(after).toEqual(before);
      }),
      { numRuns: 50 },
    );
  });
});

describe('no score', () => {
  test.each([
    ['a child', { ...CHART, birthDate: '2015-01-01' }, 'under-18'],
    ['an empty chart', record(), 'too-little-data'],
  ])('%s gets an info card that says why, and is kept', async (_who, chart, reason) => {
    const { deps, trace } = service(chart);
    const response = await assessOrder(deps, call(RED_CELLS), CLIENT);
    assertResponseShape(response);
    expect(response.cards[0]).toMatchObject({
      indicator: 'info',
      extension: { 'org.hemolens.assessment': { notScored: reason } },
    });
    expect(trace.steps).toEqual(['assembleRecord', 'save']);
    expect(trace.saved[0]?.outcome).toEqual({ kind: 'not-scored', reason });
  });

  test('vital signs that could not be read are named beside the reason', async () => {
    const unread = record({ coverage: coverage({ vitals: { kind: 'unavailable', reason: 'timeout' } }) });
    const { cards } = await assessOrder(service(unread).deps, call(RED_CELLS), CLIENT);
    expect(cards[0]?.detail).toContain('- vital signs: no answer in time');
  });

  test('silence by configuration is kept too', async () => {
    const { deps, trace } = service({ ...CHART, birthDate: '2015-01-01' });
    const quiet = { ...deps, siteDisplay: { ...SITE_DISPLAY, showNotScored: false } };
    expect(await assessOrder(quiet, call(RED_CELLS), CLIENT)).toEqual({ cards: [] });
    expect(trace.saved).toHaveLength(1);
  });
});

describe('a card that is withheld', () => {
  const silent = registered({ mode: 'silent' });

  test('in silent mode everything runs and is kept, and no card is returned', async () => {
    const { deps, trace } = service();
    expect(await assessOrder(deps, call(RED_CELLS), silent)).toEqual({ cards: [] });
    expect(trace.steps).toEqual(['assembleRecord', 'score', 'save']);
    expect(trace.calls).toMatchObject([{ display: { kind: 'withheld', why: 'silent-mode' }, cardIds: [] }]);
    expect(trace.saved[0]?.outcome.kind).toBe('scored');
    const answered = trace.lines.find(({ event }) => event === 'assessment.answered');
    expect(answered).toMatchObject({ display: 'silent-mode', cards: 0 });
  });

  test('a silent client gets no card about orders that only their words name either', async () => {
    const wordsOnly = drafts(serviceRequest({ system: 'urn:oid:1.2.3', code: '1', display: 'TRANSFUSE RBC' }));
    expect(await assessOrder(service().deps, call(wordsOnly), silent)).toEqual({ cards: [] });
  });

  test('fault: in silent mode too a chart that cannot be read at all is a fault', async () => {
    const { deps } = service(CHART, {
      assembleRecord: () => Promise.reject(new ServiceError('ERR_CHART_UNAVAILABLE', { detail: 'no' })),
    });
    expect((await faultOf(assessOrder(deps, call(RED_CELLS), silent))).status).toBe(412);
  });

  test('is kept with the reason, for an encounter in the operating room (req. 78)', async () => {
    const suppression = { userRoles: [], encounterClasses: [], locations: ['Location/or-3'] };
    const inRoom = { ...CHART.encounters[0], places: [{ names: ['Location/or-3'] }] } as EncounterInterval;
    const { deps, trace } = service({ ...CHART, encounters: [inRoom] });
    expect(await assessOrder(deps, call(RED_CELLS), registered({ suppression }))).toEqual({ cards: [] });
    expect(trace.calls).toMatchObject([{ display: { kind: 'withheld', why: 'location' } }]);
  });
});

describe('the cooldown', () => {
  const client = registered({ cooldownHours: 12 });

  test('orders of one patient signed at once, each in a call of its own, get one card', async () => {
    const { deps, trace } = service();
    const answers = await Promise.all([1, 2, 3].map(() => assessOrder(deps, call(RED_CELLS), client)));
    expect(answers.map(({ cards }) => cards.length).sort()).toEqual([0, 0, 1]);
    expect(trace.calls).toHaveLength(3);
  });

  test('another patient, and another client, have their own', async () => {
    const { deps } = service();
    const other = { ...registered({ cooldownHours: 12 }), id: 'another-ehr' };
    const answers = [
      await assessOrder(deps, call(RED_CELLS), client),
      await assessOrder(deps, call(RED_CELLS), client),
      await assessOrder(deps, call(RED_CELLS), other),
    ];
    expect(answers.map(({ cards }) => cards.length)).toEqual([1, 0, 1]);
  });

  test('fault: a first card that could not be kept, and so was never shown, does not silence the second', async () => {
    const { deps } = service();
    let saves = 0;
    const flaky: AssessOrderDeps = {
      ...deps,
      store: {
        save: (answered) => {
          saves += 1;
          return saves === 1
            ? Promise.reject(new ServiceError('ERR_STORE', { detail: 'no' }))
            : deps.store.save(answered);
        },
      },
    };
    const [first, second] = await Promise.allSettled([1, 2].map(() => assessOrder(flaky, call(RED_CELLS), client)));
    expect(first?.status).toBe('rejected');
    expect(second).toMatchObject({ status: 'fulfilled', value: { cards: [{}] } });
  });
});

describe('what a call sets (req. 76)', () => {
  const asking = (configuration: HookRequest['configuration']): HookRequest => ({
    ...call(RED_CELLS),
    ...(configuration ? { configuration } : {}),
  });

  test('shows fewer drivers, or no card for the tier; the kept assessment is whole', async () => {
    const { deps, trace } = service();
    const ignored = { unknown: 0, misfit: 0 };
    const { cards } = await assessOrder(deps, asking({ maxDrivers: 0, ignored }), CLIENT);
    expect(cards[0]?.detail).not.toContain('Main drivers');
    const [kept] = trace.saved;
    expect(kept?.outcome.kind === 'scored' && kept.outcome.explanation.drivers.length).toBeGreaterThan(0);
    const highest = await assessOrder(deps, asking({ minTierLevel: 3, ignored }), CLIENT);
    const [tier] = trace.saved.map(({ outcome }) => (outcome.kind === 'scored' ? outcome.prediction.tier : ''));
    expect(highest.cards).toHaveLength(tier === 'very-high' ? 1 : 0);
  });

  test('is counted in the log where it does not count, without its words', async () => {
    const { deps, trace } = service();
    const configuration = { maxDrivers: 1, ignored: { unknown: 2, misfit: 1 } };
    const { cards } = await assessOrder(deps, asking(configuration), registered());
    expect(cards).toHaveLength(1);
    expect(trace.lines[0]).toEqual({
      event: 'call.configured',
      hookInstance: HOOK_INSTANCE,
      client: 'ehr',
      unknown: 2,
      misfit: 1,
      refused: 1,
    });
  });
});

describe('an order for something else', () => {
  test('is answered without a card, a FHIR call or a row (req. 35, 78)', async () => {
    const { deps, trace } = service();
    const typeAndScreen = drafts(serviceRequest({ system: CPT, code: '86850', display: 'Antibody screen' }));
    expect(await assessOrder(deps, call(typeAndScreen), CLIENT)).toEqual({ cards: [] });
    expect(trace.steps).toEqual([]);
  });

  const wordsOnly = drafts(serviceRequest({ system: 'urn:oid:1.2.3', code: '1', display: 'TRANSFUSE RBC' }));

  test('whose words alone name a blood product is reported, without a FHIR call', async () => {
    const { deps, trace } = service();
    const response = await assessOrder(deps, call(wordsOnly), CLIENT);
    assertResponseShape(response);
    expect(response.cards[0]?.detail).toContain('ServiceRequest/draft-1');
    expect(trace.steps).toEqual([]);
  });

  test('is ignored or scored where the site says so, and counted in the log either way', async () => {
    const ignoring = service(CHART, { bloodProducts: loadBloodProductTable(undefined, { textOnly: 'ignore' }) });
    expect(await assessOrder(ignoring.deps, call(wordsOnly), CLIENT)).toEqual({ cards: [] });
    expect(ignoring.trace.lines[0]).toMatchObject({ event: 'orders.screened', kind: 'not-blood', textOnly: 1 });

    const firing = service(CHART, { bloodProducts: loadBloodProductTable(undefined, { textOnly: 'fire' }) });
    const { cards } = await assessOrder(firing.deps, call(wordsOnly), CLIENT);
    expect(cards[0]?.summary).toMatch(/at the order of blood product$/);
    expect(cards[0]?.detail).toContain('recognised by its words only');
  });
});

describe('faults never become an empty list of cards', () => {
  const failing = (code: 'ERR_CHART_UNAVAILABLE' | 'ERR_FHIR_TIMEOUT' | 'ERR_STORE'): (() => Promise<never>) => {
    return () => Promise.reject(new ServiceError(code, { detail: 'no' }));
  };

  test.each(['ERR_CHART_UNAVAILABLE', 'ERR_FHIR_TIMEOUT'] as const)('fault: %s is answered with 412', async (code) => {
    const { deps, trace } = service(CHART, { assembleRecord: failing(code) });
    expect((await faultOf(assessOrder(deps, call(RED_CELLS), CLIENT))).status).toBe(412);
    expect(trace.saved).toEqual([]);
  });

  test('fault: an assessment that could not be kept is not answered', async () => {
    const { deps } = service(CHART, { store: { save: failing('ERR_STORE') } });
    expect((await faultOf(assessOrder(deps, call(RED_CELLS), CLIENT))).status).toBe(500);
  });

  test('fault: a model that gives no number is not answered', async () => {
    const bundle = { ...explainedBundle(), score: () => Promise.resolve({ logits: Float32Array.of(NaN) }) };
    const { deps } = service(CHART, { useModel: (run) => run(bundle) });
    expect((await faultOf(assessOrder(deps, call(RED_CELLS), CLIENT))).code).toBe('ERR_MODEL_BUNDLE');
  });

  test('bad call: an order about another patient is refused before anything is read', async () => {
    const { deps, trace } = service();
    const other = drafts(serviceRequest({ system: SCT, code: '116863004' }, { subject: { reference: 'Patient/2' } }));
    const fault = await faultOf(assessOrder(deps, call(other), CLIENT));
    expect(fault.status).toBe(400);
    expect(fault.expression).toBe('context.draftOrders.entry[0].resource.subject.reference');
    expect(trace.steps).toEqual([]);
  });
});

test('the log holds ids, counts and the model, nothing of the patient', async () => {
  const { deps, trace } = service();
  await assessOrder(deps, call(RED_CELLS), CLIENT);
  expect(trace.lines.map(({ event }) => event)).toEqual([
    'orders.screened',
    'assessment.decided',
    'assessment.answered',
  ]);
  // The tier is on a line that is tied to no call.
  expect(trace.lines[1]).toEqual({
    event: 'assessment.decided',
    client: 'test',
    outcome: 'scored',
    tier: 'very-high',
    display: 'shown',
    cards: 1,
  });
  const ms: unknown = expect.any(Number);
  expect(trace.lines[2]).toEqual({
    event: 'assessment.answered',
    client: 'test',
    assembleMs: ms,
    featuresMs: ms,
    predictMs: ms,
    explainMs: ms,
    totalMs: ms,
    hookInstance: HOOK_INSTANCE,
    assessmentId: trace.saved[0]?.assessmentId,
    outcome: 'scored',
    cards: 1,
    display: 'shown',
    durationMs: 0,
    modelId: 'test-model',
    modelVersion: '0.0.1',
    notes: 'unused',
    series: 'unused',
    unavailable: 0,
  });
});
