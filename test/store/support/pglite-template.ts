import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { MIGRATIONS } from '../../../src/store/migrations/all-migrations.js';
import { checksumOf, migrateUp } from '../../../src/store/migrations/migrate.js';
import { openPglite } from '../../../src/store/sql/open-pglite.js';

/**
 * Makes the folder of an embedded store with an empty, migrated database in it. Making a cluster costs seconds of CPU, so one
 * is made for each schema and engine, kept where jest keeps its cache, and copied.
 */
export async function makeStoreFolder(dir: string): Promise<void> {
  const template = await templateFolder();
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  cpSync(template, join(dir, 'db'), { recursive: true });
}

async function templateFolder(): Promise<string> {
  const engine = readFileSync('node_modules/@electric-sql/pglite/package.json', 'utf8');
  const name = createHash('sha256')
    .update([engine, ...MIGRATIONS.map(checksumOf)].join('\0'))
    .digest('hex');
  const template = join(tmpdir(), `hemolens-pglite-${process.getuid?.() ?? 'user'}-${name.slice(0, 16)}`);
  if (existsSync(template)) return template;
  // Made beside and moved, so that one that is there is whole; of several that make it at once the first one stays.
  const draft = join(mkdtempSync(`${template}.`), 'db');
  const sql = await openPglite({ dataDir: draft, isSynced: false });
  await migrateUp(sql, 0);
  await sql.close();
  try {
    renameSync(draft, template);
  } catch (error) {
    if (!existsSync(template)) throw error;
  }
  rmSync(dirname(draft), { recursive: true, force: true });
  return template;
}
