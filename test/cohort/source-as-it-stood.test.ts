import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { buildDataset } from '../../src/cohort/build/build-dataset.js';
import { quoted } from '../../src/cohort/csv/csv-file.js';
import { readDatasetRows, type DatasetRows } from '../../src/cohort/dataset-rows.js';
import { fullFeatureSpec } from '../../src/features/build-feature-spec.js';
import { needs, sharedData } from '../support/shared-data.js';

const DATASET = 'mimic-iv-demo-2.2';
const demo = sharedData(DATASET);

/** When a row of each table was there: the later of its time and its store time. `procedureevents` counts from its start. */
const THERE: Readonly<Record<string, string>> = {
  'hosp/labevents': 'greatest(t.charttime, coalesce(t.storetime, t.charttime))',
  'icu/chartevents': 'greatest(t.charttime, coalesce(t.storetime, t.charttime))',
  'icu/outputevents': 'greatest(t.charttime, coalesce(t.storetime, t.charttime))',
  'icu/inputevents': 'greatest(t.starttime, coalesce(t.storetime, t.starttime))',
  'icu/procedureevents': 't.starttime',
};

(demo === undefined ? describe.skip : describe)(needs(DATASET, 'the files as they stood at an order'), () => {
  let folder: string;
  let whole: DatasetRows;
  let asItStood: DatasetRows;

  /** First orders only: the rows of each patient that were there when it was signed. */
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'as-it-stood-'));
    const build = async (path: string, name: string): Promise<DatasetRows> => {
      const out = join(folder, name);
      // An episode is the whole of a patient's orders: one index a patient, the first.
      const gapHours = 1_000_000;
      await buildDataset({ source: 'mimic-iv', path, out, spec: fullFeatureSpec(), gapHours, workers: 0 });
      return readDatasetRows(out);
    };
    whole = await build(demo ?? '', 'whole');
    const cut = join(folder, 'cut');
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const indexes = [...whole.byEpisode.keys()].map((id) => {
      const [, subject, ms] = /^mimic-(\d+)\/order-time\/(\d+)$/.exec(id) ?? [];
      // MIMIC's wall clock is read at UTC-5.
      return `('${subject ?? ''}', strftime(make_timestamp((${ms ?? ''} - 5 * 3600000) * 1000), '%Y-%m-%d %H:%M:%S'))`;
    });
    await connection.run(`CREATE TABLE indexes AS SELECT * FROM (VALUES ${indexes.join(', ')}) v(subject_id, t0)`);
    for (const part of ['hosp', 'icu']) {
      for (const file of await readdir(join(demo ?? '', part))) {
        const table = `${part}/${file.replace('.csv.gz', '')}`;
        const [from, to] = [resolve(demo ?? '', part, file), join(cut, part, file)];
        await mkdir(dirname(to), { recursive: true });
        const there = THERE[table];
        if (there === undefined) await symlink(from, to);
        else {
          await connection.run(
            `COPY (SELECT t.* FROM read_csv(${quoted(from)}, all_varchar = true, header = true) t JOIN indexes i USING (subject_id)
              WHERE ${there} <= i.t0) TO ${quoted(to)} (FORMAT csv, HEADER, COMPRESSION gzip)`,
          );
        }
      }
    }
    connection.closeSync();
    instance.closeSync();
    asItStood = await build(cut, 'cut-dataset');
  }, 600_000);
  afterAll(async () => rm(folder, { recursive: true }));

  test('a first order has the same row, states and tokens when every later row is taken out of the files', () => {
    expect(whole.byEpisode.size).toBe(38);
    expect([...asItStood.byEpisode.keys()]).toEqual([...whole.byEpisode.keys()]);
    for (const [id, row] of whole.byEpisode) expect([id, asItStood.byEpisode.get(id)]).toEqual([id, row]);
  });
});
