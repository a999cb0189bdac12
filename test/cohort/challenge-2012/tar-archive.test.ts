import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseTar, readTarGz } from '../../../src/cohort/sources/challenge-2012/tar-archive.js';
import { tarOf } from './make-tar.js';

describe('reading a tar archive', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tar-'));
  });
  afterAll(async () => rm(folder, { recursive: true }));

  test('gives every regular file with its bytes, whatever their length', () => {
    const files = {
      'set-a/1.txt': 'one',
      'set-a/2.txt': 'x'.repeat(512),
      'set-a/3.txt': 'y'.repeat(1500),
      'empty.txt': '',
    };
    const entries = parseTar(tarOf(files), 'test');
    expect(Object.fromEntries(entries.map(({ name, bytes }) => [name, bytes.toString()]))).toEqual(files);
  });

  test('reads the gzip of it', async () => {
    const path = join(folder, 'set.tar.gz');
    await writeFile(path, gzipSync(tarOf({ '1.txt': 'one' })));
    expect((await readTarGz(path)).map(({ name }) => name)).toEqual(['1.txt']);
  });

  test('bad call: a header with a wrong checksum is refused', () => {
    const archive = tarOf({ '1.txt': 'one' });
    archive[0] = 0x7a;
    expect(() => parseTar(archive, 'set-a.tar.gz')).toThrow('set-a.tar.gz: is not a tar archive');
  });

  test('bad call: an archive cut short is refused', () => {
    expect(() => parseTar(tarOf({ '1.txt': 'x'.repeat(2000) }).subarray(0, 1024), 'set-a.tar.gz')).toThrow(
      'ends in the middle of a file',
    );
  });

  test('bad call: what is no gzip is refused by name', async () => {
    const path = join(folder, 'plain.tar.gz');
    await writeFile(path, 'plain');
    await expect(readTarGz(path)).rejects.toThrow('expected a .tar.gz');
  });
});
