/**
 * PostgreSQL that is stopped and started again under hook calls to the real service over HTTP: no row of an answered call is
 * lost, and no call is answered with anything but its assessment. `npm run bench:store-outage -- [--outages 10] [--json]`
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { addKey } from '../src/store/keys/key-file.js';
import { openPostgresql } from '../src/store/sql/open-postgresql.js';
import { postgresqlPrograms, startPostgresqlServer } from '../test/store/support/postgresql-server.js';
import { startServeProcess } from '../test/support/serve-process.js';
import { call, prepareCall, SERVICE_VARIABLES } from '../test/support/hook-load.js';

const CLIENTS = 3;
/** Calls answered between a stop and a start, and between a start and the next stop. */
const CALLS = 10;

const { values } = parseArgs({ options: { outages: { type: 'string' }, json: { type: 'boolean' } } });
const outages = Number(values.outages ?? 10);
const programs = postgresqlPrograms();
if (programs === undefined) throw new Error('PostgreSQL is not installed');
const root = mkdtempSync(join(tmpdir(), 'hemolens-outage-'));
const keysFile = join(root, 'keys.json');
addKey(keysFile);
const server = await startPostgresqlServer(programs);
const databaseUrl = await server.database();
const service = await startServeProcess({
  ...SERVICE_VARIABLES,
  HEMOLENS_PSEUDONYM_KEYS_FILE: keysFile,
  HEMOLENS_SPOOL_FILE: join(root, 'spool.ndjson'),
  DATABASE_URL: databaseUrl,
});
const answered: string[] = [];
let wrong = 0;
let isOver = false;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const prepared = await prepareCall(service.url);
const clients = Array.from({ length: CLIENTS }, async () => {
  while (!isOver) {
    const answer = await call(service.url, prepared);
    if (answer.kind === 'assessed') answered.push(answer.assessmentId);
    else wrong += 1;
  }
});
const further = async (count: number): Promise<void> => {
  const enough = answered.length + wrong + count;
  while (answered.length + wrong < enough) await pause(20);
};
let whileDown = 0;
for (let outage = 0; outage < outages; outage += 1) {
  await further(CALLS);
  await server.stop();
  const before = answered.length;
  await further(CALLS);
  whileDown += answered.length - before;
  await server.start();
}
await further(CALLS);
isOver = true;
await Promise.all(clients);
// What still waits in the spool is brought in by the running service, within a probe and a replay.
const sql = openPostgresql({ url: databaseUrl });
const lostNow = async (): Promise<number> => {
  const kept = new Set((await sql.query('SELECT id FROM assessment')).map(({ id }) => id));
  return answered.filter((id) => !kept.has(id)).length;
};
let lost = await lostNow();
for (let tries = 0; lost > 0 && tries < 240; tries += 1) {
  await pause(250);
  lost = await lostNow();
}
await sql.close();
await service.stop();
await server.remove();
rmSync(root, { recursive: true, force: true });
const report = { load: loadavg()[0]?.toFixed(1), outages, answered: answered.length, whileDown, wrong, lost };
process.stdout.write(`${JSON.stringify(report, null, values.json === true ? 0 : 2)}\n`);
if (lost > 0 || wrong > 0) process.exitCode = 1;
