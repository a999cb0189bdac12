import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { loadFixture, loadFixtures, loadResources } from '../../src/sandbox/load-resources.js';
import { SandboxStore } from '../../src/sandbox/sandbox-store.js';
import { observation, patient, T0 } from './support/chart.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hemolens-load-'));
  mkdirSync(join(folder, 'inner'));
  writeFileSync(
    join(folder, 'a.json'),
    JSON.stringify({
      resourceType: 'Bundle',
      type: 'collection',
      entry: [
        { resource: patient('p1') },
        { resource: { ...observation({ id: 'o1' }), effectiveDateTime: '{{t0-1h}}' } },
      ],
    }),
  );
  writeFileSync(
    join(folder, 'inner', 'b.ndjson.gz'),
    gzipSync(`${JSON.stringify(observation({ id: 'o2' }))}\n\n${JSON.stringify(observation({ id: 'o3' }))}\n`),
  );
  writeFileSync(join(folder, 'inner', 'c.json'), JSON.stringify([observation({ id: 'o4' })]));
  writeFileSync(join(folder, 'notes.txt'), 'not read');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('resources from files', () => {
  test('a folder brings Bundles, lists and lines, packed or not, with their times set', async () => {
    const found = await loadResources(folder, T0);
    expect(found.map(({ id }) => id)).toEqual(['p1', 'o1', 'o2', 'o3', 'o4']);
    expect(found[1]).toMatchObject({ effectiveDateTime: '2026-03-10T11:00:00.000Z' });
  });

  test.each([
    ['is no JSON', 'broken.json', '{'],
    ['holds no resource', 'other.json', '{"a":1}'],
    ['has a broken line', 'lines.ndjson', `${JSON.stringify(patient('p'))}\nnope\n`],
    ['names an unknown time', 'time.json', '{"resourceType":"Patient","birthDate":"{{yesterday}}"}'],
  ])('fault: a file that %s is refused', async (_title, name, text) => {
    const path = join(mkdtempSync(join(folder, 'bad-')), name);
    writeFileSync(path, text);
    await expect(loadResources(path, T0)).rejects.toMatchObject({ code: 'ERR_DATASET' });
    rmSync(path);
  });

  test('fault: a line that cannot be read is named', async () => {
    const path = join(folder, 'inner', 'late.ndjson');
    writeFileSync(path, `${JSON.stringify(patient('p'))}\nnope\n`);
    await expect(loadResources(path, T0)).rejects.toThrow(/line 2/);
    rmSync(path);
  });

  test('fault: a path that is not there is refused', async () => {
    await expect(loadResources(join(folder, 'none'), T0)).rejects.toMatchObject({ code: 'ERR_DATASET' });
  });
});

describe('the synthetic situations', () => {
  test('each loads whole, about one patient, with a draft order about the same one', async () => {
    const situations = await loadFixtures('fhir-fixtures', T0);
    expect(situations.length).toBeGreaterThanOrEqual(8);
    for (const { name, resources, hookRequest } of situations) {
      const store = new SandboxStore({ now: () => T0 });
      store.load(resources);
      const patients = [...store.rows('Patient')].map(({ id }) => id);
      expect([name, patients.length]).toEqual([name, 1]);
      expect(JSON.stringify({ resources, hookRequest })).not.toContain('{{');
      expect(hookRequest).toMatchObject({ hook: 'order-sign', context: { patientId: patients[0] } });
    }
  });

  test('a situation signed a year later is the same but for its times', async () => {
    const year = 365 * 86_400_000;
    const now = await loadFixture('fhir-fixtures/bleeding-and-unstable', T0);
    const later = await loadFixture('fhir-fixtures/bleeding-and-unstable', T0 + year);
    const shift = (text: string): string =>
      text.replace(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, (moment) => new Date(Date.parse(moment) + year).toISOString());
    const withoutBirth = (value: unknown): string => JSON.stringify(value).replace(/"birthDate":"[^"]+"/, '');
    expect(withoutBirth(later.resources)).toBe(shift(withoutBirth(now.resources)));
  });
});
