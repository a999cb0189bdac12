import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { buildDataset } from '../../src/cohort/build-dataset.js';
import { columnSources } from '../../src/cohort/column-sources.js';
import type { DatasetCard } from '../../src/cohort/dataset-row.js';
import { icuBaselineSpec } from '../../src/cohort/sources/challenge-2012/icu-baseline-spec.js';
import { PREDICTION_TIME_MS, recordFromRows } from '../../src/cohort/sources/challenge-2012/record-from-rows.js';
import { conceptByKey } from '../../src/concepts/dictionary.js';
import { mapFeatures } from '../../src/features/map-features.js';
import { canonicalSpecBytes } from '../../src/features/parse-feature-spec.js';

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

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

describe('the training set of made-up stays', () => {
  let folder: string;
  let source: string;
  let card: DatasetCard;
  const seen: number[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dataset-'));
    source = join(folder, 'challenge');
    for (const set of ['a', 'b']) {
      await mkdir(join(source, `set-${set}`), { recursive: true });
      const survival = [5, -1, 2, 1, -23];
      const outcomes = survival.map((days, index) => `${index + 1},0,0,9,${days},${days >= 2 ? 1 : 0}`);
      await writeFile(join(source, `Outcomes-${set}.txt`), `${[OUTCOME_HEADER, ...outcomes].join('\n')}\n`);
      for (const [index] of survival.entries()) {
        await writeFile(join(source, `set-${set}`, `${index + 1}.txt`), stayText(FULL_STAY));
      }
    }
    card = await buildDataset({
      source: 'challenge-2012',
      path: source,
      out: join(folder, 'out'),
      onProgress: (stays) => seen.push(stays),
    });
  });
  afterAll(async () => rm(folder, { recursive: true }));

  test('counts every stay once: kept, kept without a label, or left out with its reason', () => {
    expect(card.attrition['a']).toEqual({
      stays: 5,
      event: 1,
      survivor: 1,
      day2: 1,
      early: 1,
      impossible: 1,
      inconsistent: 0,
    });
    expect(card.rows).toBe(6);
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test('Parquet holds label, day-2 flag and the columns of the feature spec as 32-bit floats', async () => {
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const path = join(folder, 'out', 'tabular.parquet');
    const rows = await connection.runAndReadAll(
      `SELECT record_id, "set", label, day2, survival_days FROM '${path}' ORDER BY 2, 1`,
    );
    expect(rows.getRowsJson()).toEqual([
      [1, 'a', 1, false, 5],
      [2, 'a', 0, false, -1],
      [3, 'a', null, true, 2],
      [1, 'b', 1, false, 5],
      [2, 'b', 0, false, -1],
      [3, 'b', null, true, 2],
    ]);
    const types = await connection.runAndReadAll(`DESCRIBE SELECT * FROM '${path}'`);
    const columns = types.getRowsJson().slice(5);
    expect(columns.map(([name]) => name)).toEqual(icuBaselineSpec().tabular.map(({ name }) => name));
    expect(new Set(columns.map(([, type]) => type))).toEqual(new Set(['FLOAT']));
    instance.closeSync();
  });

  test('its row is the row the service would score', async () => {
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const read = await connection.runAndReadAll(`SELECT * FROM '${join(folder, 'out', 'tabular.parquet')}' LIMIT 1`);
    const stored = Float32Array.from((read.getRows()[0] ?? []).slice(5), Number);
    const record = recordFromRows(stayText(FULL_STAY), 'made up');
    const mapped = mapFeatures(record, icuBaselineSpec(), { predictionTimeMs: PREDICTION_TIME_MS }).tabular;
    expect(stored).toEqual(mapped);
    expect(mapped.some(Number.isNaN)).toBe(false);
    instance.closeSync();
  });

  test('the same files in give the same bytes out, DONE last', async () => {
    const again = join(folder, 'again');
    await buildDataset({ source: 'challenge-2012', path: source, out: again });
    const names = await readdir(again);
    expect(names.sort()).toEqual(['DONE', 'columns.json', 'dataset-card.json', 'feature-spec.json', 'tabular.parquet']);
    for (const name of names) {
      expect(sha256(await readFile(join(again, name)))).toBe(sha256(await readFile(join(folder, 'out', name))));
    }
  });

  test('bad call: an existing folder is not overwritten', async () => {
    await expect(buildDataset({ source: 'challenge-2012', path: source, out: source })).rejects.toThrow(
      'exists already',
    );
  });

  test('fault: a missing stay is named, and the folder gets no DONE', async () => {
    const broken = join(folder, 'broken');
    await mkdir(join(broken, 'set-a'), { recursive: true });
    await writeFile(join(broken, 'Outcomes-a.txt'), `${OUTCOME_HEADER}\n1,0,0,9,5,1\n`);
    const out = join(folder, 'broken-out');
    await expect(buildDataset({ source: 'challenge-2012', path: broken, out })).rejects.toThrow(
      'set-a: expected 1 stays (Outcomes-a.txt), found 0',
    );
    expect(await exists(join(out, 'DONE'))).toBe(false);
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

const hasChallenge = await exists(join(CHALLENGE, 'set-a.tar.gz'));
if (!hasChallenge) console.warn(`skipped: Challenge 2012 is not at ${CHALLENGE}`);

(hasChallenge ? describe : describe.skip)('the published sets', () => {
  let folder: string;
  let card: DatasetCard;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dataset-'));
    card = await buildDataset({ source: 'challenge-2012', path: CHALLENGE, out: join(folder, 'icu-baseline') });
  }, 120_000);
  afterAll(async () => rm(folder, { recursive: true }));

  test('4,000 stays each: 257 and 267 events, 57 and 61 deaths on day 2, the rest left out and counted', () => {
    expect(card.attrition).toEqual({
      a: { stays: 4000, event: 257, survivor: 3657, day2: 57, early: 29, impossible: 0, inconsistent: 26 },
      b: { stays: 4000, event: 267, survivor: 3646, day2: 61, early: 25, impossible: 1, inconsistent: 24 },
    });
  });

  test('no unit is unknown and no column is constant', () => {
    expect(Object.keys(card.rejections).filter((reason) => !reason.startsWith('out-of-range '))).toEqual([]);
    expect(card.constantColumns).toEqual([]);
  });

  test('models/icu-baseline was trained on exactly these columns (else rebuild it: training/README.md)', async () => {
    const report: unknown = JSON.parse(await readFile(join(BUNDLE, 'evaluation/report.json'), 'utf8'));
    expect(report).toMatchObject({ provenance: { datasetSha256: await datasetSha256(join(folder, 'icu-baseline')) } });
  });
});

/** As `hemolens_training.dataset.dataset_sha256`. */
async function datasetSha256(folder: string): Promise<string> {
  const names = ['columns.json', 'dataset-card.json', 'feature-spec.json', 'tabular.parquet'];
  const lines = await Promise.all(
    names.map(async (name) => `${name}\n${sha256(await readFile(join(folder, name)))}\n`),
  );
  return sha256(Buffer.from(lines.join('')));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
