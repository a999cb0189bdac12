import { afterAll, describe, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { checkFiling } from '../../../src/cohort/guards/check-filing.js';
import { openFhirExport } from '../../../src/cohort/sources/mimic-fhir/fhir-cohort.js';
import { EXPORT, ndjson, order } from './made-up-export.js';
import { firstChart, newFolder, open, removeFolders, stage } from './open-export.js';

afterAll(removeFolders);

const at = (time: string): number => Date.parse(`2024-03-${time}:00+01:00`);

describe('facts of an export', () => {
  test('stays: the hospital stay, and the ICU stay inside it; a planned one is counted', async () => {
    const source = await open();
    const { admissions, icuStays } = await firstChart(source);
    expect(admissions).toEqual([
      {
        admissionId: 'adm',
        startMs: at('01T08:00'),
        endMs: at('09T10:00'),
        deathMs: at('09T09:30'),
        isDeadAtDischarge: true,
      },
    ]);
    expect(icuStays).toEqual([{ stayId: 'icu', admissionId: 'adm', startMs: at('03T08:00'), endMs: at('09T10:00') }]);
    expect((await source.facts()).totals).toEqual({ patients: 2, admissions: 1, icuStays: 1 });
    expect((await stage(source)).report.rejections['Encounter: status']).toBe(1);
  });

  test('orders: signed when written, whatever became of them (revoked too); drafts and plans are none', async () => {
    const { orders } = await firstChart(await open());
    expect(
      orders.map(({ orderId, products, transaction, orderMs }) => [orderId, products, transaction, orderMs]),
    ).toEqual([
      ['ServiceRequest/s1', ['rbc'], 'new', at('04T10:00')],
      ['ServiceRequest/s2', ['rbc'], 'new', at('04T10:20')],
      ['MedicationRequest/m1', ['plasma'], 'new', at('04T11:00')],
      ['ServiceRequest/s7', ['rbc'], 'change', Date.parse('2024-03-05T10:00:00Z')],
    ]);
    expect(orders.every(({ admissionId }) => admissionId === 'adm')).toBe(true);
  });

  test('a Medication in a later file still names the product', async () => {
    const early = {
      'AMedicationRequest.ndjson': ndjson(EXPORT['MedicationRequest.ndjson'] ?? []),
      'MedicationRequest.ndjson': undefined,
    };
    const { orders } = await firstChart(await open(early));
    expect(orders.map(({ orderId }) => orderId)).toContain('MedicationRequest/m1');
  });

  test('a product charted by the operating room says so', async () => {
    const { transfusions } = await firstChart(await open());
    expect(transfusions).toEqual([
      {
        evidence: 'MedicationAdministration/given',
        product: 'rbc',
        startMs: at('04T12:00'),
        volumeMl: 350,
        place: 'operating-room',
      },
    ]);
  });

  test('a date of death is a day, by the clock of the stays', async () => {
    const patient = { ...EXPORT['Patient.ndjson']?.[0], deceasedDateTime: '2024-03-10' };
    const source = await open({ 'Patient.ndjson': ndjson([patient]) });
    const chart = await firstChart(source);
    expect(chart.deathDay).toBe(Date.parse('2024-03-10T00:00:00Z') / 86_400_000);
    expect(chart.admissions[0]).not.toHaveProperty('deathMs');
    expect(source.about.clockOffsetMs).toBe(3_600_000);
  });

  test('left dead without a date of death: with the end of the stay; dead without any: the outcome cannot be used', async () => {
    const undated = { ...EXPORT['Patient.ndjson']?.[0], deceasedDateTime: undefined };
    const left = await firstChart(await open({ 'Patient.ndjson': ndjson([undated]) }));
    expect(left.admissions[0]?.deathMs).toBe(at('09T10:00'));
    const alive = (EXPORT['Encounter.ndjson'] ?? []).map((stay) => ({ ...stay, hospitalization: undefined }));
    const files = {
      'Patient.ndjson': ndjson([{ ...undated, deceasedBoolean: true }]),
      'Encounter.ndjson': ndjson(alive),
    };
    expect((await firstChart(await open(files))).impossibleOutcome).toMatch(/nothing says/);
  });

  test('the MIMIC subject id names the chart as the CSV source does; its times share that axis', async () => {
    const meta = { profile: ['http://mimic.mit.edu/fhir/mimic/StructureDefinition/mimic-patient'] };
    const identifier = [{ system: 'http://mimic.mit.edu/fhir/mimic/identifier/patient', value: '7' }];
    const source = await open({
      'Patient.ndjson': ndjson([{ ...EXPORT['Patient.ndjson']?.[0], meta, identifier }]),
      'ServiceRequest.ndjson': ndjson([order('s1', { meta, authoredOn: '2150-07-04T10:00:00-04:00' })]),
    });
    const chart = await firstChart(source);
    expect([chart.chartId, chart.patientId, chart.birthDate]).toEqual(['mimic-7', 'mimic-7', '1960']);
    expect(chart.orders[0]?.orderMs).toBe(at('04T11:00'));
    expect(chart.orders[1]?.orderMs).toBe(Date.parse('2150-07-04T10:00:00-05:00'));
    expect(source.about.clockOffsetMs).toBe(-5 * 3_600_000);
  });
});

describe('staged charts', () => {
  test('the record is made by the readers that serve, each source covered that the export has', async () => {
    const { charts } = await stage(await open());
    expect(charts.map(({ chartId }) => chartId)).toEqual(['p1']);
    const record = charts[0]?.record;
    expect(record?.values.map(({ value }) => value)).toEqual([6.9, 7.1]);
    expect(record?.notes.map(({ kind, text }) => [kind, text.split(/\s+/)])).toEqual([
      ['progress', ['Bleeding', 'stopped.']],
    ]);
    expect(record?.conditions.map(({ charlson }) => charlson)).toEqual(['renal-disease']);
    expect(record?.birthDate).toBe('1960-05-06');
    expect(record?.rejections).toContainEqual({ reason: 'attachment-failed', count: 1 });
    const kinds = Object.entries(record?.coverage ?? {}).map(([key, { kind }]) => `${key} ${kind}`);
    expect(kinds).toEqual([
      'patient covered',
      'encounters covered',
      'labs covered',
      'vitals unavailable',
      'bedside unavailable',
      'administrations covered',
      'procedures unavailable',
      'conditions covered',
      'notes covered',
    ]);
  });

  test('what is left out is counted by type and reason', async () => {
    const { rejections, rejectionsOfWanted, rows } = (await stage(await open())).report;
    expect(rejectionsOfWanted).toEqual({
      'Observation: after the last index': 1,
      'Observation: id twice': 1,
      'Observation: no concept for http://loinc.org|99999-9': 1,
    });
    expect(rejections).toEqual({
      'Appointment: not used': 1,
      'Encounter: status': 1,
      'Observation: no such Patient in the export': 1,
      'ServiceRequest of a blood product: never signed': 3,
      'ServiceRequest of a blood product: no time': 1,
      'ServiceRequest of a blood product: status': 1,
      'ServiceRequest: no such Patient in the export': 1,
      'ServiceRequest: only its words name a blood product': 1,
    });
    expect(rows).toEqual({
      Condition: 1,
      DocumentReference: 2,
      Encounter: 3,
      MedicationAdministration: 1,
      Observation: 2,
      Patient: 1,
    });
  });

  test('the order of lines and the packing of files do not change a byte', async () => {
    const { files } = await stage(await open());
    expect([...files.keys()].sort()).toEqual(['coverage.json', 'shard-3.ndjson.gz']);
    expect((await stage(await open({}, { isReversed: true }))).files).toEqual(files);
    expect((await stage(await open({}, { below: 'fhir', isCompressed: true }))).files).toEqual(files);
  });

  test('filing times come from issued, the store time, the recorded day and the note date', async () => {
    const [chart] = (await stage(await open())).charts;
    if (!chart) throw new Error('no chart');
    const filed = Object.fromEntries([...chart.filing].map(([evidence, { availableMs }]) => [evidence, availableMs]));
    expect(filed).toMatchObject({
      'Observation/hb1': at('04T08:30'),
      'MedicationAdministration/given': at('04T13:00'),
      'Condition/renal': Date.parse('2024-03-03T00:00:00Z') - 1,
      'DocumentReference/note': at('04T07:00'),
    });
    checkFiling(chart, new Map());
    const early = chart.record.values.map((value) => ({ ...value, availableMs: value.timeMs }));
    expect(() => checkFiling({ ...chart, record: { ...chart.record, values: early } }, new Map())).toThrow(/hb/);
  });

  test('vital signs of an emergency department alone do not say that the wards’ were looked for', async () => {
    const profile = ['http://mimic.mit.edu/fhir/mimic/StructureDefinition/mimic-observation-vital-signs'];
    const pulse = {
      ...EXPORT['Observation.ndjson']?.[0],
      id: 'pulse',
      meta: { profile },
      code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] },
      valueQuantity: { value: 80, system: 'http://unitsofmeasure.org', code: '/min' },
      effectiveDateTime: '2024-03-04T04:00:00-05:00',
      issued: undefined,
    };
    const [chart] = (await stage(await open({ 'Observation.ndjson': ndjson([pulse]) }))).charts;
    expect(chart?.record.values.map(({ concept }) => concept)).toEqual(['hr']);
    expect(chart?.record.coverage.vitals).toEqual({ kind: 'unavailable', reason: 'not-supported' });
    expect(chart?.withoutFilingTime).toBe(1);
  });
});

describe('bad call: an export that cannot be read', () => {
  const cases: readonly (readonly [string, Readonly<Record<string, string | Buffer>>, RegExp])[] = [
    [
      'a line that is not JSON',
      { 'X.ndjson': '{"resourceType":"Basic"}\n{"resourceType"\n' },
      /X\.ndjson: line 2 is not JSON/,
    ],
    ['a line that is no resource', { 'X.ndjson': '\n[1]\n' }, /X\.ndjson: line 2 is no FHIR resource/],
    [
      'a line in Latin-1',
      { 'X.ndjson': Buffer.from('{"resourceType":"Bas\xefc"}\n', 'latin1') },
      /X\.ndjson: line 1 is not UTF-8/,
    ],
    [
      'a truncated file',
      { 'X.ndjson.gz': gzipSync('{"resourceType":"Basic"}\n').subarray(0, 25) },
      /X\.ndjson\.gz: the gzip stream ends early/,
    ],
    ['an empty compressed file', { 'X.ndjson.gz': Buffer.alloc(0) }, /X\.ndjson\.gz: the gzip stream ends early/],
    [
      'a file that is no gzip',
      { 'X.ndjson.gz': Buffer.from('{"resourceType":"Basic"}\n') },
      /X\.ndjson\.gz: the gzip stream is damaged/,
    ],
    ['a file twice', { 'X.ndjson': '', 'X.ndjson.gz': gzipSync('') }, /X\.ndjson is there plain and compressed/],
  ];
  test.each(cases)('%s is named by file', async (_, files, message) => {
    const error: unknown = await open(files).catch((fault: unknown) => fault);
    expect(error).toMatchObject({ code: 'ERR_DATASET', detail: expect.stringMatching(message) });
    expect(error).not.toHaveProperty('cause.message');
  });

  test('two Patients of one chart are named by file and line', async () => {
    const identifier = [{ system: 'http://mimic.mit.edu/fhir/mimic/identifier/patient', value: '7' }];
    const twins = ['p1', 'p2'].map((id) => ({ resourceType: 'Patient', id, identifier }));
    await expect(open({ 'Patient.ndjson': ndjson(twins) })).rejects.toMatchObject({
      detail: 'Patient.ndjson: line 2 is a second Patient of one chart',
    });
  });

  test('a folder without NDJSON is refused', async () => {
    const folder = newFolder(Object.fromEntries(Object.keys(EXPORT).map((name) => [name, undefined])));
    writeFileSync(join(folder, 'notes.txt'), '');
    await expect(openFhirExport(folder)).rejects.toMatchObject({ code: 'ERR_DATASET' });
  });
});
