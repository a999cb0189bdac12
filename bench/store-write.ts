/**
 * What it costs to keep an answered call: p50 and p95 of `save`, one after the other, on an embedded store (with and without
 * waiting for the disk) and on a PostgreSQL of the run's own, where one is installed.
 * `npm run bench:store -- [--runs N] [--json]`
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { silentLog } from '../src/logging/logger.js';
import { addKey } from '../src/store/keys/key-file.js';
import { openStore, type StorePlace } from '../src/store/open-store.js';
import { answeredCall } from '../test/store/support/answered-call.js';
import { postgresqlPrograms, startPostgresqlServer } from '../test/store/support/postgresql-server.js';

const WARM_UP = 50;

const { values } = parseArgs({ options: { runs: { type: 'string' }, json: { type: 'boolean' } } });
const runs = Number(values.runs ?? 500);
const root = mkdtempSync(join(tmpdir(), 'hemolens-bench-store-'));
const keysFile = join(root, 'keys.json');
addKey(keysFile);

async function measure(name: string, place: StorePlace): Promise<object> {
  const store = await openStore({ place, keysFile, onFailure: { kind: 'refuse' }, log: silentLog });
  const times: number[] = [];
  for (let run = 0; run < WARM_UP + runs; run += 1) {
    const call = answeredCall({ patientId: `p-${run}`, cardIds: [crypto.randomUUID()] });
    const startMs = performance.now();
    await store.save(call);
    if (run >= WARM_UP) times.push(performance.now() - startMs);
  }
  await store.close();
  times.sort((one, other) => one - other);
  const at = (share: number): number => Number((times[Math.floor(share * (times.length - 1))] ?? NaN).toFixed(2));
  return { name, runs, p50Ms: at(0.5), p95Ms: at(0.95) };
}

const results = [
  await measure('embedded', { kind: 'embedded', dir: join(root, 'embedded') }),
  await measure('embedded, HEMOLENS_STORE_SYNC', { kind: 'embedded', dir: join(root, 'synced'), isSynced: true }),
];
const programs = postgresqlPrograms();
if (programs !== undefined) {
  const server = await startPostgresqlServer(programs);
  try {
    results.push(await measure('PostgreSQL', { kind: 'postgresql', url: await server.database() }));
  } finally {
    await server.remove();
  }
}
rmSync(root, { recursive: true, force: true });
const report = { cpus: cpus().length, load: loadavg()[0]?.toFixed(1), results };
process.stdout.write(`${JSON.stringify(report, null, values.json === true ? 0 : 2)}\n`);
