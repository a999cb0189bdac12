import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ChartFacts } from '../../../src/cohort/cohort-source.js';
import type { IndexRule } from '../../../src/cohort/plan/episodes.js';
import { planCohort, type CohortPlan } from '../../../src/cohort/plan/plan-cohort.js';
import { assignGroups, assignPatients, assignPeriods } from '../../../src/cohort/plan/splits.js';
import { chartOf, DAY, HOUR, NOON, orderAt, productAt } from '../made-up-chart.js';

const ABOUT = { deathsSeen: 'any', sameDayDeath: 'event' } as const;
const TOTALS = { patients: 9, admissions: 9, icuStays: 9 };
const ORDERS: IndexRule = { kind: 'order-time', gapHours: 24, landmarkHours: [24] };
const plan = (charts: readonly ChartFacts[], rule = ORDERS): CohortPlan => planCohort(charts, TOTALS, ABOUT, rule);

describe('who is left out, counted under the first reason that holds', () => {
  test.each([
    ['under-18', { birthDate: '2140-01-01' }],
    ['impossible-outcome', { impossibleOutcome: 'survival', birthDate: '2140-01-01' }],
    ['dead-before-index', { deathDay: 0 }],
    ['comfort-care', { comfortCareMs: NOON }],
    [
      'after-discharge',
      { admissions: [{ admissionId: 'a1', startMs: 0, endMs: NOON - HOUR, isDeadAtDischarge: false }], icuStays: [] },
    ],
  ] as const)('%s', (reason, changes) => {
    const found = plan([chartOf({ orders: [orderAt(1)], ...changes })]);
    expect(found.episodes).toEqual([]);
    expect(found.excluded[reason]).toEqual({ patients: 1, admissions: 1, episodes: 1 });
    expect(Object.values(found.excluded).reduce((sum, { episodes }) => sum + episodes, 0)).toBe(1);
  });

  test('a patient without an age', () => {
    const { birthDate, ...chart } = chartOf({ orders: [orderAt(1)] });
    expect(birthDate).toBeDefined();
    expect(plan([chart]).excluded['age-unknown'].episodes).toBe(1);
  });

  test('a product charted before the patient reached the ICU, but not an order written then', () => {
    const chart = chartOf({ transfusions: [productAt(-2)], orders: [orderAt(-2)] });
    expect(plan([chart], { ...ORDERS, kind: 'admin-start' }).excluded['before-icu-data'].episodes).toBe(1);
    expect(plan([chart]).episodes).toHaveLength(1);
  });

  test('a product charted after discharge, when the patient was in no admission', () => {
    const admissions = [{ admissionId: 'a1', startMs: 0, endMs: NOON - HOUR, isDeadAtDischarge: false }];
    const chart = chartOf({ admissions, icuStays: [], transfusions: [productAt(1)], orders: [orderAt(1)] });
    expect(plan([chart], { ...ORDERS, kind: 'admin-start' }).excluded['after-discharge'].episodes).toBe(1);
  });

  test('an order that names an admission the chart does not have lies in the one of its time', () => {
    const [episode] = plan([chartOf({ orders: [orderAt(1, { admissionId: 'a9' })] })]).episodes;
    expect(episode).toMatchObject({ admissionId: 'a1', stayId: 's1' });
  });

  test('comfort measures documented after the index exclude nobody', () => {
    expect(plan([chartOf({ orders: [orderAt(1)], comfortCareMs: NOON + 2 * HOUR })]).episodes).toHaveLength(1);
  });
});

test('first of the patient is in the earliest chart, first of the admission in each', () => {
  const charts = [
    chartOf({ chartId: 'c1', chartOrder: 1, orders: [orderAt(1), orderAt(60)] }),
    chartOf({ chartId: 'c2', chartOrder: 0, orders: [orderAt(2)] }),
  ];
  const flags = plan(charts).episodes.map(({ isFirstOfPatient, isFirstOfAdmission, patientEpisodes }) => [
    isFirstOfPatient,
    isFirstOfAdmission,
    patientEpisodes,
  ]);
  expect(flags).toEqual([
    [false, true, 3],
    [false, false, 3],
    [true, true, 3],
  ]);
});

describe('splits', () => {
  const patients = (n: number): ReadonlyMap<string, string> =>
    new Map(Array.from({ length: n }, (_, index) => [`p${index}`, index % 10 === 0 ? '1' : '0']));

  test('every fold and every split holds its share of deaths and of survivors', () => {
    const assigned = assignPatients(patients(1000));
    for (const stratum of ['0', '1']) {
      const own = [...patients(1000)]
        .filter(([, value]) => value === stratum)
        .map(([patient]) => assigned.get(patient));
      for (const fold of [0, 1, 2, 3, 4]) expect(own.filter((one) => one?.fold === fold)).toHaveLength(own.length / 5);
      expect(own.filter((one) => one?.split === 'train')).toHaveLength(own.length * 0.7);
      expect(own.filter((one) => one?.split === 'held_out')).toHaveLength(own.length * 0.2);
    }
  });

  test('do not depend on the order in which patients come', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...patients(40)], { minLength: 40 }), (shuffled) => {
        const assigned = assignPatients(new Map(shuffled));
        expect(new Map([...assigned].sort())).toEqual(new Map([...assignPatients(patients(40))].sort()));
      }),
    );
  });

  test('a few more patients move only those at the cuts', () => {
    const before = assignPatients(patients(2000));
    const after = assignPatients(patients(2010));
    const moved = [...before].filter(([patient, { fold }]) => after.get(patient)?.fold !== fold);
    expect(moved.length).toBeLessThan(40);
  });

  test('the latest period is held out, the one before tunes; two periods cannot be parted', () => {
    expect([...assignPeriods(['2014 - 2016', '2008 - 2010', '2011 - 2013'])]).toEqual([
      ['2008 - 2010', 'train'],
      ['2011 - 2013', 'tuning'],
      ['2014 - 2016', 'held_out'],
    ]);
    expect(assignPeriods(['2014 - 2016', '2011 - 2013']).size).toBe(0);
  });

  test('hospitals are dealt to five parts', () => {
    const groups = assignGroups(Array.from({ length: 10 }, (_, index) => `h${index}`));
    expect([0, 1, 2, 3, 4].map((fold) => [...groups.values()].filter((one) => one === fold).length)).toEqual([
      2, 2, 2, 2, 2,
    ]);
  });

  test("a patient's charts and episodes share a fold", () => {
    const charts = [
      chartOf({ chartId: 'c1', orders: [orderAt(1), orderAt(60)] }),
      chartOf({ chartId: 'c2', chartOrder: 1, deathDay: Math.floor((NOON + DAY) / DAY), orders: [orderAt(2)] }),
    ];
    expect(new Set(plan(charts).episodes.map(({ fold, split }) => `${fold} ${split}`)).size).toBe(1);
  });

  test('a patient is in the same fold and split whatever the index, and whoever it leaves out', () => {
    const charts = Array.from({ length: 60 }, (_, n) => {
      const died = { deathDay: Math.floor((NOON + (n % 3) * DAY) / DAY) };
      const blood = n % 2 === 0 ? { orders: [orderAt(7)], transfusions: [productAt(n % 4 === 0 ? 9 : -30)] } : {};
      return chartOf({ chartId: `c${n}`, patientId: `p${n}`, ...blood, ...(n % 5 === 0 ? died : {}) });
    });
    const partOf = (rule: IndexRule): ReadonlyMap<string, string> =>
      new Map(plan(charts, rule).episodes.map(({ patientId, fold, split }) => [patientId, `${fold} ${split}`]));
    const landmarks = partOf({ kind: 'landmark', gapHours: 24, landmarkHours: [6, 24] });
    for (const kind of ['order-time', 'admin-start'] as const) {
      const episodes = partOf({ ...ORDERS, kind });
      expect(episodes.size).toBeGreaterThan(10);
      expect(episodes.size).toBeLessThan(landmarks.size);
      for (const [patient, part] of episodes) expect(part).toBe(landmarks.get(patient) ?? part);
    }
  });
});
