import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { filedWhenCharted, checkFiling } from '../../../src/cohort/guards/check-filing.js';
import { alteredFutures, chance } from '../../../src/cohort/guards/altered-future.js';
import { checkMapping, isMappingChecked, type MappedExample } from '../../../src/cohort/guards/check-mapping.js';
import { checkColumnsRead, checkIndex, checkPlan } from '../../../src/cohort/guards/check-plan.js';
import { checkNoteTexts, checkRawValues } from '../../../src/cohort/guards/check-row.js';
import type { FilingTime, LeakageTrap, SourceChart } from '../../../src/cohort/cohort-source.js';
import { episodesOf } from '../../../src/cohort/plan/episodes.js';
import { planCohort } from '../../../src/cohort/plan/plan-cohort.js';
import { tensorDifferences } from '../../../src/features/compare-tensors.js';
import { fullFeatureSpec } from '../../../src/features/build-feature-spec.js';
import { mapFeatures } from '../../../src/features/map-features.js';
import type { PatientRecord } from '../../../src/record/patient-record.js';
import { chartOf, DAY, HOUR, NOON, orderAt, productAt } from '../made-up-chart.js';

const spec = fullFeatureSpec();
const covered = { kind: 'covered', sinceMs: null, origin: 'dataset' } as const;

const VALUES = { hr: 90, sbp: 110, dbp: 60, hb: 8, lactate: 2, gcs_motor: 6, urine_mlkgh: 70, weight: 70 };

/** A chart in which there is something of every kind before and after noon, and something that runs across it. */
const RECORD: PatientRecord = {
  birthDate: '2090-01-01',
  sex: 'female',
  values: [-30, -3, -1, 1, 5, 30].flatMap((hours) =>
    (['hr', 'sbp', 'dbp', 'hb', 'lactate', 'gcs_motor', 'urine_mlkgh', 'weight'] as const).map((concept) => ({
      concept,
      value: VALUES[concept],
      timeMs: NOON + hours * HOUR,
      availableMs: NOON + hours * HOUR,
      evidence: `Observation/${concept}-${hours}`,
    })),
  ),
  administrations: [
    {
      kind: 'vasopressor',
      agent: 'norepinephrine',
      startMs: NOON - HOUR,
      endMs: NOON + HOUR,
      availableMs: NOON - HOUR,
      rate: { value: 0.1, unit: 'ug/kg/min' },
      volumeMl: 20,
      evidence: 'nor',
    },
    {
      kind: 'blood',
      agent: 'rbc',
      startMs: NOON - HOUR,
      endMs: NOON + HOUR,
      availableMs: NOON - HOUR,
      volumeMl: 700,
      evidence: 'rbc-running',
    },
    {
      kind: 'blood',
      agent: 'rbc',
      startMs: NOON,
      endMs: NOON + HOUR,
      availableMs: NOON,
      volumeMl: 350,
      evidence: 'index',
    },
    {
      kind: 'blood',
      agent: 'plasma',
      startMs: NOON + HOUR,
      endMs: NOON + 2 * HOUR,
      availableMs: NOON + HOUR,
      volumeMl: 300,
      evidence: 'plasma-later',
    },
  ],
  procedures: [
    {
      kind: 'invasive-ventilation',
      startMs: NOON - 5 * HOUR,
      endMs: NOON + DAY,
      availableMs: NOON - 5 * HOUR,
      evidence: 'vent',
    },
    { kind: 'renal-replacement', startMs: NOON + HOUR, endMs: NOON + DAY, availableMs: NOON + HOUR, evidence: 'rrt' },
  ],
  encounters: [
    {
      setting: 'inpatient',
      admissionType: 'emergency',
      startMs: NOON - 2 * DAY,
      endMs: NOON + 3 * DAY,
      evidence: 'adm',
    },
    { setting: 'icu', startMs: NOON - DAY, endMs: NOON + 2 * DAY, evidence: 'icu' },
  ],
  conditions: [{ charlson: 'renal', recordedMs: NOON + 3 * DAY, evidence: 'dx' }],
  notes: [
    { kind: 'radiology', availableMs: NOON - HOUR, text: 'IMPRESSION: no change.', evidence: 'n1' },
    { kind: 'discharge', availableMs: NOON + 3 * DAY, text: 'SUMMARY: died.', evidence: 'n2' },
  ],
  orders: [{ products: ['rbc'], reference: 'e1' }],
  coverage: {
    patient: covered,
    encounters: covered,
    labs: covered,
    vitals: covered,
    bedside: covered,
    administrations: covered,
    procedures: covered,
    conditions: covered,
    notes: covered,
  },
  rejections: [],
};
const INDEX = { indexMs: NOON, indexEvidence: ['index'] };
const example = (map: typeof mapFeatures, record = RECORD): MappedExample => ({
  episodeId: 'e1',
  record,
  tensors: map(record, spec, { predictionTimeMs: NOON }),
  ...INDEX,
});

/** A mapping that peeks: the first column is a figure it had no right to see. */
const peeking =
  (peek: (record: PatientRecord) => number): typeof mapFeatures =>
  (record, given, options) => {
    const tensors = mapFeatures(record, given, options);
    const tabular = Float32Array.from(tensors.tabular);
    tabular[0] = peek(record);
    return { ...tensors, tabular };
  };

describe('the mapping that serves', () => {
  test('moving every event after the index to a random later time changes no column', () => {
    const record = { ...RECORD, administrations: RECORD.administrations.filter(({ startMs }) => startMs < NOON) };
    const tensors = mapFeatures(record, spec, { predictionTimeMs: NOON });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
        for (const { trap, record: future } of alteredFutures(record, INDEX, chance(seed))) {
          expect([trap, tensorDifferences(tensors, mapFeatures(future, spec, { predictionTimeMs: NOON }))]).toEqual([
            trap,
            [],
          ]);
        }
      }),
    );
  });

  test('passes the guard, which looks at every kind of future', () => {
    const tally = new Map<LeakageTrap, number>();
    const record = {
      ...RECORD,
      administrations: RECORD.administrations.filter(({ evidence }) => evidence !== 'index'),
    };
    checkMapping(mapFeatures, example(mapFeatures, record), spec, tally);
    // At order time the record still holds the product that will be given: its own row is the index.
    const ordered = { ...RECORD, administrations: RECORD.administrations.filter(({ startMs }) => startMs !== NOON) };
    const later = {
      kind: 'blood',
      agent: 'rbc',
      startMs: NOON + HOUR,
      availableMs: NOON + HOUR,
      evidence: 'index',
    } as const;
    const withOwn = { ...ordered, administrations: [...ordered.administrations, later] };
    checkMapping(mapFeatures, example(mapFeatures, withOwn), spec, tally);
    expect([...tally.keys()].sort()).toEqual([
      'index-volume',
      'note-filed-after-index',
      'running-dose-or-end',
      'same-admission-diagnosis',
      'stay-end-or-length',
      'window-past-index',
    ]);
  });

  test('counts no look at a chart that has nothing of the kind', () => {
    const tally = new Map<LeakageTrap, number>();
    const record = { ...RECORD, notes: [], conditions: [], administrations: [] };
    checkMapping(mapFeatures, example(mapFeatures, record), spec, tally);
    expect([...tally.keys()].sort()).toEqual(['running-dose-or-end', 'stay-end-or-length', 'window-past-index']);
  });

  test('every futures guard really alters something in this chart', () => {
    for (const { trap, record } of alteredFutures(RECORD, INDEX, chance(1))) {
      expect([trap, JSON.stringify(record) === JSON.stringify(RECORD)]).toEqual([trap, false]);
    }
  });
});

describe('a leaky mapping is rejected by the name of its trap', () => {
  const cases: readonly (readonly [LeakageTrap, string, (record: PatientRecord) => number])[] = [
    [
      'window-past-index',
      'a first-day worst value that reaches past the index',
      ({ values }) => Math.max(...values.filter(({ timeMs }) => timeMs < NOON + DAY).map(({ value }) => value)),
    ],
    [
      'running-dose-or-end',
      'how long the running infusion will go on',
      ({ administrations }) => administrations.find(({ evidence }) => evidence === 'nor')?.endMs ?? 0,
    ],
    [
      'running-dose-or-end',
      'how long the ventilator will go on',
      ({ procedures }) => procedures.find(({ evidence }) => evidence === 'vent')?.endMs ?? 0,
    ],
    [
      'index-volume',
      'how much of the index product was given',
      ({ administrations }) => administrations.find(({ evidence }) => evidence === 'index')?.volumeMl ?? 0,
    ],
    [
      'stay-end-or-length',
      'the length of stay',
      ({ encounters }) => encounters.reduce((sum, { endMs = 0, startMs }) => sum + endMs - startMs, 0),
    ],
    [
      'same-admission-diagnosis',
      'codes of the same admission (ICD-only models reach 0.97)',
      ({ conditions }) => conditions.filter(({ charlson }) => charlson === 'renal').length,
    ],
    [
      'note-filed-after-index',
      'the discharge summary',
      ({ notes }) => notes.filter(({ text }) => text.includes('died')).length,
    ],
  ];
  test.each(cases)('%s: %s', (trap, _words, peek) => {
    const map = peeking(peek);
    expect(() => {
      checkMapping(map, example(map), spec, new Map());
    }).toThrow(new RegExp(`ERR_LEAKAGE: ${trap}: `));
  });
});

describe('a record that knows a row before it was filed is rejected by the name of its trap', () => {
  const filed = (trap: LeakageTrap, evidence: string, availableMs: number): SourceChart => ({
    chartId: 'c1',
    record: RECORD,
    withoutFilingTime: 0,
    filing: new Map<string, FilingTime>([...everything, [evidence, { availableMs, trap }]]),
  });
  const everything = new Map<string, FilingTime>([
    ...filedWhenCharted(RECORD),
    ...RECORD.conditions.map(({ evidence, recordedMs }): [string, FilingTime] => [
      evidence,
      { availableMs: recordedMs, trap: 'same-admission-diagnosis' },
    ]),
    ...RECORD.notes.map(({ evidence, availableMs }): [string, FilingTime] => [
      evidence,
      { availableMs, trap: 'note-filed-after-index' },
    ]),
  ]);

  test.each([
    ['result-filed-after-index', 'Observation/hb--1', 'charted before the index, filed after it'],
    ['administration-filed-after-index', 'nor', 'an infusion entered hours later'],
    ['procedure-filed-after-index', 'vent', 'a procedure entered hours later'],
    ['same-admission-diagnosis', 'dx', 'a code written after discharge'],
    ['note-filed-after-index', 'n1', 'a report finalised after the examination'],
    ['own-discharge-summary', 'n2', 'the summary of the same admission'],
    ['hourly-bin-before-its-end', 'Observation/hr--1', 'an hourly bin at its beginning'],
    ['apache-before-hour-24', 'Observation/hr--3', 'the worst of the first day, on the first day'],
  ] as const)('%s: %s, %s', (...[trap, evidence]) => {
    expect(() => {
      checkFiling(filed(trap, evidence, NOON + 5 * DAY), new Map());
    }).toThrow(new RegExp(`ERR_LEAKAGE: ${trap}: .* known before it was filed`));
    expect(() => {
      checkFiling(filed(trap, evidence, -Infinity), new Map());
    }).not.toThrow();
  });

  test('row-without-filing-time: a row that no table of the source accounts for', () => {
    const filing = new Map(everything);
    filing.delete('nor');
    expect(() => {
      checkFiling({ chartId: 'c1', record: RECORD, filing, withoutFilingTime: 0 }, new Map());
    }).toThrow('row-without-filing-time');
  });
});

describe('a leaky plan is rejected by the name of its trap', () => {
  const rule = { kind: 'admin-start', gapHours: 24, landmarkHours: [24] } as const;
  const charts = [
    chartOf({ transfusions: [productAt(1), productAt(40)], deathDay: Math.floor((NOON + 3 * DAY) / DAY) }),
  ];
  const { episodes } = planCohort(
    charts,
    { patients: 1, admissions: 1, icuStays: 1 },
    { deathsSeen: 'any', sameDayDeath: 'event' },
    rule,
  );

  test('outcome-dependent-index: those who died are indexed at their last product, survivors at their first', () => {
    const leaky: typeof episodesOf = (chart, given) => {
      const found = episodesOf(chart, given);
      return 'deathDay' in chart ? { ...found, episodes: found.episodes.slice(-1) } : found;
    };
    expect(() => {
      checkIndex(leaky, charts, rule, new Map());
    }).toThrow('ERR_LEAKAGE: outcome-dependent-index');
    expect(() => {
      checkIndex(episodesOf, charts, rule, new Map());
    }).not.toThrow();
  });

  test('index-is-operating-room-charting: an index that rests on a row charted on arrival', () => {
    const theatre = [chartOf({ transfusions: [productAt(1, { place: 'operating-room' }), productAt(40)] })];
    expect(() => {
      checkPlan(theatre, episodes, new Map());
    }).toThrow('ERR_LEAKAGE: index-is-operating-room-charting');
  });

  test('patient-in-two-folds: two episodes of one patient, two folds', () => {
    const parted = episodes.map((episode, index) => ({ ...episode, fold: index }));
    expect(() => {
      checkPlan(charts, parted, new Map());
    }).toThrow('ERR_LEAKAGE: patient-in-two-folds');
    expect(() => {
      checkPlan(charts, episodes, new Map());
    }).not.toThrow();
  });

  test.each([
    'patient.unitdischargelocation',
    'carePlanGeneral.activeupondischarge',
    'treatment.activeUponDischarge',
    'apachePatientResult.predictedhospitalmortality',
    'apachePredVar.diedinhospital',
    'drgcodes.drg_mortality',
    'procedures_icd.icd_code',
    'icustays.los',
    'icustays.last_careunit',
  ])('forbidden-column: %s', (column) => {
    expect(() => {
      checkColumnsRead({ columnsRead: ['labevents.value', column] }, new Map());
    }).toThrow('ERR_LEAKAGE: forbidden-column');
  });

  test('orders that the plan may read are not forbidden', () => {
    expect(episodesOf(chartOf({ orders: [orderAt(1)] }), { ...rule, kind: 'order-time' }).episodes).toHaveLength(1);
    expect(() => {
      checkColumnsRead({ columnsRead: ['poe.ordertime', 'admissions.deathtime', 'icustays.outtime'] }, new Map());
    }).not.toThrow();
  });
});

describe('a leaky row is rejected by the name of its trap', () => {
  test('standardised-values: columns scaled by the mean and spread of all rows', () => {
    const { tabular } = mapFeatures(RECORD, spec, { predictionTimeMs: NOON });
    expect(() => {
      checkRawValues(spec, tabular, new Map());
    }).not.toThrow();
    const scaled = tabular.map((value) => (value - 80) / 20);
    expect(() => {
      checkRawValues(spec, scaled, new Map());
    }).toThrow('ERR_LEAKAGE: standardised-values');
  });

  test('care-limitation-text: a line that says how far care was to go', () => {
    const chunk = { text: 'Code status: do not resuscitate', kind: 'progress', hoursBefore: 1, evidence: 'n' };
    const notes = { chunks: [chunk], mask: Uint8Array.of(1) };
    expect(() => {
      checkNoteTexts('eicu', notes, new Map());
    }).toThrow('ERR_LEAKAGE: care-limitation-text');
  });
});

test('all of a small dataset is looked at, a twentieth of a large one, always the same', () => {
  const ids = Array.from({ length: 4000 }, (_, index) => `e${index}`);
  expect(ids.every((id) => isMappingChecked(id, 500))).toBe(true);
  const chosen = ids.filter((id) => isMappingChecked(id, 60_000));
  expect(chosen.length).toBeGreaterThan(120);
  expect(chosen.length).toBeLessThan(290);
  expect(ids.filter((id) => isMappingChecked(id, 60_001))).toEqual(chosen);
});
