import { afterAll, describe, expect, test } from '@jest/globals';
import type { SourceChart } from '../../../src/cohort/cohort-source.js';
import { checkFiling } from '../../../src/cohort/guards/check-filing.js';
import { episodesOf } from '../../../src/cohort/plan/episodes.js';
import { outcomeOf } from '../../../src/cohort/plan/labels.js';
import { EXPORT, ndjson, order, type Resource } from './made-up-export.js';
import { firstChart, open, removeFolders, stage } from './open-export.js';

afterAll(removeFolders);

const at = (time: string): number => Date.parse(`2024-03-${time}:00+01:00`);
const named = (file: string, id: string): Resource => {
  const found = EXPORT[file]?.find((resource) => resource['id'] === id);
  if (!found) throw new Error(`no ${id} in ${file}`);
  return found;
};
const PATIENT = named('Patient.ndjson', 'p1');
const ADMISSION = named('Encounter.ndjson', 'adm');
const ICU_STAY = named('Encounter.ndjson', 'icu');

async function stagedChart(...given: Parameters<typeof open>): Promise<SourceChart> {
  const [chart] = (await stage(await open(...given))).charts;
  if (!chart) throw new Error('no chart');
  return chart;
}

describe('diagnoses of a stay', () => {
  const CATEGORY = 'http://terminology.hl7.org/CodeSystem/condition-category';
  const diagnosis = (id: string, encounter: string): Resource => ({
    ...named('Condition.ndjson', 'renal'),
    resourceType: 'Condition',
    id,
    category: [{ coding: [{ system: CATEGORY, code: 'encounter-diagnosis' }] }],
    encounter: { reference: encounter },
    recordedDate: '2024-03-02T10:00:00+01:00',
  });

  test('count when their admission is over, by the record and, apart from it, by the guard', async () => {
    const early = { ...ICU_STAY, period: { start: '2024-03-03T08:00:00+01:00', end: '2024-03-03T20:00:00+01:00' } };
    const chart = await stagedChart({
      'Encounter.ndjson': ndjson([ADMISSION, early]),
      'Condition.ndjson': ndjson([diagnosis('own', 'Encounter/adm'), diagnosis('inside', 'Encounter/icu')]),
    });
    expect(chart.record.conditions.map(({ evidence, recordedMs }) => [evidence, recordedMs])).toEqual([
      ['Condition/inside', at('09T10:00')],
      ['Condition/own', at('09T10:00')],
    ]);
    expect(chart.filing.get('Condition/inside')).toEqual({
      availableMs: at('09T10:00'),
      trap: 'same-admission-diagnosis',
    });
    checkFiling(chart, new Map());
    const conditions = chart.record.conditions.map((entry) => ({ ...entry, recordedMs: at('02T10:00') }));
    const leaky = { ...chart, record: { ...chart.record, conditions } };
    expect(() => checkFiling(leaky, new Map())).toThrow(/same-admission-diagnosis/);
  });

  test('of an admission without an end count never', async () => {
    const open = { ...ADMISSION, status: 'in-progress', period: { start: '2024-03-01T08:00:00+01:00' } };
    const { record, filing } = await stagedChart({
      'Encounter.ndjson': ndjson([open, ICU_STAY]),
      'Condition.ndjson': ndjson([diagnosis('own', 'Encounter/adm'), diagnosis('inside', 'Encounter/icu')]),
    });
    expect([record.conditions, record.rejections]).toEqual([
      [],
      [
        { reason: 'attachment-failed', count: 1 },
        { reason: 'no-time', count: 2 },
      ],
    ]);
    expect(filing.get('Condition/inside')?.availableMs).toBe(Infinity);
  });

  test('of a stay that the export does not have are left out and counted', async () => {
    const { report, charts } = await stage(
      await open({
        'Encounter.ndjson': ndjson([ADMISSION, { ...ICU_STAY, partOf: { reference: 'Encounter/gone' } }]),
        'Condition.ndjson': ndjson([diagnosis('lost', 'Encounter/gone'), diagnosis('inside', 'Encounter/icu')]),
      }),
    );
    expect(charts[0]?.record.conditions).toEqual([]);
    expect(report.rejectionsOfWanted?.['Condition: its Encounter is not in the export']).toBe(2);
  });
});

describe('intensive care by Location', () => {
  const ROLE = 'http://terminology.hl7.org/CodeSystem/v3-RoleCode';
  const unit = (id: string, code: string): Resource => ({
    resourceType: 'Location',
    id,
    name: id,
    type: [{ coding: [{ system: ROLE, code }] }],
  });
  const moved = {
    ...ADMISSION,
    location: [
      { location: { reference: 'Location/ward' }, period: { start: '2024-03-01T08:00:00+01:00' } },
      {
        location: { reference: 'Location/icu' },
        period: { start: '2024-03-03T08:00:00+01:00', end: '2024-03-05T08:00:00+01:00' },
      },
    ],
  };
  const LOCATIONS = ndjson([unit('ward', 'HU'), unit('icu', 'ICU')]);

  test('a Location that is an ICU gives an ICU stay, its landmarks, and the same stay in the record', async () => {
    const source = await open({ 'Encounter.ndjson': ndjson([moved]), 'HospitalLocation.ndjson': LOCATIONS });
    const chart = await firstChart(source);
    const [startMs, endMs] = [at('03T08:00'), at('05T08:00')];
    expect(chart.icuStays).toEqual([{ stayId: 'adm', admissionId: 'adm', startMs, endMs }]);
    const rule = { kind: 'landmark', gapHours: 24, landmarkHours: [6, 24, 72] } as const;
    expect(episodesOf(chart, rule).episodes.map(({ landmarkHour }) => landmarkHour)).toEqual([6, 24]);
    const { report, charts } = await stage(source);
    expect(charts[0]?.record.encounters).toContainEqual({
      setting: 'icu',
      startMs,
      endMs,
      evidence: 'Encounter/adm',
    });
    expect(report.rejections['Location: not used']).toBe(1);
  });

  test('told by the physical type too', async () => {
    const bay = {
      resourceType: 'Location',
      id: 'icu',
      physicalType: { coding: [{ system: 'http://snomed.info/sct', code: '309904001' }] },
    };
    const files = { 'Encounter.ndjson': ndjson([moved]), 'location.ndjson': ndjson([bay]) };
    expect((await firstChart(await open(files))).icuStays).toHaveLength(1);
  });

  test('in a file that is not named for Locations it is counted', async () => {
    const { report } = await stage(await open({ 'Encounter.ndjson': ndjson([moved]), 'Places.ndjson': LOCATIONS }));
    expect(report.rejections).toMatchObject({
      'Location: intensive care, in a file that is not named for Locations (its stays are not seen)': 1,
    });
  });
});

describe('the class of an Encounter', () => {
  const own = (stay: Resource): Resource => ({
    ...stay,
    class: { system: 'https://hospital.example/class', code: 'I' },
  });

  test('of a system that is not known is counted', async () => {
    const { report } = await stage(await open({ 'Encounter.ndjson': ndjson([own(ADMISSION), own(ICU_STAY)]) }));
    // The ICU stay is told by its type.
    expect(report.rejections['Encounter: class not known']).toBe(1);
  });

  test('bad call: an export whose Encounters are none of them stays is refused', async () => {
    const stays = [own(ADMISSION), { ...own(ICU_STAY), type: undefined }];
    await expect(open({ 'Encounter.ndjson': ndjson(stays) })).rejects.toMatchObject({
      code: 'ERR_DATASET',
      detail: expect.stringMatching(/of 2 Encounters not one is an admission or an ICU stay/),
    });
  });
});

describe('an id twice', () => {
  const GIVEN = named('MedicationAdministration.ndjson', 'given');
  const PLASMA = named('Medication.ndjson', 'plasma');
  const cases: readonly (readonly [string, Resource, Readonly<Record<string, unknown>>])[] = [
    ['Patient', PATIENT, { deceasedDateTime: '2024-03-20' }],
    ['Encounter', ADMISSION, { hospitalization: undefined }],
    ['ServiceRequest', order('s1'), { authoredOn: '2024-03-04T09:00:00+01:00' }],
    ['MedicationRequest', named('MedicationRequest.ndjson', 'm1'), { status: 'entered-in-error' }],
    ['MedicationAdministration', GIVEN, { effectivePeriod: { start: '2024-03-04T11:00:00+01:00' } }],
    ['Medication', PLASMA, { code: { coding: [{ system: 'http://snomed.info/sct', code: '116863004' }] } }],
  ];

  test.each(cases)(
    'bad call: %s: with other content it is named by file and line, whichever comes first',
    async (type, resource, other) => {
      for (const copies of [
        { 'A.ndjson': ndjson([{ ...resource, ...other }]) },
        { 'Z.ndjson': `\n${ndjson([{ ...resource, ...other }])}` },
      ]) {
        await expect(open(copies)).rejects.toMatchObject({
          code: 'ERR_DATASET',
          detail: expect.stringMatching(
            new RegExp(`\\.ndjson: line \\d+ has the id of an earlier ${type} and says something else`),
          ),
        });
      }
    },
  );

  test.each(cases)('%s: an identical copy changes no fact', async (_, resource) => {
    const facts = await (await open()).facts();
    expect(await (await open({ 'A.ndjson': ndjson([resource]) })).facts()).toEqual(facts);
  });

  test('an identical copy is counted', async () => {
    const { report } = await stage(await open({ 'Z.ndjson': ndjson([ADMISSION, GIVEN]) }));
    expect(report.rejectionsOfWanted).toMatchObject({
      'Encounter: id twice': 1,
      'MedicationAdministration: id twice': 1,
    });
  });

  test('two products given without an id are no copies: neither is in the record, nor in the facts', async () => {
    const given = [GIVEN, { ...GIVEN, id: undefined }, { ...GIVEN, id: undefined, status: 'stopped' }];
    const source = await open({ 'MedicationAdministration.ndjson': ndjson(given) });
    expect((await firstChart(source)).transfusions).toHaveLength(1);
    expect((await stage(source)).report.rejections['MedicationAdministration: no id']).toBe(2);
  });
});

describe('deaths without a time', () => {
  const dead = (deceased: Readonly<Record<string, unknown>>): string =>
    ndjson([{ ...PATIENT, deceasedDateTime: undefined, ...deceased }]);
  const withoutDisposition = ndjson([{ ...ADMISSION, hospitalization: undefined }, ICU_STAY]);

  test('deaths after discharge are seen where a death is dated; a mark without a date is not enough', async () => {
    const seen = async (deceased: Readonly<Record<string, unknown>>): Promise<string> =>
      (await open({ 'Patient.ndjson': dead(deceased) })).about.deathsSeen;
    expect(await seen({ deceasedDateTime: '2024-03-09' })).toBe('any');
    expect(await seen({ deceasedDateTime: '2024' })).toBe('in-hospital');
    expect(await seen({ deceasedBoolean: true })).toBe('in-hospital');
  });

  test('dated on a day of an admission that does not say how the patient left: in hospital or not is unknown', async () => {
    const source = await open({
      'Patient.ndjson': dead({ deceasedDateTime: '2024-03-09' }),
      'Encounter.ndjson': withoutDisposition,
    });
    const chart = await firstChart(source);
    expect(chart.admissions).toEqual([
      {
        admissionId: 'adm',
        startMs: at('01T08:00'),
        endMs: at('09T10:00'),
        isDeadAtDischarge: false,
        isOutcomeUnknown: true,
      },
    ]);
    const rule = { ...source.about, clockOffsetMs: source.about.clockOffsetMs ?? 0 };
    const outcome = outcomeOf(chart, { indexMs: at('04T10:00'), admissionId: 'adm' }, rule);
    expect(outcome).toMatchObject({ died7d: true, diedInHospital: null });
  });

  test.each([
    ['a day after the discharge', '2024-03-10', withoutDisposition],
    [
      'a disposition that says alive',
      '2024-03-09',
      ndjson([{ ...ADMISSION, hospitalization: { dischargeDisposition: { text: 'Home' } } }, ICU_STAY]),
    ],
  ])('%s: not in hospital', async (_, deceasedDateTime, encounters) => {
    const chart = await firstChart(
      await open({ 'Patient.ndjson': dead({ deceasedDateTime }), 'Encounter.ndjson': encounters }),
    );
    expect(chart.admissions[0]).not.toHaveProperty('isOutcomeUnknown');
  });

  test('the card says that patients dead without any date are left out, where there are such', async () => {
    const caveat = expect.stringMatching(/left out.*Deaths only are lost/);
    const files = { 'Patient.ndjson': dead({ deceasedBoolean: true }), 'Encounter.ndjson': withoutDisposition };
    expect((await open(files)).about.caveats).toContainEqual(caveat);
    expect((await open()).about.caveats).not.toContainEqual(caveat);
  });
});

describe('Medications of orders', () => {
  const request = (id: string, given: Readonly<Record<string, unknown>>): Resource => ({
    ...named('MedicationRequest.ndjson', 'm1'),
    resourceType: 'MedicationRequest',
    id,
    medicationReference: undefined,
    ...given,
  });
  const missing = 'MedicationRequest: its Medication is not in the export';

  test('one that is nowhere in the export is counted, and nothing else is', async () => {
    const saline = { resourceType: 'Medication', id: 'saline', code: { text: 'Saline' } };
    const requests = [
      request('lost', { medicationReference: { reference: 'Medication/lost' } }),
      request('early', { medicationReference: { reference: 'Medication/saline' } }),
      request('coded', { medicationCodeableConcept: { text: 'Saline' } }),
      request('own', { medicationReference: { reference: '#own' } }),
    ];
    for (const name of ['AMedicationRequest.ndjson', 'ZMedicationRequest.ndjson']) {
      const source = await open({
        [name]: ndjson(requests),
        'Medication.ndjson': ndjson([saline, named('Medication.ndjson', 'plasma')]),
      });
      expect((await stage(source)).report.rejections[missing]).toBe(1);
      expect((await firstChart(source)).orders.map(({ orderId }) => orderId)).toContain('MedicationRequest/m1');
    }
  });
});

describe('notes', () => {
  test('are known when their text was made, where that is after the date of the document', async () => {
    const note = named('DocumentReference.ndjson', 'note');
    const attachment = { contentType: 'text/plain', data: 'QmxlZWRpbmcu', creation: '2024-03-06T07:00:00+01:00' };
    const pdf = { contentType: 'application/pdf', url: 'Binary/2', creation: '2024-03-08T07:00:00+01:00' };
    const chart = await stagedChart({
      'DocumentReference.ndjson': ndjson([{ ...note, content: [{ attachment }, { attachment: pdf }] }]),
    });
    expect(chart.record.notes.map(({ availableMs }) => availableMs)).toEqual([at('06T07:00')]);
    expect(chart.filing.get('DocumentReference/note')?.availableMs).toBe(at('06T07:00'));
    checkFiling(chart, new Map());
    const early = chart.record.notes.map((one) => ({ ...one, availableMs: at('04T07:00') }));
    const leaky = { ...chart, record: { ...chart.record, notes: early } };
    expect(() => checkFiling(leaky, new Map())).toThrow(/note-filed-after-index/);
  });
});
