import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { buildDataset } from '../../src/cohort/build/build-dataset.js';
import type { BuildOptions } from '../../src/cohort/build/build-options.js';
import { mergeParts } from '../../src/cohort/build/merge-parts.js';
import { fullFeatureSpec } from '../../src/features/build-feature-spec.js';
import { TABLES, writeLayout as writeEicu } from './eicu/made-up-layout.js';
import { writeExport } from './mimic-fhir/made-up-export.js';
import { writeLayout as writeMimic } from './mimic-iv/made-up-layout.js';
import { bytesOf } from '../support/folder-bytes.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'merge-'));
});
afterAll(async () => rm(folder, { recursive: true }));

/** Rows whose time cannot be read, so that something is left out of the wanted charts. */
const vitals = `${TABLES['vitalAperiodic'] ?? ''}7,100,noon,100,50,70,\n`;

test.each<readonly [BuildOptions['source'], BuildOptions['index'], () => string]>([
  ['mimic-iv', 'order-time', () => writeMimic()],
  ['eicu', 'landmark', () => writeEicu({ vitalAperiodic: vitals })],
  ['mimic-fhir', 'order-time', () => writeExport()],
])('parts of %s, by %s, merge to the bytes of one job, its card and its counts too', async (source, index, write) => {
  const path = write();
  const build = (
    name: string,
    part?: { readonly index: number; readonly of: number },
  ): ReturnType<typeof buildDataset> =>
    buildDataset({
      source,
      path,
      out: join(folder, `${source}-${name}`),
      spec: fullFeatureSpec(),
      ...(index === undefined ? {} : { index }),
      workers: 0,
      shards: 3,
      ...(part ? { part } : {}),
    });
  const whole = await build('whole');
  expect(whole.card?.counts.episodes).toBeGreaterThan(0);
  expect(Object.keys(whole.card?.rejections ?? {}).length).toBeGreaterThan(0);
  const parts = [1, 2].map((part) => join(folder, `${source}-part-${part}`));
  for (const part of [1, 2]) await build(`part-${part}`, { index: part, of: 2 });
  const merged = join(folder, `${source}-merged`);
  await mergeParts(parts, merged);
  expect(await bytesOf(merged)).toEqual(await bytesOf(join(folder, `${source}-whole`)));
  await rm(path, { recursive: true });
});
