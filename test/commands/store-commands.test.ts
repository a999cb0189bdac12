import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { silentLog } from '../../src/logging/logger.js';
import { makeClientKey } from '../../src/kit/fire/client-key.js';
import { openStore } from '../../src/store/open-store.js';
import { answeredCall, PATIENT } from '../store/support/answered-call.js';
import {
  postgresqlPrograms,
  startPostgresqlServer,
  type PostgresqlServer,
} from '../store/support/postgresql-server.js';
import { makeStoreFolder } from '../store/support/pglite-template.js';
import { call, prepareCall, SERVICE_VARIABLES } from '../support/hook-load.js';
import { startServeProcess, type ServeProcess } from '../support/serve-process.js';
import { writeTinyBundle } from '../support/tiny-bundle.js';

jest.setTimeout(600_000);

const LONG_AGO = Date.UTC(2020, 0, 1);
const MODEL = 'models/icu-baseline';

let root: string;
let dir: string;
let variables: Record<string, string>;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'hemolens-commands-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs `hemolens …` in a process of its own, on the store of the case unless `on` names another one. */
function hemolens(args: readonly string[], on = variables): Ran {
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'DATABASE_URL'));
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/cli.js', ...args], {
    encoding: 'utf8',
    env: { ...environment, ...on },
  });
  return { status, out: stdout, err: stderr };
}

/** What the command printed, where it did what it was asked to. */
function done(args: readonly string[], on = variables): Record<string, unknown> {
  const ran = hemolens(args, on);
  expect(ran).toMatchObject({ status: 0 });
  return JSON.parse(ran.out) as Record<string, unknown>;
}

/** The store of a service that has ended: an old call, and a young one with two cards of which one was accepted. */
async function storeFolder(name: string): Promise<string> {
  const folder = join(root, name);
  await makeStoreFolder(folder);
  const place = { kind: 'embedded', dir: folder } as const;
  const store = await openStore({ place, onFailure: { kind: 'refuse' }, log: silentLog });
  await store.save(answeredCall({ id: 'old', patientId: 'long-gone', answeredAtMs: LONG_AGO }));
  await store.save(answeredCall({ id: 'young', cardIds: ['c-1', 'c-2'], answeredAtMs: Date.now() }));
  await store.saveFeedback({ id: 'ehr-1' }, [
    { cardId: 'c-1', outcome: 'accepted', acceptedSuggestionIds: [], outcomeTimestampMs: Date.now() },
  ]);
  await store.close();
  return folder;
}

const lines = (file: string): readonly string[] => readFileSync(file, 'utf8').trim().split('\n');

describe('hemolens store, on a folder that no service has open', () => {
  beforeAll(async () => {
    dir = await storeFolder('closed');
    variables = { HEMOLENS_STORE_DIR: dir };
  });

  it('bad call: says that there is no store, and makes none, whatever was asked but to make one', () => {
    const missing = join(root, 'not-there');
    for (const args of [
      ['check'],
      ['purge'],
      ['export', '--out', join(root, 'x')],
      ['backup', '--out', join(root, 'x')],
    ]) {
      expect(hemolens(['store', ...args], { HEMOLENS_STORE_DIR: missing })).toMatchObject({
        status: 1,
        out: '',
        err: expect.stringContaining(`there is no store in ${missing}`),
      });
    }
    expect(existsSync(missing)).toBe(false);
    expect(existsSync(join(root, 'x'))).toBe(false);
  });

  it('checks, exports, loads outcomes, purges and erases', () => {
    expect(done(['store', 'check'])).toMatchObject({
      engine: 'pglite',
      missingMigrations: 0,
      pseudonymKeys: [1],
      rows: { assessment: 2, card: 2, feedback: 1 },
      cards: { sent: 2, accepted: 1, overridden: 0, withoutFeedback: 1 },
    });
    expect(done(['store', 'rotate-keys'])).toEqual({ version: 2 });
    const [tables, audit] = [join(root, 'tables'), join(root, 'audit')];
    expect(done(['store', 'export', '--out', tables])).toMatchObject({ 'assessment.ndjson': 2, 'card.ndjson': 2 });
    expect(lines(join(tables, 'card.ndjson'))).toHaveLength(2);
    expect(done(['store', 'export', '--as', 'fhir-audit', '--out', audit])).toMatchObject({ 'AuditEvent.ndjson': 4 });
    for (const folder of [tables, audit]) {
      for (const name of readdirSync(folder)) expect(readFileSync(join(folder, name), 'utf8')).not.toContain('CANARY');
    }
    expect(hemolens(['store', 'export', '--out', tables])).toMatchObject({
      status: 1,
      err: expect.stringContaining('name a new folder'),
    });
    const outcomes = join(root, 'outcomes.csv');
    writeFileSync(outcomes, 'assessment_id,died_within_7_days\nyoung,true\n');
    expect(done(['store', 'load-outcomes', outcomes])).toEqual({ loaded: 1, unknown: 0 });
    const purged = hemolens(['store', 'purge', '--older-than', '365']);
    expect(JSON.parse(purged.out)).toMatchObject({ assessments: 1, identities: 1 });
    expect(purged.err).toContain('"event":"store.purged"');
    expect(hemolens(['store', 'erase-patient', '--patient', PATIENT])).toMatchObject({ status: 2 });
    expect(done(['store', 'erase-patient', '--patient', PATIENT, '--client', 'ehr-1'])).toEqual({
      assessments: 1,
      feedback: 1,
      identities: 1,
    });
    expect(done(['store', 'check'])).toMatchObject({ rows: { assessment: 0, patient_identity: 0, outcome: 0 } });
  });

  it('takes a step of the schema back, says that it is missing, and applies it again', () => {
    expect(done(['store', 'migrate', '--down'])).toEqual({ takenBack: 3 });
    expect(hemolens(['store', 'check'])).toMatchObject({ status: 1, err: expect.stringContaining('store migrate') });
    expect(done(['store', 'migrate'])).toEqual({ applied: [3] });
    expect(done(['store', 'migrate'])).toEqual({ applied: [] });
  });
});

describe('hemolens, beside a service that has the folder open', () => {
  let service: ServeProcess;
  beforeAll(async () => {
    dir = await storeFolder('served');
    variables = { ...SERVICE_VARIABLES, HEMOLENS_STORE_DIR: dir, HEMOLENS_MODEL_BUNDLE_DIR: MODEL };
    service = await startServeProcess({ ...variables, HEMOLENS_LOG_LEVEL: 'info' });
  });
  afterAll(() => service.stop());

  it('works on the store through the service', async () => {
    const prepared = await prepareCall(service.url);
    const answer = await call(service.url, prepared);
    expect(answer).toMatchObject({ kind: 'assessed' });
    expect(done(['store', 'check'])).toMatchObject({ engine: 'pglite', rows: { assessment: 3 } });
    expect(done(['store', 'purge'])).toMatchObject({ assessments: 1 });
    expect(done(['store', 'backup', '--out', join(root, 'served.gz')])).toMatchObject({ assessment: 2 });
    expect(statSync(join(root, 'served.gz')).mode & 0o777).toBe(0o600);
    expect(done(['store', 'migrate'])).toEqual({ applied: [] });
    expect(await call(service.url, prepared)).toMatchObject({ kind: 'assessed' });
  });

  it('bad call: a second service on the folder is refused, and told who has it', () => {
    expect(hemolens(['serve', '--port', '0'])).toMatchObject({
      status: 1,
      err: expect.stringContaining('is in use by'),
    });
  });

  it('throws the kill switch of the running service, and releases it', async () => {
    const prepared = await prepareCall(service.url);
    expect(hemolens(['switch', 'off'])).toMatchObject({ status: 0 });
    expect(done(['switch', 'status', '--json'])).toMatchObject({ isAssessing: false });
    await until(async () => (await call(service.url, prepared)).kind === 'other');
    expect(service.log()).toContain('"event":"assessment.switched-off"');
    expect(hemolens(['switch', 'on'])).toMatchObject({ status: 0 });
    await until(async () => (await call(service.url, prepared)).kind === 'assessed');
  });

  it('has the running service take another model bundle, and go back to the configured one', async () => {
    const prepared = await prepareCall(service.url);
    const bundle = resolve(await writeTinyBundle());
    expect(hemolens(['model', 'use', bundle])).toMatchObject({ status: 0, out: expect.stringContaining('takes over') });
    await until(async () => {
      await call(service.url, prepared);
      return service.log().includes('"event":"model.replaced","id":"tiny"');
    });
    expect(hemolens(['model', 'use', '--configured'])).toMatchObject({ status: 0 });
    expect(done(['switch', 'status', '--json'])).not.toHaveProperty('modelBundleDir');
    rmSync(bundle, { recursive: true });
  });

  it('registers, lists, changes and removes clients', async () => {
    const keys = join(root, 'keys.json');
    writeFileSync(keys, JSON.stringify(await makeClientKey(join(root, 'key.jwk'), 'ES384')));
    const registration = ['--id', 'ehr-a', '--issuer', 'https://ehr-a.example.org', '--jwks', keys];
    expect(hemolens(['client', 'add', ...registration])).toMatchObject({ status: 0 });
    expect(hemolens(['client', 'add', ...registration])).toMatchObject({ status: 2 });
    expect(hemolens(['client', 'mode', 'ehr-a', 'cards'])).toMatchObject({ status: 0 });
    expect(hemolens(['client', 'disable', 'ehr-a'])).toMatchObject({ status: 0 });
    const listed = hemolens(['client', 'list', '--json']);
    expect(JSON.parse(listed.out)).toMatchObject([{ id: 'ehr-a', mode: 'cards', enabled: false }]);
    expect(listed.out).not.toContain(readFileSync(keys, 'utf8'));
    expect(hemolens(['client', 'remove', 'ehr-a'])).toMatchObject({ status: 0 });
    expect(JSON.parse(hemolens(['client', 'list', '--json']).out)).toEqual([]);
  });
});

const programs = postgresqlPrograms();
(programs === undefined ? describe.skip : describe)('hemolens store, on PostgreSQL', () => {
  let server: PostgresqlServer;
  let keysFile: string;
  beforeAll(async () => {
    if (programs !== undefined) server = await startPostgresqlServer(programs);
    dir = await storeFolder('origin');
    keysFile = join(root, 'origin-keys.json');
    copyFileSync(join(dir, 'pseudonym-keys.json'), keysFile);
    variables = { DATABASE_URL: await server.database(), HEMOLENS_PSEUDONYM_KEYS_FILE: keysFile };
  });
  afterAll(() => server.remove());

  it('restores the backup of a folder, and a folder restores its backup, every patient still known', () => {
    const [fromFolder, fromServer] = [join(root, 'from-folder.gz'), join(root, 'from-server.gz')];
    expect(done(['store', 'backup', '--out', fromFolder], { HEMOLENS_STORE_DIR: dir })).toMatchObject({
      assessment: 2,
    });
    expect(hemolens(['store', 'check'])).toMatchObject({ status: 1, err: expect.stringContaining('store migrate') });
    expect(done(['store', 'restore', fromFolder])).toMatchObject({ assessment: 2, feedback: 1 });
    expect(done(['store', 'check'])).toMatchObject({ engine: 'postgresql', rows: { assessment: 2, card: 2 } });
    expect(done(['store', 'backup', '--out', fromServer])).toMatchObject({ assessment: 2 });
    const other = { HEMOLENS_STORE_DIR: join(root, 'restored'), HEMOLENS_PSEUDONYM_KEYS_FILE: keysFile };
    expect(done(['store', 'restore', fromServer], other)).toMatchObject({ assessment: 2, feedback: 1 });
    expect(hemolens(['store', 'restore', fromServer], other)).toMatchObject({ status: 1 });
    for (const on of [variables, other]) {
      expect(done(['store', 'erase-patient', '--patient', PATIENT, '--client', 'ehr-1'], on)).toMatchObject({
        assessments: 1,
        identities: 1,
      });
    }
  });

  it('has the switches and clients of every replica', () => {
    expect(hemolens(['switch', 'off'])).toMatchObject({ status: 0 });
    expect(done(['switch', 'status', '--json'])).toMatchObject({ isAssessing: false, clients: [] });
  });

  it('fault: says that the database cannot be reached, without its password', async () => {
    await server.stop();
    const url = new URL(variables['DATABASE_URL'] ?? '');
    url.password = 'CANARY';
    for (const args of [
      ['store', 'check'],
      ['switch', 'off'],
      ['client', 'list'],
    ]) {
      const ran = hemolens(args, { ...variables, DATABASE_URL: url.href });
      expect(ran).toMatchObject({ status: 1, out: '', err: expect.stringContaining('cannot be reached') });
      expect(ran.err).not.toContain('CANARY');
      expect(ran.err).not.toMatch(/\n\s+at /);
    }
  });
});

/** Running services look at switches every few seconds. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (;;) {
    if (await isSo()) return;
    await new Promise((resolved) => setTimeout(resolved, 200));
  }
}
