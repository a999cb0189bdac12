import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { buildDataset, type BuildResult } from '../../src/cohort/build/build-dataset.js';
import type { BuildOptions } from '../../src/cohort/build/build-options.js';
import { rowDigest } from '../../src/cohort/build/episode-rows.js';
import { mergeParts } from '../../src/cohort/build/merge-parts.js';
import { columnSources } from '../../src/cohort/column-sources.js';
import type { DatasetCard } from '../../src/cohort/dataset-card.js';
import { icuBaselineSpec } from '../../src/cohort/sources/challenge-2012/icu-baseline-spec.js';
import { PREDICTION_TIME_MS, recordFromRows } from '../../src/cohort/sources/challenge-2012/record-from-rows.js';
import { conceptByKey } from '../../src/concepts/dictionary.js';
import { mapFeatures } from '../../src/features/map-features.js';
import { canonicalSpecBytes } from '../../src/features/parse-feature-spec.js';
import { bytesOf } from '../support/folder-bytes.js';

const CHALLENGE = new URL('../../../shared/data/challenge-2012', import.meta.url).pathname;
const BUNDLE = new URL('../../models/icu-baseline', import.meta.url).pathname;
const OUTCOME_HEADER = 'RecordID,SAPS-I,SOFA,Length_of_stay,Survival,In-hospital_death';

const FULL_STAY = [
  ...['00:00,RecordID,1', '00:00,Age,70', '00:00,Gender,1', '00:00,Height,170', '00:00,Weight,80', '00:00,ICUType,4'],
  ...[1, 20, 47].flatMap((hour) =>
    [
      ...['HR,90', 'SysABP,110', 'DiasABP,60', 'MAP,77', 'Temp,37.1', 'GCS,14', 'FiO2,0.5', 'Urine,300', 'MechVent,1'],
      ...[
        'HCT,30',
        'Platelets,150',
        'WBC,9',
        'Lactate,2',
        'pH,7.35',
        'PaCO2,40',
        'PaO2,90',
        'HCO3,24',
        'Na,140',
        'K,4',
      ],
      ...['Creatinine,1', 'BUN,20', 'Glucose,120', 'Mg,2', 'Bilirubin,1', 'ALT,30', 'AST,30', 'ALP,80', 'Albumin,3'],
      ...['TroponinT,0.05'],
    ].map((row) => `${String(hour).padStart(2, '0')}:30,${row}`),
  ),
];

function stayText(rows: readonly string[]): string {
  return ['Time,Parameter,Value', ...rows].join('\n');
}

async function rowsOf(sql: string): Promise<readonly (readonly unknown[])[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const rows = (await connection.runAndReadAll(sql)).getRowsJson();
  instance.closeSync();
  return rows;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const SURVIVALS = [5, -1, 2, 1, -23];

describe('the training set of made-up stays', () => {
  let folder: string;
  let source: string;
  let out: string;
  let card: DatasetCard;
  const build = (to: string, changes: Partial<BuildOptions> = {}): Promise<BuildResult> =>
    buildDataset({
      source: 'challenge-2012',
      path: source,
      out: join(folder, to),
      spec: icuBaselineSpec(),
      workers: 0,
      ...changes,
    });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dataset-'));
    source = join(folder, 'challenge');
    out = join(folder, 'out');
    for (const [set, first] of [
      ['a', 1],
      ['b', 11],
    ] as const) {
      await mkdir(join(source, `set-${set}`), { recursive: true });
      const outcomes = SURVIVALS.map((days, index) => `${first + index},0,0,9,${days},${days >= 2 ? 1 : 0}`);
      await writeFile(join(source, `Outcomes-${set}.txt`), `${[OUTCOME_HEADER, ...outcomes].join('\n')}\n`);
      for (const index of SURVIVALS.keys()) {
        await writeFile(join(source, `set-${set}`, `${first + index}.txt`), stayText(FULL_STAY));
      }
    }
    card = (await build('out')).card ?? (Promise.reject(new Error('no card')) as never);
  });
  afterAll(async () => rm(folder, { recursive: true }));

  test('counts every stay once: kept, kept without a label, or left out with its reason', () => {
    expect(card.attrition.found.episodes).toBe(10);
    expect(card.attrition.excluded).toMatchObject({
      'dead-before-index': { episodes: 2 },
      'impossible-outcome': { episodes: 2 },
      'under-18': { episodes: 0 },
    });
    expect(card.attrition.kept.episodes).toBe(6);
    expect(card.counts).toMatchObject({ unlabelled: 2, ambiguous: 2, scoreable: 6 });
    expect(card.counts.events['all episodes']).toEqual({ n: 4, events: 2 });
    expect(card.counts.events['all episodes, sensitivity label']).toEqual({ n: 6, events: 4 });
  });

  test('episodes carry label, subset and splits; tabular holds the columns of the feature spec as 32-bit floats', async () => {
    const episodes = await rowsOf(
      `SELECT patient_id, subset, label_7d, label_7d_sensitivity, landmark_hour FROM '${join(out, 'episodes.parquet')}'`,
    );
    expect(episodes).toEqual([
      ['1', 'a', true, true, 48],
      ['2', 'a', false, false, 48],
      ['3', 'a', null, true, 48],
      ['11', 'b', true, true, 48],
      ['12', 'b', false, false, 48],
      ['13', 'b', null, true, 48],
    ]);
    const types = await rowsOf(`DESCRIBE SELECT * FROM '${join(out, 'tabular.parquet')}'`);
    expect(types.map(([name]) => name)).toEqual(['episode_id', ...icuBaselineSpec().tabular.map(({ name }) => name)]);
    expect(new Set(types.slice(1).map(([, type]) => type))).toEqual(new Set(['FLOAT']));
  });

  test('its row is the row the service would score, and its digest is that of the row', async () => {
    const [row = []] = await rowsOf(`SELECT * FROM '${join(out, 'tabular.parquet')}' LIMIT 1`);
    const record = recordFromRows(stayText(FULL_STAY), 'made up');
    const mapped = mapFeatures(record, icuBaselineSpec(), { predictionTimeMs: PREDICTION_TIME_MS });
    expect(Float32Array.from(row.slice(1), Number)).toEqual(mapped.tabular);
    expect(mapped.tabular.some(Number.isNaN)).toBe(false);
    const [[digest] = []] = await rowsOf(`SELECT tabular_sha256 FROM '${join(out, 'episodes.parquet')}' LIMIT 1`);
    expect(digest).toBe(rowDigest(String(row[0]), mapped.tabular));
    const [[ids, hours] = []] = await rowsOf(
      `SELECT concept_ids, hours_before FROM '${join(out, 'series.parquet')}' LIMIT 1`,
    );
    expect(ids).toEqual([...mapped.series.conceptIds.subarray(0, mapped.series.tokens)]);
    expect(hours).toHaveLength(mapped.series.tokens);
  });

  test('the same files in give the same bytes out, whatever the shards, whole or in parts', async () => {
    const first = await bytesOf(out);
    expect(Object.keys(first)).toEqual(
      expect.arrayContaining(['DONE', 'columns.json', 'dataset-card.json', 'dataset-card.md', 'attrition.svg']),
    );
    expect(Object.keys(first)).not.toContain('.build');
    await build('shards', { shards: 3 });
    expect(await bytesOf(join(folder, 'shards'))).toEqual(first);
    const parts = ['part-1', 'part-2'];
    for (const [at, name] of parts.entries()) await build(name, { shards: 4, part: { index: at + 1, of: 2 } });
    await mergeParts(parts.map((name) => join(folder, name)).reverse(), join(folder, 'merged'));
    expect(await bytesOf(join(folder, 'merged'))).toEqual(first);
  });

  test('a build that was cut short goes on by shard and ends in the same bytes', async () => {
    const cut = join(folder, 'cut');
    await build('cut', { shards: 3, part: { index: 1, of: 1 } });
    await rm(join(cut, 'PART-DONE'));
    const shards = join(cut, '.build', 'shards');
    const [lost = ''] = await readdir(shards);
    await rm(join(shards, lost), { recursive: true });
    await mkdir(join(shards, `${lost}.tmp`));
    await writeFile(join(shards, `${lost}.tmp`, 'tabular.parquet'), 'half a file');
    const resumed = await build('cut', { shards: 3, part: { index: 1, of: 1 } });
    expect(resumed.timings.episodesMapped).toBeLessThan(6);
    expect(resumed.timings.episodesMapped).toBeGreaterThan(0);
    await mergeParts([cut], join(folder, 'cut-merged'));
    expect(await bytesOf(join(folder, 'cut-merged'))).toEqual(await bytesOf(out));
  });

  test('bad call: a part that lost a shard is not merged into a finished dataset', async () => {
    const torn = join(folder, 'torn');
    await cp(join(folder, 'part-1'), torn, { recursive: true });
    const shards = join(torn, '.build', 'shards');
    const [lost = ''] = await readdir(shards);
    await rm(join(shards, lost), { recursive: true });
    const to = join(folder, 'torn-merged');
    await expect(mergeParts([torn, join(folder, 'part-2')], to)).rejects.toThrow('do not hold every episode once');
    expect(existsSync(join(to, 'DONE'))).toBe(false);
    // What is left of a merge that failed or was killed is begun anew.
    await mergeParts([join(folder, 'part-1'), join(folder, 'part-2')], to);
    expect(await bytesOf(to)).toEqual(await bytesOf(out));
  });

  test('bad call: parts that were cut into other shards are not merged', async () => {
    const other = join(folder, 'part-2-of-6');
    await build('part-2-of-6', { shards: 6, part: { index: 2, of: 2 } });
    await expect(mergeParts([join(folder, 'part-1'), other], join(folder, 'never-2'))).rejects.toThrow(
      'other files or with other options',
    );
  });

  test('a copy of the files elsewhere is the same source; its parts and those of the first belong together', async () => {
    const copy = join(folder, 'copied-source');
    await cp(source, copy, { recursive: true });
    await build('copied-part-2', { path: copy, shards: 4, part: { index: 2, of: 2 } });
    await mergeParts([join(folder, 'part-1'), join(folder, 'copied-part-2')], join(folder, 'copied-merged'));
    expect(await bytesOf(join(folder, 'copied-merged'))).toEqual(await bytesOf(out));
  });

  test('a dataset inside the folder of its source can be taken up; one that a kill left finished is finished', async () => {
    const inside = join(source, 'dataset');
    await build('inside', { out: inside, shards: 2, part: { index: 1, of: 1 } });
    await rm(join(inside, 'PART-DONE'));
    const resumed = await build('inside', { out: inside, shards: 2, part: { index: 1, of: 1 } });
    expect(resumed.timings.episodesMapped).toBe(0);
    await rm(inside, { recursive: true });
  });

  test.each([
    ['of other options', { shards: 2 }],
    ['with another feature spec', { spec: { ...icuBaselineSpec(), id: 'other' } }],
  ])('bad call: a folder with a build %s is not gone on with', async (_words, changes) => {
    const cut = join(folder, `other-${JSON.stringify(changes).length}`);
    await mkdir(join(cut, '.build'), { recursive: true });
    await cp(join(folder, 'part-1', '.build'), join(cut, '.build'), { recursive: true });
    await expect(
      buildDataset({
        source: 'challenge-2012',
        path: source,
        out: cut,
        spec: icuBaselineSpec(),
        workers: 0,
        ...changes,
      }),
    ).rejects.toThrow('holds a build that was cut short');
  });

  test('bad call: an existing folder is not overwritten', async () => {
    await expect(build('out')).rejects.toThrow('exists already');
    await expect(build('challenge')).rejects.toThrow('exists already');
  });

  test('bad call: parts that are missing, doubled or not finished are named', async () => {
    const to = join(folder, 'never');
    const [one, two] = [join(folder, 'part-1'), join(folder, 'part-2')];
    await expect(mergeParts([one], to)).rejects.toThrow('part 2/2 is missing');
    await expect(mergeParts([one, one], to)).rejects.toThrow('part 1/2 was given twice');
    await expect(mergeParts([one, out], to)).rejects.toThrow('is not a finished part');
    await expect(mergeParts([one, two], out)).rejects.toThrow('exists already');
    expect(existsSync(to)).toBe(false);
  });

  test.each([
    ['order-time', {}, 'cannot be indexed by order-time'],
    ['landmark', { landmarkHours: [24, 48] }, 'has only the landmark 48'],
  ] as const)('bad call: an index that would not be fair here: %s', async (index, changes, words) => {
    await expect(build('unfair', { index, ...changes })).rejects.toThrow(words);
  });

  test('fault: a missing stay is named, and the folder gets no DONE', async () => {
    const broken = join(folder, 'broken');
    await mkdir(join(broken, 'set-a'), { recursive: true });
    await writeFile(join(broken, 'Outcomes-a.txt'), `${OUTCOME_HEADER}\n1,0,0,9,5,1\n`);
    await expect(build('broken-out', { path: broken })).rejects.toThrow(
      'set-a: expected 1 stays (Outcomes-a.txt), found 0',
    );
    expect(existsSync(join(folder, 'broken-out', 'DONE'))).toBe(false);
  });
});

describe('which sources feed a column', () => {
  const record = recordFromRows(stayText(FULL_STAY), 'made up');
  const spec = icuBaselineSpec();
  const sources = new Map(
    columnSources(spec, [{ record, predictionTimeMs: PREDICTION_TIME_MS }]).map((found, index) => [
      spec.tabular[index]?.name,
      found,
    ]),
  );

  test.each([
    ['lactate__count_48h', ['labs']],
    ['hr__last_48h', ['vitals']],
    ['shock_index_24h', ['vitals']],
    ['gcs_total__last_48h', ['bedside']],
    ['resp_support__invasive_ventilation', ['procedures']],
    ['pf_ratio_24h', ['labs', 'bedside']],
    ['age', []],
  ])('%s: %j', (column, expected) => {
    expect(sources.get(column)).toEqual(expected);
  });
});

describe('the feature spec of icu-baseline', () => {
  const spec = icuBaselineSpec();

  test('holds only concepts that Challenge 2012 observes: no haemoglobin, INR or aPTT, but haematocrit', () => {
    for (const key of spec.states) expect(conceptByKey(key).challenge2012).not.toEqual([]);
    expect(spec.states).toEqual(expect.arrayContaining(['hct', 'lactate', 'gcs_total', 'age']));
    for (const key of ['hb', 'inr', 'ptt', 'nee', 'prior_exposure']) expect(spec.states).not.toContain(key);
  });

  test('is the spec of models/icu-baseline, byte for byte', async () => {
    expect(await readFile(join(BUNDLE, 'feature-spec.json'))).toEqual(Buffer.from(canonicalSpecBytes(spec)));
  });

  test('leaves out what would tell the source by being there: pulse oximetry and respiratory rate', () => {
    expect(spec.states).not.toContain('spo2');
    expect(spec.states).not.toContain('rr');
  });
});

const hasChallenge = existsSync(join(CHALLENGE, 'set-a.tar.gz'));
if (!hasChallenge) console.warn(`skipped: Challenge 2012 is not at ${CHALLENGE}`);

(hasChallenge ? describe : describe.skip)('the published sets', () => {
  let folder: string;
  let card: DatasetCard;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dataset-'));
    const built = await buildDataset({
      source: 'challenge-2012',
      path: CHALLENGE,
      out: join(folder, 'icu-baseline'),
      spec: icuBaselineSpec(),
      workers: 0,
    });
    if (!built.card) throw new Error('no card');
    card = built.card;
  }, 300_000);
  afterAll(async () => rm(folder, { recursive: true }));

  test('8,000 stays: 523 events, 118 deaths on day 2 without a label, 54 dead before the index, 14 minors, one impossible', () => {
    expect(card.attrition.found.episodes).toBe(8000);
    expect(card.attrition.excluded).toMatchObject({
      'dead-before-index': { episodes: 54 },
      'impossible-outcome': { episodes: 1 },
      'under-18': { episodes: 14 },
    });
    expect(card.counts.events['all episodes']).toEqual({ n: 7813, events: 523 });
    expect(card.counts.unlabelled).toBe(118);
  });

  test('every guard that can look at this source did', () => {
    expect(card.guards).toMatchObject({ 'patient-in-two-folds': 7931, 'standardised-values': 7931 });
    expect(card.guards['result-filed-after-index']).toBeGreaterThan(2_000_000);
    // Records end at the index: there is no later value to alter, and no look is counted.
    expect(card.guards).not.toHaveProperty('window-past-index');
    expect(card.guards['stay-end-or-length']).toBeGreaterThan(250);
  });

  test('no unit is unknown and no column is constant', () => {
    expect(
      Object.keys(card.rejections).filter(
        (reason) => !/^(out-of-range |Outcomes-|records: no concept for (Cholesterol|TroponinI)$)/.test(reason),
      ),
    ).toEqual([]);
    expect(card.constantColumns).toEqual([]);
  });

  test('models/icu-baseline was trained on exactly these columns (else rebuild it: training/README.md)', async () => {
    const report: unknown = JSON.parse(await readFile(join(BUNDLE, 'evaluation/report.json'), 'utf8'));
    expect(report).toMatchObject({
      provenance: { datasetSha256: await datasetSha256(join(folder, 'icu-baseline'), card) },
    });
  });
});

/** As `hemolens_training.dataset.dataset_sha256`. */
async function datasetSha256(folder: string, card: DatasetCard): Promise<string> {
  const files = await Promise.all(
    ['columns.json', 'feature-spec.json'].map(
      async (name) => `${name}\n${sha256(await readFile(join(folder, name)))}\n`,
    ),
  );
  const digests = `episodesSha256\n${card.episodesSha256}\ntabularSha256\n${card.tabularSha256}\n`;
  return sha256(Buffer.from(files.join('') + digests));
}
