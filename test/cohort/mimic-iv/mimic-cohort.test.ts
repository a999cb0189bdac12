import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildDataset } from '../../../src/cohort/build/build-dataset.js';
import type { BuildOptions } from '../../../src/cohort/build/build-options.js';
import { readDatasetRows, type DatasetRow } from '../../../src/cohort/dataset-rows.js';
import type { ChartFacts, SourceChart } from '../../../src/cohort/cohort-source.js';
import type { DatasetCard } from '../../../src/cohort/dataset-card.js';
import { MIMIC_ITEM_LABELS } from '../../../src/cohort/sources/mimic-iv/item-labels.js';
import { openMimicIvCohort } from '../../../src/cohort/sources/mimic-iv/mimic-cohort.js';
import { mimicMs } from '../../../src/cohort/sources/mimic-iv/mimic-time.js';
import { readStagedMimicIv } from '../../../src/cohort/sources/mimic-iv/staged-shard.js';
import { fullFeatureSpec } from '../../../src/features/build-feature-spec.js';
import { TABLES, writeLayout } from './made-up-layout.js';

const spec = fullFeatureSpec();
const INDEX_MS = mimicMs('2150-03-04 10:00:40') ?? NaN;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mimic-cohort-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Built {
  readonly card: DatasetCard;
  readonly column: (name: string, episode?: number) => number;
  readonly rows: readonly DatasetRow[];
}

let builds = 0;
async function build(tables: Parameters<typeof writeLayout>[0], changes: Partial<BuildOptions> = {}): Promise<Built> {
  const path = writeLayout(tables);
  try {
    const out = join(folder, `dataset-${builds++}`);
    const { card } = await buildDataset({ source: 'mimic-iv', path, out, spec, workers: 0, ...changes });
    if (!card) throw new Error('no card');
    const rows = [...(await readDatasetRows(out)).byEpisode.values()];
    const column = (name: string, episode = 0): number => {
      const index = spec.tabular.findIndex((one) => one.name === name);
      if (index < 0) throw new Error(`no column ${name}`);
      return rows[episode]?.tabular[index] ?? NaN;
    };
    return { card, column, rows };
  } finally {
    rmSync(path, { recursive: true });
  }
}

async function factsOf(tables: Parameters<typeof writeLayout>[0]): Promise<ChartFacts> {
  const path = writeLayout(tables);
  const source = await openMimicIvCohort(path);
  const [chart] = (await source.facts()).charts;
  source.close();
  rmSync(path, { recursive: true });
  if (!chart) throw new Error('no chart');
  return chart;
}

async function stagedChart(tables: Parameters<typeof writeLayout>[0]): Promise<SourceChart> {
  const path = writeLayout(tables);
  const staged = mkdtempSync(join(folder, 'staged-'));
  const source = await openMimicIvCohort(path);
  await source.facts();
  await source.stage({ wanted: [{ chartId: 'mimic-7', shard: 0, indexMs: [INDEX_MS] }], folder: staged });
  source.close();
  rmSync(path, { recursive: true });
  for await (const chart of readStagedMimicIv(staged, 0)) return chart;
  throw new Error('no chart');
}

/** A table with more rows. */
const more = (table: string, ...rows: readonly string[]): Readonly<Record<string, string>> => ({
  [table]: `${TABLES[table] ?? ''}${rows.join('\n')}\n`,
});

describe('a cell that is no time', () => {
  test.each(['2150-02-30 10:00:00', '2150-03-04 25:00:00', '2150-13-01', '2150-03-04 09:30', 'soon', ''])(
    '%s is none',
    (text) => {
      expect(mimicMs(text)).toBeUndefined();
    },
  );

  test('a result charted at no time is counted and is in no column, whatever its store time', async () => {
    const row = '90,7,91,50912,2150-03-08 25:00:00,2150-03-09 01:00:00,9.9,9.9,mg/dL';
    const { column, card } = await build(more('hosp/labevents', row));
    expect(column('creatinine__max_48h')).toBeCloseTo(1.4);
    expect(card.rejections).toMatchObject({ 'hosp/labevents: no charting time': 1 });
  });

  test('a result whose store time is none counts as without one', async () => {
    const row = '90,7,91,50912,2150-03-04 08:00:00,soon,2.5,2.5,mg/dL';
    const [before, after] = [await stagedChart({}), await stagedChart(more('hosp/labevents', row))];
    expect(after.withoutFilingTime).toBe(before.withoutFilingTime + 1);
  });

  test('an order at no time is no order, and counted', async () => {
    const row = '7-8,8,7,70,2150-03-04 11:61:00,Blood Bank,Red Cell Product Order,New';
    const { card } = await build(more('hosp/poe', row));
    expect(card.counts.episodes).toBe(1);
    expect(card.rejections).toMatchObject({
      'hosp/poe: a product order whose product, transaction or time is not known': 1,
    });
  });
});

describe('a death that cannot be read never makes a survivor', () => {
  const patients = (dod: string): Readonly<Record<string, string>> => ({
    'hosp/patients': `subject_id,gender,anchor_age,anchor_year,anchor_year_group,dod\n7,F,60,2150,2011 - 2013,${dod}\n`,
  });
  const admissions = (deathtime: string): Readonly<Record<string, string>> => ({
    'hosp/admissions': `subject_id,hadm_id,admittime,dischtime,deathtime,admission_type,hospital_expire_flag\n7,70,2150-03-01 08:00:00,2150-03-09 10:00:00,${deathtime},URGENT,1\n`,
  });

  test.each([
    ['2150-13-09', patients('2150-13-09')],
    ['03/09/2150', patients('03/09/2150')],
    ['25:30', { ...patients(''), ...admissions('2150-03-09 25:30:00') }],
  ])('%s: the patient is left out and counted', async (_text, tables) => {
    await expect(build(tables)).rejects.toThrow('none of 1 episodes is kept: impossible-outcome 1');
    expect((await factsOf(tables)).impossibleOutcome).toBeDefined();
  });

  test('dead at discharge without time or date: the time of discharge counts, and is said', async () => {
    const { card } = await build({ ...patients(''), ...admissions('') });
    expect(card.counts.events['all episodes']).toEqual({ n: 1, events: 1 });
    expect(card.rejections).toMatchObject({
      'hosp/admissions: dead at discharge without a death time (counted by the time of discharge)': 1,
    });
  });

  test('dead at discharge without a time but with a date: the date counts', async () => {
    const facts = await factsOf({ ...patients('2150-03-09'), ...admissions('') });
    expect(facts.admissions[0]).toMatchObject({ isDeadAtDischarge: true });
    expect(facts.admissions[0]).not.toHaveProperty('deathMs');
    expect(facts.deathDay).toBe(Date.UTC(2150, 2, 9) / 86_400_000);
  });
});

describe('an end before the start', () => {
  test('a drug or a ventilator is left out and counted: it would run for ever', async () => {
    const { card, column } = await build({
      ...more(
        'icu/inputevents',
        '7,2150-03-04 08:00:00,2150-03-02 09:00:00,2150-03-04 08:01:00,221289,5,mg,0.3,mcg/kg/min,4,FinishedRunning',
      ),
      ...more('icu/procedureevents', '7,2150-03-03 12:00:00,2150-03-01 06:00:00,,225794,2'),
    });
    expect(column('nee__now_24h')).toBeCloseTo(0.2);
    expect(column('resp_support__noninvasive_ventilation')).toBe(0);
    expect(card.rejections).toMatchObject({
      'icu/inputevents: end before start': 1,
      'icu/procedureevents: end before start': 1,
    });
  });

  test('an ICU stay is left out and counted: nobody would ever leave it', async () => {
    const facts = await factsOf(more('icu/icustays', '7,70,701,2150-03-05 08:00:00,2150-03-01 08:00:00'));
    expect(facts.icuStays.map(({ stayId }) => stayId)).toEqual(['700']);
    const chart = await stagedChart(more('icu/icustays', '7,70,701,2150-03-04 08:00:00,2150-03-01 08:00:00'));
    expect(chart.record.encounters.filter(({ setting }) => setting === 'icu')).toHaveLength(1);
  });
});

describe('rows that are left out are counted', () => {
  test('no number, copies, orders of nobody', async () => {
    const red = '7,2150-03-04 07:00:00,2150-03-04 08:00:00,2150-03-04 08:01:00,225168,350,ml,,,2,FinishedRunning';
    const { card, column } = await build({
      ...more('hosp/labevents', '90,7,91,50912,2150-03-04 08:00:00,2150-03-04 08:10:00,HEMOLYZED,,mg/dL'),
      ...more('icu/inputevents', red, '7,2150-03-04 09:00:00,,2150-03-04 09:01:00,221906,1,mg,5,furlong/min,9,Stopped'),
      ...more('hosp/poe', '9-1,1,,,2150-03-04 10:00:00,Blood Bank,Red Cell Product Order,New'),
    });
    expect(card.rejections).toMatchObject({
      'hosp/labevents: no number': 1,
      'icu/inputevents: a row twice, cell for cell': 1,
      'icu/inputevents: a blood product twice': 1,
      'unit-unknown nee': 1,
      'hosp/poe: a product order without a patient': 1,
    });
    expect(column('prior_exposure__units_rbc_6h')).toBe(1);
  });

  test('two drains with the same volume at one time are two volumes', async () => {
    const drain = '7,2150-03-04 09:00:00,2150-03-04 09:05:00,226564,300,ml';
    const twice = await build(more('icu/outputevents', drain, drain.replace('226564', '226565')));
    const once = await build(more('icu/outputevents', drain));
    const none = await build({});
    const [two, one, zero] = [twice, once, none].map(({ column }) => column('urine_mlkgh__rate_6h'));
    expect((two ?? NaN) - (one ?? NaN)).toBeCloseTo((one ?? NaN) - (zero ?? NaN), 5);
    expect(two).toBeGreaterThan(one ?? NaN);
  });
});

describe('outside an ICU nothing charted is nothing known', () => {
  test('no dose of 0, no units of 0, no room air on a ward', async () => {
    const tables = { 'icu/inputevents': TABLES['icu/inputevents']?.split('\n')[0] ?? '' };
    const icu = await build(tables);
    const ward = await build({ ...tables, 'icu/icustays': 'subject_id,hadm_id,stay_id,intime,outtime\n' });
    for (const name of ['nee__now_24h', 'prior_exposure__units_rbc_24h', 'inotrope', 'sedation']) {
      expect([name, icu.column(name)]).toEqual([name, 0]);
      expect([name, ward.column(name)]).toEqual([name, NaN]);
    }
    expect(ward.card.counts).toMatchObject({ episodes: 1, outsideIcu: 1 });
    expect(ward.column('fio2_or_room_air_24h')).toBeNaN();
  });
});

describe('notes', () => {
  const HEADER = 'note_id,subject_id,hadm_id,charttime,storetime,text\n';
  const EARLIER =
    'subject_id,hadm_id,admittime,dischtime,deathtime,admission_type,hospital_expire_flag\n' +
    '7,69,2150-02-20 08:00:00,2150-02-26 10:00:00,,URGENT,0\n' +
    '7,70,2150-03-01 08:00:00,2150-03-09 10:00:00,2150-03-09 09:30:00,URGENT,1\n';
  const notesOf = async (tables: Parameters<typeof writeLayout>[0]): Promise<readonly string[]> =>
    (await stagedChart({ 'hosp/admissions': EARLIER, ...tables })).record.notes
      .filter(({ availableMs }) => availableMs <= INDEX_MS)
      .map(({ evidence }) => evidence);

  test('a report counts from its store time; without one it is left out and counted', async () => {
    const tables = {
      'note/radiology':
        HEADER +
        'r1,7,70,2150-03-03 09:00:00,2150-03-03 12:00:00,"CHEST: effusion, right"\n' +
        'r2,7,70,2150-03-04 09:00:00,2150-03-04 12:00:00,CHEST: filed after the order\n' +
        'r3,7,70,2150-03-04 08:00:00,,CHEST: never filed\n',
    };
    expect(await notesOf(tables)).toEqual(['DocumentReference/r1']);
    expect((await build(tables)).card.rejections).toMatchObject({ 'note/radiology: no charting or store time': 1 });
  });

  test('a summary of an earlier admission counts from its discharge on, however early it was stored; its own never', async () => {
    const tables = {
      'note/discharge':
        HEADER +
        'd1,7,69,2150-02-20 00:00:00,2150-02-21 12:00:00,SUMMARY: earlier\n' +
        'd2,7,70,2150-03-02 00:00:00,2150-03-02 12:00:00,SUMMARY: own\n',
    };
    expect(await notesOf(tables)).toEqual(['DocumentReference/d1']);
  });
});

describe('layouts', () => {
  test('2.2 and 3.1, with and without compression, give the same rows', async () => {
    const plain = await build({});
    const path = writeLayout({
      ...TABLES,
      'hosp/admissions':
        'subject_id,hadm_id,admittime,dischtime,deathtime,admission_type,admit_provider_id,admission_location,discharge_location,hospital_expire_flag\n' +
        '7,70,2150-03-01 08:00:00,2150-03-09 10:00:00,2150-03-09 09:30:00,URGENT,P1,EMERGENCY ROOM,DIED,1\n',
    });
    for (const table of Object.keys(TABLES)) {
      const text = readFileSync(join(path, `${table}.csv`));
      rmSync(join(path, `${table}.csv`));
      writeFileSync(join(path, `${table}.csv.gz`), gzipSync(text));
    }
    const out = join(folder, 'compressed');
    const { card } = await buildDataset({ source: 'mimic-iv', path, out, spec, workers: 0 });
    rmSync(path, { recursive: true });
    expect(card?.tabularSha256).toBe(plain.card.tabularSha256);
    expect(card?.episodesSha256).toBe(plain.card.episodesSha256);
  });
});

describe('bad call: a folder that does not fit is named by file and line, and nothing of it is finished', () => {
  const latin1 = Buffer.from(
    `${TABLES['icu/chartevents'] ?? ''}7,2150-03-04 09:00:00,,223761,98.6,98.6,\u00b0F\n`,
    'latin1',
  );
  const truncated = gzipSync(Buffer.from(`${TABLES['hosp/poe'] ?? ''}${'7-9,9,7,70,,,,\n'.repeat(5000)}`)).subarray(
    0,
    -200,
  );
  const labels = Object.entries(MIMIC_ITEM_LABELS.d_items);
  const relabelled = `itemid,label,other\n${labels.map(([item, label]) => `${item},"${item === '225168' ? 'Green Peas' : label}",x\n`).join('')}`;

  test.each<readonly [string, Parameters<typeof writeLayout>[0], Readonly<Record<string, Uint8Array>>, RegExp]>([
    ['a missing table', { 'icu/outputevents': undefined }, {}, /icu\/outputevents\.csv\.gz is missing/],
    [
      'a missing column',
      { 'hosp/patients': 'subject_id,gender\n7,F\n' },
      {},
      /hosp\/patients\.csv: line 1: .* anchor_age/,
    ],
    [
      'a row too long',
      more('hosp/poe', '7-9,9,7,70,x,y,z,New,one,two'),
      {},
      /hosp\/poe\.csv: line 6 has more than 8 columns, expected 8/,
    ],
    [
      'an open quote',
      more('icu/icustays', '7,70,"701,2150-03-05 08:00:00,'),
      {},
      /icu\/icustays\.csv: line \d: a quote is not closed/,
    ],
    [
      'an id twice',
      more('hosp/poe', '7-1,1,7,70,2150-03-04 10:00:05,Blood Bank,Red Cell Product Order,New'),
      {},
      /hosp\/poe\.csv: lines 2 and 6 have the same poe_id/,
    ],
    [
      'a patient twice',
      more('hosp/patients', '7,M,50,2150,2011 - 2013,'),
      {},
      /hosp\/patients\.csv: lines 2 and 3 have the same subject_id/,
    ],
    ['an item with another label', { 'icu/d_items': relabelled }, {}, /225168/],
    [
      'an order of an unknown patient',
      more('hosp/poe', '8-1,1,8,80,2150-03-04 10:00:05,Blood Bank,Red Cell Product Order,New'),
      {},
      /hosp\/poe: rows of 1 patients who are not in hosp\/patients/,
    ],
    [
      'Latin-1 bytes',
      { 'icu/chartevents': undefined },
      { 'icu/chartevents.csv': latin1 },
      /icu\/chartevents\.csv: line 4 is not UTF-8/,
    ],
    [
      'a truncated gzip',
      { 'hosp/poe': undefined },
      { 'hosp/poe.csv.gz': truncated },
      /hosp\/poe\.csv\.gz: the gzip stream ends early \(truncated file\)/,
    ],
  ])('%s', async (_title, tables, files, message) => {
    const path = writeLayout(tables);
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(path, name), bytes);
    const out = join(folder, `bad-${builds++}`);
    const built = buildDataset({ source: 'mimic-iv', path, out, spec, workers: 0 });
    await expect(built).rejects.toThrow(message);
    await expect(built).rejects.toMatchObject({ code: 'ERR_DATASET' });
    expect(existsSync(join(out, 'DONE'))).toBe(false);
    rmSync(path, { recursive: true });
  });
});
