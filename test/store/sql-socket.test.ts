import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { serveSql } from '../../src/store/folder/sql-socket.js';
import type { Sql } from '../../src/store/sql/sql.js';

const sql: Sql = {
  engine: 'pglite',
  query: () => Promise.resolve([]),
  transaction: () => Promise.reject(new Error('not used')),
  close: () => Promise.resolve(),
};

it('the socket of the store was open to others for a moment: it is made for this user alone, whatever the mask', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hemolens-socket-'));
  const path = join(folder, 'socket');
  const usual = process.umask(0);
  try {
    const serving = serveSql(sql, path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(process.umask(0)).toBe(0);
    await (await serving).close();
  } finally {
    process.umask(usual);
    rmSync(folder, { recursive: true, force: true });
  }
});
