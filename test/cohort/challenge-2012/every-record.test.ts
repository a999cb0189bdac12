import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { buildDataset } from '../../../src/cohort/build/build-dataset.js';
import type { BuildOptions } from '../../../src/cohort/build/build-options.js';
import { mergeParts } from '../../../src/cohort/build/merge-parts.js';
import type { DatasetCard } from '../../../src/cohort/dataset-card.js';
import { planCohort } from '../../../src/cohort/plan/plan-cohort.js';
import { openChallengeCohort } from '../../../src/cohort/sources/challenge-2012/challenge-cohort.js';
import { icuBaselineSpec } from '../../../src/cohort/sources/challenge-2012/icu-baseline-spec.js';
import { fullFeatureSpec } from '../../../src/features/build-feature-spec.js';
import { bytesOf } from '../../support/folder-bytes.js';
import { needs, sharedData } from '../../support/shared-data.js';
import { tarOf } from './make-tar.js';

const OUTCOME_HEADER = 'RecordID,SAPS-I,SOFA,Length_of_stay,Survival,In-hospital_death';

function recordText(
  recordId: number,
  rows: readonly string[] = ['00:00,Age,70', '01:30,HR,88', '40:10,HCT,27'],
): string {
  return `${['Time,Parameter,Value', `00:00,RecordID,${recordId}`, ...rows].join('\n')}\n`;
}

/** Record, days of survival, died in hospital. */
type Became = readonly [recordId: number, survival: number, died: 0 | 1];

function outcomesText(rows: readonly Became[]): string {
  return `${[OUTCOME_HEADER, ...rows.map(([id, survival, died]) => `${id},10,5,12,${survival},${died}`)].join('\n')}\n`;
}

async function rowsOf(out: string, sql: string): Promise<readonly (readonly unknown[])[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const rows = (await connection.runAndReadAll(sql.replaceAll('@', `${out}/`))).getRowsJson();
  instance.closeSync();
  return rows;
}

const LABELS =
  "SELECT patient_id, subset, label_in_hospital, label_7d, label_7d_sensitivity, label_24h, label_72h FROM '@episodes.parquet'";

let folder: string;
let places = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'every-record-'));
});
afterAll(async () => rm(folder, { recursive: true }));

/** A folder of these files, by path. */
async function sourceOf(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const source = join(folder, `source-${(places += 1)}`);
  await mkdir(source);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(source, path)), { recursive: true });
    await writeFile(join(source, path), content);
  }
  return source;
}

async function build(path: string, changes: Partial<BuildOptions> = {}): Promise<{ out: string; card: DatasetCard }> {
  const out = join(folder, `out-${(places += 1)}`);
  const { card } = await buildDataset({
    source: 'challenge-2012',
    path,
    out,
    spec: icuBaselineSpec(),
    sourceOptions: { everyRecord: true },
    workers: 0,
    ...changes,
  });
  if (!card) throw new Error('no card');
  return { out, card };
}

const BECAME: readonly Became[] = [
  [1, 5, 1],
  [2, -1, 0],
  [3, 2, 1],
  [4, 1, 1],
  [5, -23, 1],
  [6, 30, 0],
];
const MINOR = ['00:00,Age,16', '01:30,HR,88'];
const setA: Readonly<Record<string, string>> = {
  ...Object.fromEntries(BECAME.map(([id]) => [`set-a/${id}.txt`, recordText(id, id === 6 ? MINOR : undefined)])),
  'Outcomes-a.txt': outcomesText(BECAME),
};

describe('every record of a folder', () => {
  test('nobody is left out; death in hospital is that of the outcomes, other labels are null where time says nothing', async () => {
    const { out, card } = await build(await sourceOf(setA));
    expect(await rowsOf(out, LABELS)).toEqual([
      ['1', 'a', true, true, true, false, true],
      ['2', 'a', false, false, false, false, false],
      ['3', 'a', true, null, true, null, null],
      ['4', 'a', true, null, null, null, null],
      ['5', 'a', true, null, null, null, null],
      ['6', 'a', false, false, false, false, false],
    ]);
    expect(card.counts).toMatchObject({ episodes: 6, unlabelled: 3, inHospital: { n: 6, events: 4 } });
    expect(Object.values(card.attrition.excluded).map(({ episodes }) => episodes)).toEqual(Array(7).fill(0));
    expect(card.label).toContain('In-hospital_death');
    expect(card.rejections).toMatchObject({
      'Outcomes-a: in-hospital death contradicts survival and length of stay (kept)': 2,
    });
    expect(card.guards).toMatchObject({ 'patient-in-two-folds': 6, 'outcome-dependent-index': 6 });
    expect(card.guards['result-filed-after-index']).toBeGreaterThan(0);
    expect(await readFile(join(out, 'dataset-card.md'), 'utf8')).toContain('| dead in hospital | 4 |');
  });

  test('without outcomes all labels are null and the card says so', async () => {
    const { out, card } = await build(await sourceOf({ 'set-c/1.txt': recordText(1), 'set-c/2.txt': recordText(2) }));
    expect(await rowsOf(out, LABELS)).toEqual([
      ['1', 'c', null, null, null, null, null],
      ['2', 'c', null, null, null, null, null],
    ]);
    expect(card.label).toBe('none: no outcomes given');
    expect(card.counts.inHospital).toEqual({ n: 0, events: 0 });
    const markdown = await readFile(join(out, 'dataset-card.md'), 'utf8');
    expect(markdown).toContain('No outcomes given for set-c: all labels are null.');
  });

  test('a set is a folder or an archive, with or without outcomes; single files lie beside them', async () => {
    const source = await sourceOf({
      ...setA,
      'set-c.tar.gz': gzipSync(tarOf({ 'set-c/31.txt': recordText(31), 'set-c/README.txt': 'not a record' })),
      '41.txt': recordText(41),
      'bed seven.txt': recordText(42),
      'LICENSE.txt': 'Open Data Commons Attribution License\n',
    });
    const { out, card } = await build(source);
    const rows = await rowsOf(out, "SELECT patient_id, subset, label_in_hospital FROM '@episodes.parquet'");
    expect(rows).toHaveLength(9);
    expect(rows).toEqual(
      expect.arrayContaining([
        ['1', 'a', true],
        ['31', 'c', null],
        ['41', null, null],
        ['42', null, null],
      ]),
    );
    expect(card.rejections).toMatchObject({ 'files: no record of a stay': 2 });
    expect(card.source.caveats).toContain('No outcomes given for set-c, the folder itself: all labels are null.');
    expect(card.source.title).toContain('every record of set-a, set-c, the folder itself');
  });

  test('single files take the outcomes of a set that is not there; rows of other records are counted', async () => {
    const source = await sourceOf({
      '7.txt': recordText(7),
      'Outcomes-b.txt': outcomesText([
        [7, 3, 1],
        [8, -1, 0],
      ]),
    });
    const { out, card } = await build(source);
    expect(await rowsOf(out, LABELS)).toEqual([['7', null, true, true, true, true, true]]);
    expect(card.rejections).toMatchObject({ 'outcomes: no record of that number': 1 });
  });

  test('a record without any usable value, and one without an age, have a row', async () => {
    const source = await sourceOf({
      'set-a/1.txt': recordText(1, []),
      'set-a/2.txt': recordText(2, ['00:00,Age,-1', '00:00,Gender,-1', '00:00,Weight,-1', '10:00,DiasABP,0']),
      'set-a/3.txt': recordText(3, ['00:00,Age,900', '47:00,HR,90']),
    });
    const { out, card } = await build(source, { spec: fullFeatureSpec() });
    expect(card.counts).toMatchObject({ episodes: 3, scoreable: 1 });
    const values = await rowsOf(out, "SELECT isnan(age), isnan(hr__last_48h) FROM '@tabular.parquet'");
    expect(values).toEqual([
      [true, true],
      [true, true],
      [true, false],
    ]);
    expect(await rowsOf(out, "SELECT len(concept_ids) FROM '@series.parquet'")).toHaveLength(3);
  });

  test('rows, folds and splits of the records that a build without it keeps are the same', async () => {
    const b = BECAME.map(([id, survival, died]): Became => [id + 10, survival, died]);
    const source = await sourceOf({
      ...setA,
      ...Object.fromEntries(b.map(([id]) => [`set-b/${id}.txt`, recordText(id)])),
      'Outcomes-b.txt': outcomesText(b),
    });
    const [kept, every] = [await build(source, { sourceOptions: {} }), await build(source)];
    const columns = 'episode_id, label_7d, label_in_hospital, fold, split, tabular_sha256';
    const some = await rowsOf(kept.out, `SELECT ${columns} FROM '@episodes.parquet'`);
    const all = await rowsOf(every.out, `SELECT ${columns} FROM '@episodes.parquet'`);
    expect([some.length, all.length]).toEqual([7, 12]);
    expect(all).toEqual(expect.arrayContaining([...some]));
    expect(kept.card.counts).not.toHaveProperty('inHospital');
    expect(kept.card.source.title).toBe('PhysioNet/CinC Challenge 2012, sets a and b');
  });

  test('the same files give the same bytes, in parts too', async () => {
    const source = await sourceOf(setA);
    const { out } = await build(source);
    const parts = [1, 2].map((index) => ({ index, of: 2, folder: join(folder, `part-${index}`) }));
    for (const { folder: part, ...which } of parts) {
      await buildDataset({
        source: 'challenge-2012',
        path: source,
        out: part,
        spec: icuBaselineSpec(),
        sourceOptions: { everyRecord: true },
        workers: 0,
        shards: 2,
        part: which,
      });
    }
    const merged = join(folder, 'merged');
    await mergeParts(
      parts.map((part) => part.folder),
      merged,
    );
    expect(await bytesOf(merged)).toEqual(await bytesOf(out));
  });
});

describe('bad call: refused with the file and the reason, and nothing is marked DONE', () => {
  test.each([
    ['an empty folder', { 'NOTES.md': '' }, 'no record found'],
    ['a set without a record', { 'set-d/README.txt': 'nothing' }, 'set-d: holds no record'],
    [
      'a file without RecordID',
      { 'set-c/1.txt': 'Time,Parameter,Value\n00:00,Age,70\n' },
      'set-c, file 1.txt: has no RecordID',
    ],
    ['an empty file', { '1.txt': '' }, 'file 1.txt: has no RecordID'],
    ['a RecordID that is no number', { '1.txt': 'Time,Parameter,Value\n00:00,RecordID,-1\n' }, 'has no RecordID'],
    ['two RecordIDs', { '1.txt': recordText(1, ['00:00,RecordID,2']) }, 'file 1.txt: has more than one RecordID'],
    ['a RecordID that is not its name', { 'set-c/1.txt': recordText(2) }, 'its RecordID is another than its name'],
    [
      'a record twice',
      { 'set-a/1.txt': recordText(1), 'set-c/1.txt': recordText(1) },
      'record 1 is there twice: set-a, file 1.txt and set-c, file 1.txt',
    ],
    [
      'a record twice, once by itself',
      { 'set-a/1.txt': recordText(1), 'x.txt': recordText(1) },
      'record 1 is there twice',
    ],
    [
      'a row that does not parse',
      { 'set-c/1.txt': recordText(1, ['01:00,HR,fast']) },
      'set-c, file 1.txt: line 3 is not time',
    ],
    [
      'another header',
      { 'set-c/1.txt': recordText(1).replace('Time', 'Hour') },
      'set-c, file 1.txt: expected the header',
    ],
    ['what is no archive', { 'set-c.tar.gz': 'plain' }, 'expected a .tar.gz'],
    [
      'a record without outcome',
      { ...setA, 'set-a/9.txt': recordText(9) },
      'Outcomes-a.txt: no row for a record of set-a',
    ],
    [
      'an outcome without record',
      { 'set-a/1.txt': recordText(1), 'Outcomes-a.txt': setA['Outcomes-a.txt'] ?? '' },
      'set-a: expected 6 stays',
    ],
    [
      'a single file without outcome',
      { '9.txt': recordText(9), 'Outcomes-a.txt': outcomesText([[8, 3, 1]]) },
      'file 9.txt: the outcomes given have no row for it',
    ],
    ['outcomes that do not parse', { ...setA, 'Outcomes-a.txt': 'RecordID\n1\n' }, 'expected the header'],
  ] as const)('%s', async (_title, files, words) => {
    const source = await sourceOf(files);
    const out = join(folder, `refused-${(places += 1)}`);
    await expect(build(source, { out })).rejects.toThrow(words);
    expect(existsSync(join(out, 'DONE'))).toBe(false);
  });

  test('a record that cannot be read', async () => {
    const source = await sourceOf({ 'set-c/1.txt': recordText(1), 'set-c/2.txt/inside': '' });
    await expect(build(source)).rejects.toThrow('set-c, file 2.txt: cannot be read');
  });

  test('a folder that is not there', async () => {
    await expect(build(join(folder, 'nowhere'))).rejects.toThrow('the dataset folder cannot be read');
  });

  test('an earlier landmark, which would choose records by what came later; another source', async () => {
    const source = await sourceOf(setA);
    await expect(build(source, { landmarkHours: [24] })).rejects.toThrow('has only the landmark 48');
    await expect(build(source, { source: 'eicu' })).rejects.toThrow('everyRecord means nothing to eicu');
  });

  test('a build of some records is not gone on with as one of every record', async () => {
    const source = await sourceOf(setA);
    const part = join(folder, 'every-part');
    const options = { out: part, part: { index: 1, of: 1 } } as const;
    await expect(build(source, options)).rejects.toThrow('no card');
    const copy = join(folder, 'some-part');
    await cp(part, copy, { recursive: true });
    await expect(build(source, { ...options, out: copy, sourceOptions: {} })).rejects.toThrow(
      'holds a build that was cut short',
    );
  });
});

const PUBLISHED = 'challenge-2012';
const published = sharedData(PUBLISHED);

(published === undefined ? describe.skip : describe)(needs(PUBLISHED, 'every record of the published sets'), () => {
  test('8,000 records, 554 and 568 dead in hospital; the 69 that a build for day 7 leaves out have their row', async () => {
    const source = await openChallengeCohort(published ?? '', { everyRecord: true });
    const { charts, totals } = await source.facts();
    const rule = { kind: 'landmark', gapHours: 24, landmarkHours: [48] } as const;
    const { episodes } = planCohort(charts, totals, source.about, rule);
    const dead = (set: string): number =>
      episodes.filter(({ subset, outcome }) => subset === set && outcome.diedInHospital === true).length;
    expect([episodes.length, dead('a'), dead('b')]).toEqual([8000, 554, 568]);
    expect(episodes.filter(({ outcome }) => outcome.died7d === null)).toHaveLength(118 + 54 + 1);
    const { keepsEveryRecord, ...some } = source.about;
    expect(keepsEveryRecord).toBe(true);
    expect(planCohort(charts, totals, some, rule).episodes).toHaveLength(7931);
  });
});
