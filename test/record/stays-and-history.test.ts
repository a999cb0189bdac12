import { describe, expect, test } from '@jest/globals';
import type { Condition, Encounter, FhirResource } from 'fhir/r4.js';
import { CHARLSON_CATEGORIES, charlsonOfIcd } from '../../src/record/charlson.js';
import { latestInstantMs } from '../../src/record/fhir-time.js';
import { T0, hoursBefore, patient, procedure, without } from '../support/fhir-resources.js';
import { recordOf } from './charts.js';

const HOUR_MS = 3_600_000;
const ACT = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const SNOMED = 'http://snomed.info/sct';

function stay(given: Partial<Encounter> = {}, code = 'IMP'): Encounter {
  return {
    resourceType: 'Encounter',
    id: 'e1',
    status: 'in-progress',
    class: { system: ACT, code },
    subject: { reference: 'Patient/p1' },
    period: { start: hoursBefore(30) },
    ...given,
  };
}

describe('stays', () => {
  test.each([
    ['IMP', 'inpatient'],
    ['ACUTE', 'inpatient'],
    ['EMER', 'emergency'],
    ['AMB', 'ambulatory'],
    ['HH', 'other'],
  ])('class %s is %s', (code, setting) => {
    expect(recordOf([stay({}, code)]).encounters).toEqual([
      { setting, startMs: T0 - 30 * HOUR_MS, evidence: 'Encounter/e1', classCode: code },
    ]);
  });
  test('the class code is kept as the chart has it, of a local system too', () => {
    const [local] = recordOf([stay({ class: { system: 'urn:oid:1.2.3', code: 'OR-DAY' } })]).encounters;
    expect(local).toMatchObject({ setting: 'other', classCode: 'OR-DAY' });
  });
  test('the places of a stay have the names a site may use, and their times; planned and left ones are none', () => {
    const [own] = recordOf([
      stay({
        location: [
          {
            location: {
              reference: 'https://ehr.example.org/fhir/Location/or-3/_history/2',
              identifier: { system: 'urn:oid:1.2.3', value: 'OR 3' },
            },
            period: { start: hoursBefore(2) },
          },
          { location: { identifier: { value: 'bay 1' } }, status: 'active' },
          { location: { reference: 'Location/next' }, status: 'planned', period: { start: hoursBefore(1) } },
          { location: { reference: 'Location/left' }, status: 'completed' },
          { location: { display: 'no name' } },
        ],
      }),
    ]).encounters;
    expect(own?.places).toEqual([
      { names: ['Location/or-3', 'OR 3', 'urn:oid:1.2.3|OR 3'], startMs: T0 - 2 * HOUR_MS },
      { names: ['bay 1'] },
    ]);
  });
  test('an open period has no end', () => {
    const [open] = recordOf([stay()]).encounters;
    const [closed] = recordOf([
      stay({ status: 'finished', period: { start: hoursBefore(30), end: hoursBefore(20) } }),
    ]).encounters;
    expect(open?.endMs).toBeUndefined();
    expect(closed?.endMs).toBe(T0 - 20 * HOUR_MS);
  });
  const icu = { coding: [{ system: SNOMED, code: '309904001' }] };
  test.each<[string, Partial<Encounter>]>([
    ['its type', { type: [icu] }],
    ['its service type', { serviceType: icu }],
    [
      'the identifier MIMIC gives ICU stays',
      { identifier: [{ system: 'http://mimic.mit.edu/fhir/mimic/identifier/encounter-icu', value: '1' }] },
    ],
  ])('an ICU stay is told by %s', (_, given) => {
    expect(recordOf([stay(given, 'ACUTE')]).encounters.map(({ setting }) => setting)).toEqual(['icu']);
  });
  test.each(['AMB', 'EMER', 'SS'])(
    'a MIMIC hospital stay is one, though its class says how it was admitted (%s)',
    (code) => {
      const identifier = [{ system: 'http://mimic.mit.edu/fhir/mimic/identifier/encounter-hosp', value: '1' }];
      expect(recordOf([stay({ identifier }, code)]).encounters.map(({ setting }) => setting)).toEqual(['inpatient']);
    },
  );
  test('an ICU location inside a hospital stay is an ICU stay of its own period', () => {
    const location: FhirResource = {
      resourceType: 'Location',
      id: 'l',
      type: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-RoleCode', code: 'ICU' }] }],
    };
    const encounter = stay({
      contained: [location],
      location: [
        { location: { reference: 'Location/ward' }, period: { start: hoursBefore(30), end: hoursBefore(12) } },
        { location: { reference: '#l' }, period: { start: hoursBefore(12) } },
      ],
    });
    expect(recordOf([encounter]).encounters).toMatchObject([
      { setting: 'inpatient', startMs: T0 - 30 * HOUR_MS, evidence: 'Encounter/e1' },
      { setting: 'icu', startMs: T0 - 12 * HOUR_MS, evidence: 'Encounter/e1' },
    ]);
  });
  test.each([
    ['EL', 'elective'],
    ['UR', 'urgent'],
    ['EM', 'emergency'],
  ])('priority %s is an %s admission', (code, admissionType) => {
    const priority = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActPriority', code }] };
    expect(recordOf([stay({ priority })]).encounters[0]?.admissionType).toBe(admissionType);
  });
  test.each(['planned', 'cancelled', 'entered-in-error'] as const)('%s did not happen', (status) => {
    const record = recordOf([stay({ status })]);
    expect([record.encounters, record.rejections]).toEqual([[], [{ reason: 'status', count: 1 }]]);
  });
});

describe('life support', () => {
  test.each([
    [SNOMED, '302497006', 'renal-replacement'],
    [SNOMED, '714749008', 'renal-replacement'],
    [SNOMED, '1258985005', 'invasive-ventilation'],
    [SNOMED, '428311008', 'noninvasive-ventilation'],
    ['http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-d-items', '225792', 'invasive-ventilation'],
    ['http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-d-items', '225802', 'renal-replacement'],
  ])('%s %s is %s', (system, code, kind) => {
    expect(recordOf([procedure({ system, code })]).procedures).toEqual([
      {
        kind,
        startMs: T0 - 10 * HOUR_MS,
        endMs: T0 - 4 * HOUR_MS,
        availableMs: T0 - 10 * HOUR_MS,
        evidence: `Procedure/pr-${code}`,
      },
    ]);
  });
  test('artificial ventilation that may be by mask says nothing of a tube', () => {
    expect(recordOf([procedure({ system: SNOMED, code: '40617009' })]).procedures).toEqual([]);
  });
});

describe('history', () => {
  function condition(code: string, given: Partial<Condition> = {}): Condition {
    return {
      resourceType: 'Condition',
      id: `c-${code}`,
      subject: { reference: 'Patient/p1' },
      code: { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code }] },
      recordedDate: hoursBefore(500),
      ...given,
    };
  }
  test('a Charlson category from the time it was recorded', () => {
    expect(recordOf([condition('I50.9')]).conditions).toEqual([
      { charlson: 'congestive-heart-failure', recordedMs: T0 - 500 * HOUR_MS, evidence: 'Condition/c-I50.9' },
    ]);
  });
  test('without a recorded date it is left out: coded at discharge, it would tell the future', () => {
    const undated = without(condition('I50.9'), 'recordedDate');
    const record = recordOf([{ ...undated, onsetDateTime: hoursBefore(900) }]);
    expect([record.conditions, record.rejections]).toEqual([[], [{ reason: 'no-time', count: 1 }]]);
  });
  test('recorded on a day, it counts when that day is over everywhere', () => {
    const [entry] = recordOf([condition('I50.9', { recordedDate: '2031-05-01' })]).conditions;
    expect(entry?.recordedMs).toBe(Date.parse('2031-05-02T12:00:00Z') - 1);
  });
  const CATEGORY = 'http://terminology.hl7.org/CodeSystem/condition-category';
  const category = (code: string) => [{ coding: [{ system: CATEGORY, code }] }];
  const ofStay = condition('I50.9', {
    category: category('encounter-diagnosis'),
    encounter: { reference: 'https://fhir.example/Encounter/e1/_history/2' },
  });
  const ended = (hours: number, given: Partial<Encounter> = {}): Encounter =>
    stay({ status: 'finished', period: { start: hoursBefore(600), end: hoursBefore(hours) }, ...given });
  const recordedMs = (...chart: readonly FhirResource[]): readonly number[] =>
    recordOf(chart).conditions.map((entry) => entry.recordedMs);
  test('the diagnosis of a stay counts when that stay was over, whatever its recorded date', () => {
    expect(recordedMs(ofStay, ended(400))).toEqual([T0 - 400 * HOUR_MS]);
    expect(recordedMs(ended(550), ofStay)).toEqual([T0 - 500 * HOUR_MS]);
  });
  test('that of an ICU stay, when the admission around it was over', () => {
    const around = { partOf: { reference: 'Encounter/e2' } };
    expect(recordedMs(ofStay, ended(450, around), ended(300, { id: 'e2' }))).toEqual([T0 - 300 * HOUR_MS]);
    expect(recordedMs(ofStay, ended(450, around), ended(470, { id: 'e2' }))).toEqual([T0 - 450 * HOUR_MS]);
    // Two stays inside each other: nonsense, and no reason to hang.
    expect(recordedMs(ofStay, ended(450, { partOf: { reference: 'Encounter/e1' } }))).toEqual([T0 - 450 * HOUR_MS]);
  });
  test.each<[string, readonly Encounter[]]>([
    ['a stay that lasts', [stay()]],
    ['an admission that lasts', [ended(450, { partOf: { reference: 'Encounter/e2' } }), stay({ id: 'e2' })]],
    ['a stay that ended before it began', [stay({ period: { start: hoursBefore(30), end: hoursBefore(31) } })]],
  ])('that of %s is left out and counted', (_, stays) => {
    const record = recordOf([ofStay, ...stays]);
    expect([record.conditions, record.rejections]).toEqual([[], [{ reason: 'no-time', count: 1 }]]);
  });
  test('that of a stay which was not read counts by its recorded date: only the newest stays are asked for', () => {
    expect(recordedMs(ofStay, stay({ id: 'e9' }))).toEqual([T0 - 500 * HOUR_MS]);
  });
  test('an entry of the problem list counts by its recorded date, though it names the stay it was made in', () => {
    const { encounter } = ofStay;
    const entry = condition('I50.9', { category: category('problem-list-item'), ...(encounter && { encounter }) });
    expect(recordedMs(entry, stay())).toEqual([T0 - 500 * HOUR_MS]);
  });
  test('refuted or entered in error, it is left out', () => {
    const verificationStatus = (code: string) => ({
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-ver-status', code }],
    });
    for (const code of ['refuted', 'entered-in-error']) {
      expect(recordOf([condition('I50.9', { verificationStatus: verificationStatus(code) })]).conditions).toEqual([]);
    }
  });
  test.each<[9 | 10, string, readonly string[]]>([
    [10, 'I21.4', ['myocardial-infarction']],
    [10, 'I25.2', ['myocardial-infarction']],
    [10, 'I25.1', []],
    [10, 'E10.1', ['diabetes-without-complication']],
    [10, 'E11.22', ['diabetes-with-complication']],
    [10, 'C78.7', ['metastatic-solid-tumor']],
    [10, 'C34.1', ['malignancy']],
    [10, 'C44.9', []],
    [10, 'K70.4', ['moderate-or-severe-liver-disease']],
    [10, 'B20', ['aids']],
    [9, '410.71', ['myocardial-infarction']],
    [9, '404.13', ['congestive-heart-failure', 'renal-disease']],
    [9, '250.40', ['diabetes-with-complication']],
    [9, 'V45.11', ['renal-disease']],
    [9, '173.3', []],
    [9, '5715', ['mild-liver-disease']],
    [9, '572.2', ['moderate-or-severe-liver-disease']],
  ])('ICD-%i %s', (version, code, categories) => {
    expect(charlsonOfIcd(version, code)).toEqual(categories);
  });
  test('there are 17 categories', () => {
    expect(CHARLSON_CATEGORIES).toHaveLength(17);
  });
});

describe('the patient', () => {
  test('birth date (possibly partial) and gender', () => {
    expect(recordOf([patient()], { source: 'patient' })).toMatchObject({ birthDate: '1958-02-11', sex: 'female' });
    expect(recordOf([{ ...patient(), birthDate: '1958' }], { source: 'patient' }).birthDate).toBe('1958');
    expect(recordOf([{ ...patient(), birthDate: '11.02.1958' }], { source: 'patient' }).birthDate).toBeUndefined();
  });
  test("another Patient's resource is not read", () => {
    expect(recordOf([patient('p2')], { source: 'patient' }).birthDate).toBeUndefined();
  });
});

describe('partial dates', () => {
  test.each([
    ['2031-02', '2031-03-01T12:00:00Z'],
    ['2031', '2032-01-01T12:00:00Z'],
    ['2031-12-31', '2032-01-01T12:00:00Z'],
  ])('%s is over everywhere just before %s', (date, after) => {
    expect(latestInstantMs(date)).toBe(Date.parse(after) - 1);
  });
  test.each(['2031-13', '2031-02-30', 'x', '', '31-01-01'])('%s is no date', (date) => {
    expect(latestInstantMs(date)).toBeUndefined();
  });
});
