import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { concepts } from '../../../src/concepts/dictionary.js';
import type { ChartFacts, SourceChart, StageReport } from '../../../src/cohort/cohort-source.js';
import { checkFiling } from '../../../src/cohort/guards/check-filing.js';
import { checkColumnsRead } from '../../../src/cohort/guards/check-plan.js';
import { HOURLY_LABS, HOURLY_VITALS } from '../../../src/cohort/sources/eicu/hourly-layout.js';
import { agentOfInfusion } from '../../../src/cohort/sources/eicu/infusions.js';
import { supportOfTreatment } from '../../../src/cohort/sources/eicu/life-support.js';
import { openEicu, type EicuOptions } from '../../../src/cohort/sources/eicu/open-eicu.js';
import { charlsonOfPath } from '../../../src/cohort/sources/eicu/past-history.js';
import { readStagedEicu } from '../../../src/cohort/sources/eicu/staged-shard.js';
import { ageYears } from '../../../src/features/tabular/age.js';
import { CHARLSON_CATEGORIES } from '../../../src/record/charlson.js';
import type { PatientRecord } from '../../../src/record/patient-record.js';
import { RAW_VALUES, TABLES, writeLayout } from './made-up-layout.js';

const ADMISSION = Date.UTC(2014, 0, 1);
const MINUTE = 60_000;
/** A time of unit stay 100, which began 60 min after the admission to the hospital. */
const at = (minutes: number): number => ADMISSION + (minutes + 60) * MINUTE;
/** A time of unit stay 101. */
const later = (minutes: number): number => ADMISSION + (minutes + 3060) * MINUTE;

async function factsIn(folder: string, options?: EicuOptions): Promise<readonly ChartFacts[]> {
  const source = await openEicu(folder, options);
  try {
    return (await source.facts()).charts;
  } finally {
    source.close();
  }
}

interface Staged {
  readonly chart: SourceChart;
  readonly report: StageReport;
}

/** Stages and reads the hospital stay 20, looked at from minute 1,600 of unit stay 100. */
async function stagedIn(folder: string, indexMs = at(1600)): Promise<Staged> {
  const source = await openEicu(folder);
  const staged = mkdtempSync(join(tmpdir(), 'eicu-staged-'));
  try {
    await source.facts();
    const report = await source.stage({
      wanted: [{ chartId: 'eicu-20', shard: 0, indexMs: [indexMs] }],
      folder: staged,
    });
    const charts: SourceChart[] = [];
    for await (const chart of readStagedEicu(staged, 0)) charts.push(chart);
    const [chart] = charts;
    if (!chart || charts.length !== 1) throw new Error('one chart was wanted');
    return { chart, report };
  } finally {
    source.close();
    rmSync(staged, { recursive: true });
  }
}

const valuesOf = (record: PatientRecord, concept: string): PatientRecord['values'] =>
  record.values.filter((value) => value.concept === concept);

async function writeHourly(folder: string): Promise<void> {
  const path = join(folder, 'yaib_hourly', 'los');
  mkdirSync(path, { recursive: true });
  const nulls = [...HOURLY_LABS, ...HOURLY_VITALS].map(({ column }) =>
    column === 'hgb' ? '7.2 AS hgb' : column === 'hr' ? '120 AS hr' : `NULL::DOUBLE AS ${column}`,
  );
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(
    `COPY (SELECT 100 AS stay_id, 7200::BIGINT AS time, ${nulls.join(', ')}) TO '${join(path, 'dyn.parquet')}' (FORMAT parquet)`,
  );
  connection.closeSync();
  instance.closeSync();
}

describe('facts of an eICU folder', () => {
  let folder: string;
  let charts: readonly ChartFacts[];
  const chart = (id: string): ChartFacts => {
    const found = charts.find(({ chartId }) => chartId === id);
    if (!found) throw new Error(`no chart ${id}`);
    return found;
  };
  beforeAll(async () => {
    folder = writeLayout();
    charts = await factsIn(folder);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test('a chart is a hospital stay; its unit stays lie on one axis', () => {
    expect(charts.map(({ chartId }) => chartId)).toEqual(['eicu-10', 'eicu-20', 'eicu-30', 'eicu-40']);
    expect(chart('eicu-20').icuStays.map(({ stayId, startMs }) => [stayId, startMs])).toEqual([
      ['100', at(0)],
      ['101', later(0)],
    ]);
  });

  test('hospital stays of a patient come by year of discharge', () => {
    expect([chart('eicu-10').chartOrder, chart('eicu-20').chartOrder]).toEqual([0, 1]);
    expect(chart('eicu-10').patientId).toBe(chart('eicu-20').patientId);
  });

  test("the age is that of the admission to the unit; '> 89' is 90; none stays none", () => {
    expect(ageYears(chart('eicu-20').birthDate, at(0))).toBe(64);
    expect(ageYears(chart('eicu-30').birthDate, ADMISSION)).toBe(90);
    expect(chart('eicu-40').birthDate).toBeUndefined();
  });

  test('a death is that of the hospital discharge', () => {
    expect(chart('eicu-20').admissions).toEqual([
      { admissionId: 'eicu-20', startMs: ADMISSION, endMs: at(10000), deathMs: at(10000), isDeadAtDischarge: true },
    ]);
  });

  test('without a discharge status the patient is followed to the last unit discharge only', () => {
    expect(chart('eicu-30').admissions[0]).toMatchObject({
      endMs: ADMISSION + 4000 * MINUTE,
      isDeadAtDischarge: false,
      isOutcomeUnknown: true,
    });
  });

  test('discharged before the first unit stay began cannot be', async () => {
    const patient = (TABLES['patient'] ?? '').split('\n');
    const column = patient[0]?.split(',').indexOf('hospitaldischargeoffset') ?? -1;
    const own = patient.find((row) => row.includes(',40,'))?.split(',') ?? [];
    own[column] = '-5000';
    const other = writeLayout({ patient: `${patient[0] ?? ''}\n${own.join(',')}\n` });
    const charts = await factsIn(other);
    expect(charts.map(({ impossibleOutcome }) => impossibleOutcome)).toEqual(['time of discharge']);
    rmSync(other, { recursive: true });
  });

  test('dead in the unit and alive in the hospital cannot be', () => {
    expect(chart('eicu-40').impossibleOutcome).toBe('discharge status');
  });

  test('volumes, pumps and treatments are transfusions; albumin, salvaged cells, stopped pumps and salt water are not', () => {
    expect(chart('eicu-20').transfusions).toEqual([
      { evidence: 'intakeOutput/1', product: 'rbc', startMs: at(540), volumeMl: 350, place: 'bedside' },
      { evidence: 'intakeOutput/2', product: 'plasma', startMs: at(640), volumeMl: 300, place: 'bedside' },
      { evidence: 'infusiondrug/1', product: 'rbc', startMs: later(100), place: 'bedside' },
      { evidence: 'treatment/1', product: 'plasma', startMs: later(300), place: 'bedside' },
      { evidence: 'treatment/2', product: 'unspecified', startMs: later(300), place: 'bedside' },
    ]);
    expect(chart('eicu-30').transfusions).toMatchObject([{ product: 'unspecified' }]);
  });

  test.each([0, 120] as const)('a charted volume began %d min before its charting, as told', async (shift) => {
    const shifted = await factsIn(folder, { intakeShiftMinutes: shift });
    const starts = shifted.find(({ chartId }) => chartId === 'eicu-20')?.transfusions.map(({ startMs }) => startMs);
    expect(starts?.[0]).toBe(at(600 - shift));
    expect(starts?.[2]).toBe(later(100));
  });

  test('comfort care is the earliest choice of it; a wish not to be resuscitated and a discussion about the end of life are none', () => {
    expect(chart('eicu-20').comfortCareMs).toBe(later(450));
    expect(chart('eicu-10').comfortCareMs).toBeUndefined();
  });

  test('no forbidden column is read', async () => {
    const source = await openEicu(folder);
    expect(() => {
      checkColumnsRead(source.about, new Map());
    }).not.toThrow();
    expect(source.about.columnsRead.join(' ')).not.toMatch(/activeupondischarge|apachePatientResult|diedinhospital/i);
    source.close();
  });
});

describe('the record of a hospital stay', () => {
  let folder: string;
  let staged: Staged;
  let record: PatientRecord;
  beforeAll(async () => {
    folder = writeLayout();
    await writeHourly(folder);
    staged = await stagedIn(folder);
    record = staged.chart.record;
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test('no fact is known before it was filed, and every fact stands in the ledger', () => {
    expect(() => {
      checkFiling(staged.chart, new Map());
    }).not.toThrow();
  });

  test('the worker needs nothing but its folder', () => {
    expect(staged.chart.chartId).toBe('eicu-20');
    expect(record.sex).toBe('female');
  });

  test('an hour of the stand-in is known when it is over', () => {
    expect(valuesOf(record, 'hb')).toMatchObject([{ value: 7.2, timeMs: at(120), availableMs: at(180) }]);
    const hr = valuesOf(record, 'hr').filter(({ evidence }) => evidence.startsWith('yaib_hourly'));
    expect(hr).toMatchObject([{ value: 120, timeMs: at(120), availableMs: at(180) }]);
    expect(staged.chart.filing.get('yaib_hourly/100-2')).toEqual({
      availableMs: at(180),
      trap: 'hourly-bin-before-its-end',
    });
  });

  test('APACHE variables exist from hour 24 on; −1 is missing; an intubated verbal score is missing', () => {
    const apache = record.values.filter(({ evidence }) => evidence === 'apacheApsVar/1');
    expect(new Set(apache.map(({ availableMs }) => availableMs))).toEqual(new Set([at(1440)]));
    expect(apache.map(({ concept }) => concept)).not.toContain('sodium');
    expect(apache.map(({ concept }) => concept)).not.toContain('gcs_verbal');
    expect(apache).toContainEqual(expect.objectContaining({ concept: 'hct', value: 25, timeMs: at(1440) }));
  });

  test('charting is known from the later of its time and its entry', () => {
    expect(valuesOf(record, 'fio2')).toMatchObject([{ value: 60, timeMs: at(200), availableMs: at(260) }]);
    expect(valuesOf(record, 'peep')).toMatchObject([{ value: 8, availableMs: at(210) }]);
    expect(valuesOf(record, 'urine_mlkgh')).toMatchObject([{ value: 120, timeMs: at(500), availableMs: at(560) }]);
  });

  test('an examination is known when its note was entered; without a note, at its own time', () => {
    expect(valuesOf(record, 'gcs_motor')[0]).toMatchObject({ value: 6, timeMs: at(5), availableMs: at(25) });
    expect(valuesOf(record, 'gcs_total')).toMatchObject([{ value: 14, availableMs: at(50) }]);
  });

  test('height and weight are those of the admission; an impossible pressure is counted', () => {
    expect(valuesOf(record, 'weight')).toMatchObject([{ value: 80, availableMs: at(0) }]);
    expect(valuesOf(record, 'sbp').map(({ value }) => value)).toEqual([110]);
  });

  test('a rate runs to the next charting, 6 h at most; a dose by the minute is divided by the weight', () => {
    const given = record.administrations.filter(({ agent }) => agent === 'norepinephrine');
    expect(given).toEqual([
      expect.objectContaining({ startMs: at(100), endMs: at(160), rate: { value: 0.2, unit: 'ug/kg/min' } }),
      expect.objectContaining({ startMs: at(160), endMs: at(300), rate: { value: 0.1, unit: 'ug/kg/min' } }),
      expect.not.objectContaining({ rate: expect.anything() }),
    ]);
    const [vasopressin] = record.administrations.filter(({ agent }) => agent === 'vasopressin');
    expect(vasopressin).toMatchObject({ endMs: at(460), rate: { value: 0.04, unit: 'U/min' } });
    expect(staged.chart.rejections).toMatchObject({ 'infusiondrug: the rate is no number': 1 });
  });

  test('blood is in the record under the evidence of its event, known from its charting on', () => {
    const blood = record.administrations.filter(({ kind }) => kind === 'blood');
    expect(blood).toContainEqual({
      kind: 'blood',
      agent: 'rbc',
      startMs: at(540),
      endMs: at(600),
      availableMs: at(620),
      volumeMl: 350,
      evidence: 'intakeOutput/1',
    });
    expect(blood.find(({ evidence }) => evidence === 'intakeOutput/2')?.availableMs).toBe(at(700));
  });

  test('life support: ventilators until they are charted as ended, treatments for a day', () => {
    expect(record.procedures).toContainEqual({
      kind: 'invasive-ventilation',
      startMs: at(130),
      endMs: at(900),
      availableMs: at(150),
      evidence: 'respiratoryCare/1',
    });
    expect(record.procedures).toContainEqual(
      expect.objectContaining({ kind: 'renal-replacement', startMs: at(120), endMs: at(1560), availableMs: at(120) }),
    );
  });

  test('past history becomes Charlson categories, recorded when entered', () => {
    expect(record.conditions).toEqual([
      { charlson: 'chronic-pulmonary-disease', recordedMs: at(25), evidence: 'pastHistory/1' },
    ]);
    expect(staged.chart.filing.get('pastHistory/1')?.trap).toBe('same-admission-diagnosis');
  });

  test('texts are dated by their entry and say nothing of the limits of care', () => {
    const [admission] = record.notes;
    expect(admission).toMatchObject({ kind: 'admission', availableMs: at(25) });
    expect(admission?.text).toBe(
      'Smoking Status: denies smoking.\nCOPD: COPD - severe.\nHypothyroidism: hypothyroidism.\nMotor Score: 6.\nScore: scored.',
    );
    expect(record.notes.map(({ text }) => text).join('\n')).not.toMatch(/palliative|care limitation|End of life/i);
    expect(staged.chart.rejections).toMatchObject({
      'note: how far care was to go': 1,
      'treatment: how far care was to go': 1,
      'note: a step of the screen, not of the patient': 1,
    });
  });

  test('rows more than six hours after the last index are not staged', async () => {
    const { chart } = await stagedIn(folder, at(200));
    expect(chart.record.administrations.map(({ evidence }) => evidence)).not.toContain('intakeOutput/1');
    expect(chart.record.values.some(({ timeMs }) => timeMs > at(560) && timeMs !== at(1440))).toBe(false);
  });
});

describe('a folder with lab, vitalPeriodic and nurseCharting', () => {
  let folder: string;
  let staged: Staged;
  beforeAll(async () => {
    folder = writeLayout(RAW_VALUES);
    await writeHourly(folder);
    staged = await stagedIn(folder);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test('the real tables are read and the hourly stand-in is not', () => {
    expect(staged.report.rows['yaib_hourly']).toBeUndefined();
    expect(valuesOf(staged.chart.record, 'hr')).toMatchObject([
      { value: 101, timeMs: at(65), evidence: 'vitalPeriodic/1' },
      { concept: 'hr', evidence: 'apacheApsVar/1' },
    ]);
    expect(() => {
      checkFiling(staged.chart, new Map());
    }).not.toThrow();
  });

  test('a result is known from the later of its own and its revised offset', () => {
    expect(valuesOf(staged.chart.record, 'hb')).toMatchObject([{ value: 7.8, timeMs: at(-30), availableMs: at(15) }]);
    expect(valuesOf(staged.chart.record, 'lactate')).toMatchObject([
      { value: 20.5, comparator: '>', availableMs: at(50) },
    ]);
  });

  test("the interface's unit decides; one that is not understood falls back on eICU's; furlongs are counted", () => {
    expect(valuesOf(staged.chart.record, 'plt')).toMatchObject([{ value: 90 }]);
    expect(valuesOf(staged.chart.record, 'anion_gap')).toMatchObject([{ value: 12 }]);
    expect(valuesOf(staged.chart.record, 'potassium')).toEqual([]);
    expect(staged.chart.record.rejections).toContainEqual({ reason: 'unit-unknown', concept: 'potassium', count: 1 });
  });

  test('a nurse charts Fahrenheit; a word for a number is counted', () => {
    const temperatures = valuesOf(staged.chart.record, 'temp').map(({ value }) => value);
    expect(temperatures).toContain(37);
    expect(staged.chart.record.rejections).toContainEqual({ reason: 'not-numeric', concept: 'hr', count: 1 });
  });
});

describe('the dictionary and the tables agree', () => {
  const names = (key: string): readonly string[] => concepts.find((concept) => concept.key === key)?.eicu ?? [];

  test('every infusion the dictionary names is read', () => {
    const drugs = ['nee', 'inotrope', 'sedation'].flatMap(names);
    expect(drugs.filter((name) => agentOfInfusion(name) === undefined)).toEqual([]);
  });

  test('every treatment the dictionary names is life support', () => {
    const paths = ['resp_support', 'rrt_24h'].flatMap(names).filter((name) => name.includes('|'));
    expect(paths.filter((path) => supportOfTreatment(path) === undefined)).toEqual([]);
  });

  test('categories of past history are Charlson categories', () => {
    const known = CHARLSON_CATEGORIES.map(({ key }) => key);
    const paths = ['COPD/x', 'Cirrhosis/varices', 'Cancer/Metastases/liver', 'Renal  (R)/Renal Failure/x', 'Strokes/x'];
    for (const path of paths) expect(known).toContain(charlsonOfPath(`notes/Past History/${path}`));
    expect(charlsonOfPath('notes/Past History/HIV (only)/HIV positive')).toBeUndefined();
  });
});

describe('bad call: a folder that does not fit', () => {
  const patientLines = (TABLES['patient'] ?? '').split('\n');
  test.each([
    ['a missing patient table', { patient: undefined }, /patient\.csv\.gz is missing/],
    [
      'a folder in which nothing tells of transfusions',
      { intakeOutput: undefined, infusiondrug: undefined, treatment: undefined },
      /are all missing/,
    ],
    [
      'a header without a column',
      { intakeOutput: 'intakeoutputid,patientunitstayid\n1,2\n' },
      /intakeOutput\.csv: line 1: the header has no column intakeoutputoffset/,
    ],
    [
      'a unit stay that is there twice',
      { patient: [...patientLines.slice(0, 3), patientLines[1], ''].join('\n') },
      /patient\.csv: lines 2 and 4 have the same patientunitstayid/,
    ],
    [
      'an offset of patient that is no number',
      { patient: (TABLES['patient'] ?? '').replace(',-3060,', ',soon,') },
      /patient\.csv: line 3: hospitaladmitoffset is no whole number/,
    ],
    [
      // Jest's realm hides the line in DuckDB's own error; the service outside of it names line 8.
      'a row with a column too many',
      { treatment: `${TABLES['treatment'] ?? ''}9,100,1,a,b,c,d\n` },
      /treatment\.csv: line 8 has more than 5 columns, expected 5/,
    ],
  ])('%s is named', async (_title, change, message) => {
    const folder = writeLayout(change);
    await expect(factsIn(folder)).rejects.toThrow(message);
    rmSync(folder, { recursive: true });
  });

  test('a truncated gzip is named before anything counts as complete', async () => {
    const folder = writeLayout({ vitalAperiodic: undefined });
    const whole = gzipSync(
      `${TABLES['vitalAperiodic'] ?? ''}${Array.from({ length: 5000 }, (_, i) => `${i + 9},100,${i},${i % 99},,,\n`).join('')}`,
    );
    writeFileSync(join(folder, 'vitalAperiodic.csv.gz'), whole.subarray(0, whole.length - 200));
    await expect(stagedIn(folder)).rejects.toThrow(/vitalAperiodic\.csv\.gz: the gzip stream ends early/);
    rmSync(folder, { recursive: true });
  });

  test('an hourly file without its columns is named', async () => {
    const folder = writeLayout();
    await writeHourly(folder);
    writeFileSync(join(folder, 'yaib_hourly', 'los', 'dyn.parquet'), 'no parquet');
    await expect(openEicu(folder)).rejects.toThrow(/dyn\.parquet: cannot be read as Parquet/);
    rmSync(folder, { recursive: true });
  });

  test('offsets that are no numbers and ids that come twice are counted, not dropped in silence', async () => {
    const folder = writeLayout({
      vitalAperiodic: `${TABLES['vitalAperiodic'] ?? ''}7,100,noon,100,50,70,\n8,100,210,100,50,70,\n8,100,220,100,50,70,\n`,
      intakeOutput: `${TABLES['intakeOutput'] ?? ''}${(TABLES['intakeOutput'] ?? '').split('\n')[1]?.replace('1,100,600', '9,100,dawn') ?? ''}\n`,
      treatment: `${TABLES['treatment'] ?? ''}8,999,5,a|blood product administration,False\n`,
    });
    const { report, chart } = await stagedIn(folder);
    expect(report.rejectionsOfWanted).toMatchObject({
      'vitalAperiodic: observationoffset is no whole number of minutes': 1,
    });
    expect(report.rejections).toMatchObject({
      'intakeOutput: a blood product whose offset is no whole number of minutes': 1,
      'treatment: a unit stay that is not in patient': 1,
    });
    expect(chart.rejections).toMatchObject({ 'vitalAperiodic: a row id twice': 1 });
    rmSync(folder, { recursive: true });
  });

  test('messages hold no cell of a patient', async () => {
    const folder = writeLayout({ patient: (TABLES['patient'] ?? '').replace(',-3060,', ',secret,') });
    await expect(factsIn(folder)).rejects.not.toThrow(/secret/);
    expect(readFileSync(join(folder, 'patient.csv'), 'utf8')).toContain('secret');
    rmSync(folder, { recursive: true });
  });
});
