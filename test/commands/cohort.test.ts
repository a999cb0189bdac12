import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { DatasetCard } from '../../src/cohort/dataset-card.js';
import { writeLayout } from '../cohort/mimic-iv/made-up-layout.js';
import { needs, sharedData } from '../support/shared-data.js';

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}
import { bytesOf } from '../support/folder-bytes.js';

/** Runs the built command line in a process of its own; kills it, for real, as soon as `killWhen` holds. */
function hemolens(args: readonly string[], killWhen?: () => boolean): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['dist/cli.js', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (text) => (out += String(text)));
    child.stderr.on('data', (text) => (err += String(text)));
    const watch = setInterval(() => {
      if (killWhen?.() === true) child.kill('SIGKILL');
    }, 2);
    child.on('close', (code, signal) => {
      clearInterval(watch);
      resolve({ code, signal, out, err });
    });
  });
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cohort-command-'));
});
afterAll(async () => rm(folder, { recursive: true }));

describe('hemolens cohort, on a made-up MIMIC-IV folder', () => {
  test('builds, describes, builds in parts and merges to the same bytes', async () => {
    const source = writeLayout();
    const build = ['cohort', 'build', '--source', 'mimic-iv', '--path', source, '--shards', '2', '--workers', '1'];
    const whole = join(folder, 'whole');
    const built = await hemolens([...build, '--out', whole]);
    expect(built).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(built.out)).toMatchObject({
      counts: { episodes: 1, patients: 1 },
      timings: { episodesMapped: 1 },
    });

    const described = await hemolens(['cohort', 'describe', whole]);
    expect(described).toMatchObject({ code: 0, err: '' });
    expect(described.out).toContain('MIMIC-IV');
    const json = await hemolens(['cohort', 'describe', whole, '--json']);
    expect((JSON.parse(json.out) as DatasetCard).counts.events['all episodes']).toEqual({ n: 1, events: 1 });

    const parts = [join(folder, 'part-1'), join(folder, 'part-2')];
    for (const [at, part] of parts.entries()) {
      expect((await hemolens([...build, '--out', part, '--shard', `${at + 1}/2`])).code).toBe(0);
    }
    const merged = join(folder, 'merged');
    expect(await hemolens(['cohort', 'merge', ...parts, '--out', merged])).toMatchObject({ code: 0, err: '' });
    expect(await bytesOf(merged)).toEqual(await bytesOf(whole));
    await rm(source, { recursive: true });
  }, 60_000);

  test.each([
    ['no source', ['build', '--path', 'x', '--out', 'y'], 2, '--source is required'],
    ['an unknown source', ['build', '--source', 'omop', '--path', 'x', '--out', 'y'], 2, '--source is one of mimic-iv'],
    ['no folder', ['build', '--source', 'eicu', '--out', 'y'], 2, '--path'],
    ['half a part', ['build', '--source', 'eicu', '--path', 'x', '--out', 'y', '--shard', '3/2'], 2, 'i/n'],
    [
      'a shift of 90',
      ['build', '--source', 'eicu', '--path', 'x', '--out', 'y', '--intake-shift', '90'],
      2,
      '0, 60, 120',
    ],
    [
      'a folder that is not there',
      ['build', '--source', 'mimic-iv', '--path', 'nowhere', '--out', 'y'],
      1,
      'cannot be read',
    ],
    ['no dataset', ['describe', 'docs'], 1, 'not a finished dataset'],
    ['nothing to merge', ['merge', '--out', 'y'], 2, 'name the folders'],
  ] as const)('bad call: %s is told in a line, with its exit code', async (_title, args, code, words) => {
    const ended = await hemolens(['cohort', ...args]);
    expect(ended).toMatchObject({ code, out: '' });
    expect(ended.err).toContain(words);
    expect(existsSync('y')).toBe(false);
  });

  test('bad call: an option of another source, and an index the files have no facts for', async () => {
    const source = writeLayout();
    const out = join(folder, 'never');
    const build = ['cohort', 'build', '--source', 'mimic-iv', '--path', source, '--out', out];
    expect(await hemolens([...build, '--intake-shift', '0'])).toMatchObject({ code: 1 });
    expect((await hemolens([...build, '--every-record'])).err).toContain('everyRecord means nothing to mimic-iv');
    const emptied = writeLayout({
      'hosp/poe': 'poe_id,poe_seq,subject_id,hadm_id,ordertime,order_type,order_subtype,transaction_type\n',
    });
    const unordered = await hemolens(['cohort', 'build', '--source', 'mimic-iv', '--path', emptied, '--out', out]);
    expect(unordered.err).toContain(
      'nothing in these files can be indexed by order-time: choose admin-start or landmark',
    );
    expect(existsSync(join(out, 'DONE'))).toBe(false);
    await rm(source, { recursive: true });
    await rm(emptied, { recursive: true });
  });
});

const DEMO = 'mimic-iv-demo-2.2';
const demo = sharedData(DEMO);

(demo === undefined ? describe.skip : describe)(needs(DEMO, 'a build that is killed'), () => {
  test('kill -9 in every stage, one after the other, and a last rerun: the bytes of a build nobody disturbed', async () => {
    const args = ['cohort', 'build', '--source', 'mimic-iv', '--path', demo ?? '', '--index', 'admin-start'];
    const undisturbed = join(folder, 'undisturbed');
    expect((await hemolens([...args, '--shards', '6', '--out', undisturbed])).code).toBe(0);
    const out = join(folder, 'killed');
    const work = join(out, '.build');
    const build = [...args, '--shards', '6', '--out', out];
    const kills: readonly (readonly [string, () => boolean])[] = [
      ['while facts are read', () => existsSync(join(work, 'build.json'))],
      ['while tables are filtered', () => existsSync(join(work, 'staged.tmp', 'labevents'))],
      ['while charts are mapped', () => existsSync(join(work, 'shards', '00001'))],
      ['while shards are joined', () => existsSync(join(work, 'final', 'tabular.parquet'))],
      ['while files get their names', () => existsSync(join(out, 'attrition.json'))],
    ];
    for (const [stage, killWhen] of kills) {
      expect({ stage, ...(await hemolens(build, killWhen)) }).toMatchObject({ stage, signal: 'SIGKILL', out: '' });
      // Getting names takes milliseconds: there the kill may come when the dataset is whole already, and only then.
      const isWhole = stage === 'while files get their names' && existsSync(join(out, 'DONE'));
      expect(existsSync(join(out, 'DONE'))).toBe(isWhole);
      expect((await hemolens(['cohort', 'describe', out])).code).toBe(isWhole ? 0 : 1);
    }
    const last = await hemolens(build);
    expect(last).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(last.out)).toMatchObject({ timings: { episodesMapped: 0 } });
    expect(await bytesOf(out)).toEqual(await bytesOf(undisturbed));
  }, 900_000);
});
