/**
 * kill -9 at random moments during hook calls to the real service over HTTP: is every answered call's assessment in the
 * database? `npm run bench:store-kill -- [--calls 1000] [--engine pglite|postgresql] [--json]`
 */
import { spawn } from 'node:child_process';
import { randomInt, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { contextOf } from '../src/commands/demo.js';
import { discoverOrderSign, signOrders } from '../src/sandbox/ehr-client.js';
import { loadFixture } from '../src/sandbox/load-resources.js';
import { startSandbox } from '../src/sandbox/start-sandbox.js';
import { addKey } from '../src/store/keys/key-file.js';
import { openFolder } from '../src/store/folder/store-folder.js';
import type { StorePlace } from '../src/store/open-store.js';
import { openPostgresql } from '../src/store/sql/open-postgresql.js';
import { postgresqlPrograms, startPostgresqlServer } from '../test/store/support/postgresql-server.js';

const CLIENTS = 4;
/** Calls answered before a kill, at most. */
const LONGEST_LIFE = 100;

const { values } = parseArgs({
  options: { calls: { type: 'string' }, engine: { type: 'string' }, json: { type: 'boolean' } },
});
const wanted = Number(values.calls ?? 1000);
const programs = postgresqlPrograms();
const root = mkdtempSync(join(tmpdir(), 'hemolens-kill-'));

interface Life {
  readonly answered: readonly string[];
  readonly otherAnswers: number;
}

/** Starts the service, calls it from several clients, kills it at a random moment. */
async function oneLife(task: object): Promise<Life> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'bench/store-kill-service.ts', JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
    void ended.then(() => reject(new Error('the service ended before it listened')));
  });
  const answered: string[] = [];
  let otherAnswers = 0;
  let isOver = false;
  const life = randomInt(1, LONGEST_LIFE);
  const service = await discoverOrderSign(url);
  const sandbox = await startSandbox();
  const fixture = await loadFixture('fhir-fixtures/bleeding-and-unstable', Date.now());
  sandbox.store.load(fixture.resources);
  const { request } = await signOrders({
    serviceUrl: url,
    fhirBase: sandbox.baseUrl,
    ...contextOf(fixture),
    namesFhirServer: false,
  });
  await sandbox.close();
  const client = async (): Promise<void> => {
    while (!isOver) {
      try {
        const answer = await fetch(`${url}/cds-services/${service.id}`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ ...request, hookInstance: randomUUID() }),
        });
        const [, id] = /"assessmentId":"([^"]+)"/.exec(await answer.text()) ?? [];
        if (answer.status === 200 && id !== undefined) answered.push(id);
        else otherAnswers += 1;
      } catch {
        isOver = true;
      }
      if (answered.length >= life) setTimeout(() => child.kill('SIGKILL'), randomInt(0, 20));
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  await ended;
  return { answered, otherAnswers };
}

async function run(name: string, place: StorePlace): Promise<object> {
  const keysFile = join(root, `${name}.json`);
  const spoolFile = join(root, `${name}-spool.ndjson`);
  addKey(keysFile);
  const answered: string[] = [];
  let lives = 0;
  let otherAnswers = 0;
  while (answered.length < wanted) {
    const life = await oneLife({ place, keysFile, spoolFile });
    answered.push(...life.answered);
    otherAnswers += life.otherAnswers;
    lives += 1;
  }
  const sql = place.kind === 'postgresql' ? openPostgresql({ url: place.url }) : await openFolder(place.dir, false);
  const kept = new Set((await sql.query('SELECT id FROM assessment')).map(({ id }) => id));
  await sql.close();
  const lost = answered.filter((id) => !kept.has(id)).length;
  return { name, kills: lives, answered: answered.length, lost, otherAnswers };
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
process.stdout.write(`${JSON.stringify(results, null, values.json === true ? 0 : 2)}\n`);
if (results.some((result) => !('lost' in result) || result.lost !== 0)) process.exitCode = 1;
