/**
 * kill -9 at random moments during hook calls to the real service over HTTP: is every answered call's assessment in the
 * database? `npm run bench:store-kill -- [--calls 1000] [--minutes 8] [--engine pglite|postgresql] [--json]`
 */
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { addKey } from '../src/store/keys/key-file.js';
import { openFolder } from '../src/store/folder/store-folder.js';
import type { StorePlace } from '../src/store/open-store.js';
import { openPostgresql } from '../src/store/sql/open-postgresql.js';
import { postgresqlPrograms, startPostgresqlServer } from '../test/store/support/postgresql-server.js';
import { startServeProcess } from '../test/support/serve-process.js';
import { call, prepareCall, SERVICE_VARIABLES } from '../test/support/hook-load.js';

const CLIENTS = 4;
/** Calls answered before a kill, at most. */
const LONGEST_LIFE = 100;

const { values } = parseArgs({
  options: {
    calls: { type: 'string' },
    minutes: { type: 'string' },
    engine: { type: 'string' },
    json: { type: 'boolean' },
  },
});
const wanted = Number(values.calls ?? 1000);
const longestMs = Number(values.minutes ?? Infinity) * 60_000;
const programs = postgresqlPrograms();
const root = mkdtempSync(join(tmpdir(), 'hemolens-kill-'));

interface Life {
  readonly answered: readonly string[];
  /** Answers that were no assessment. Cut connections are not among them. */
  readonly otherAnswers: number;
  /** Connections that broke: what the kill did to the calls under way. */
  readonly broken: number;
}

/** Starts the service, calls it from several clients, kills it at a random moment. */
async function oneLife(variables: Readonly<Record<string, string>>): Promise<Life> {
  const service = await startServeProcess({ ...SERVICE_VARIABLES, ...variables });
  const prepared = await prepareCall(service.url);
  const answered: string[] = [];
  let otherAnswers = 0;
  let broken = 0;
  const life = randomInt(1, Math.min(LONGEST_LIFE, wanted));
  let killed: Promise<void> | undefined;
  const kill = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, randomInt(0, 200)));
    await service.kill();
  };
  const client = async (): Promise<void> => {
    while (broken < CLIENTS) {
      const answer = await call(service.url, prepared);
      if (answer.kind === 'assessed') answered.push(answer.assessmentId);
      else if (answer.kind === 'other') otherAnswers += 1;
      else {
        broken += 1;
        return;
      }
      if (answered.length + otherAnswers >= life) killed ??= kill();
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  await (killed ?? service.kill());
  return { answered, otherAnswers, broken };
}

async function run(name: string, place: StorePlace): Promise<object> {
  const keysFile = join(root, `${name}.json`);
  addKey(keysFile);
  const variables = {
    HEMOLENS_PSEUDONYM_KEYS_FILE: keysFile,
    HEMOLENS_SPOOL_FILE: join(root, `${name}-spool.ndjson`),
    ...(place.kind === 'postgresql' ? { DATABASE_URL: place.url } : { HEMOLENS_STORE_DIR: place.dir }),
  };
  const answered: string[] = [];
  const sums = { kills: 0, otherAnswers: 0, broken: 0 };
  const startMs = performance.now();
  while (answered.length < wanted && performance.now() - startMs < longestMs) {
    const life = await oneLife(variables);
    answered.push(...life.answered);
    sums.otherAnswers += life.otherAnswers;
    sums.broken += life.broken;
    sums.kills += 1;
  }
  const sql = place.kind === 'postgresql' ? openPostgresql({ url: place.url }) : await openFolder(place.dir, false);
  const kept = new Set((await sql.query('SELECT id FROM assessment')).map(({ id }) => id));
  await sql.close();
  const lost = answered.filter((id) => !kept.has(id)).length;
  return { name, answered: answered.length, rows: kept.size, lost, ...sums };
}

const results: object[] = [];
try {
  if (values.engine !== 'postgresql')
    results.push(await run('pglite', { kind: 'embedded', dir: join(root, 'folder') }));
  if (values.engine !== 'pglite' && programs !== undefined) {
    const server = await startPostgresqlServer(programs);
    try {
      results.push(await run('postgresql', { kind: 'postgresql', url: await server.database() }));
    } finally {
      await server.remove();
    }
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}
const report = { load: loadavg()[0]?.toFixed(1), results };
process.stdout.write(`${JSON.stringify(report, null, values.json === true ? 0 : 2)}\n`);
if (results.some((result) => !('lost' in result) || result.lost !== 0)) process.exitCode = 1;
