import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { HemolensStore } from '../../src/store/hemolens-store.js';
import { openFolder, reachFolder } from '../../src/store/folder/store-folder.js';
import type { StorePlace } from '../../src/store/open-store.js';
import { openPostgresql } from '../../src/store/sql/open-postgresql.js';
import type { Sql } from '../../src/store/sql/sql.js';
import { parseLines, recordingLog } from '../support/test-app.js';
import { answeredCall, ENCOUNTER, NOTE, PATIENT, USER } from './support/answered-call.js';
import { ENGINES, type TestEngine, type TestPlace } from './support/engines.js';

jest.setTimeout(300_000);

/** Answered calls before the runs of a case end; `bench/store-kill.ts` has the long one, through the service. */
const CALLS = Number(process.env['HEMOLENS_TEST_KILL_CALLS'] ?? 60);

/** Saves rows in a process of its own, kills that at a random moment, and returns the ids that were answered. */
async function saveUntilKilled({ place, keysFile, spoolFile }: TestPlace): Promise<readonly string[]> {
  const task = JSON.stringify({ place, keysFile, spoolFile });
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/store/support/saver.ts', task], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  const calls = randomInt(Math.ceil(CALLS / 6), CALLS);
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.split('saved ').length - 1 >= calls) setTimeout(() => child.kill('SIGKILL'), randomInt(0, 8));
    });
    child.on('close', () => resolve());
  });
  return [...output.matchAll(/^saved (\S+)\n/gm)].map(([, id = '']) => id);
}

async function openSql(place: StorePlace): Promise<Sql> {
  return place.kind === 'postgresql' ? openPostgresql({ url: place.url }) : openFolder(place.dir, false);
}

async function keptIds(place: StorePlace): Promise<ReadonlySet<unknown>> {
  const sql = await openSql(place);
  const rows = await sql.query('SELECT id FROM assessment');
  await sql.close();
  return new Set(rows.map(({ id }) => id));
}

const engines = new Map<string, TestEngine>();
beforeAll(async () => {
  for (const [name, start] of ENGINES) engines.set(name, await start());
});
afterAll(async () => {
  for (const engine of engines.values()) await engine.remove();
});

function newPlace(name: string): Promise<TestPlace> {
  return engineNamed(name).place();
}

function engineNamed(name: string): TestEngine {
  const engine = engines.get(name);
  if (!engine) throw new Error(`${name} was not started`);
  return engine;
}

describe.each(ENGINES)('what was answered, on %s', (name) => {
  it('fault: is kept when the process is killed at random moments', async () => {
    const place = await newPlace(name);
    const answered: string[] = [];
    while (answered.length < CALLS) answered.push(...(await saveUntilKilled(place)));
    const kept = await keptIds(place.place);
    expect(answered.filter((id) => !kept.has(id))).toEqual([]);
  });
});

describe.each(ENGINES)('a store on %s that is down', (name) => {
  /** Takes the tables away under the store, and gives them back. */
  async function withoutTables(store: HemolensStore, place: TestPlace, work: () => Promise<void>): Promise<void> {
    const sql = await adminSql(place);
    await sql.query('ALTER TABLE assessment RENAME TO away');
    await sql.query('ALTER TABLE feedback RENAME TO feedback_away');
    await work();
    await sql.query('ALTER TABLE away RENAME TO assessment');
    await sql.query('ALTER TABLE feedback_away RENAME TO feedback');
    await sql.close();
    await untilUp(store);
  }

  it('fault: keeps rows in the spool, without a clear identifier or text, and brings them in when it is back', async () => {
    const place = await newPlace(name);
    const { log, text } = recordingLog();
    const store = await place.open({ log });
    const calls = Array.from({ length: 5 }, () => answeredCall({ cardIds: [crypto.randomUUID()] }));
    await withoutTables(store, place, async () => {
      for (const call of calls) await store.save(call);
      expect(
        await store.saveFeedback({ id: 'ehr-1' }, [
          {
            cardId: calls[0]?.cardIds[0] ?? '',
            outcome: 'overridden',
            acceptedSuggestionIds: [],
            userComment: NOTE,
            outcomeTimestampMs: 1,
          },
        ]),
      ).toEqual({ kept: 1, repeated: 0, unknownCards: 0 });
      expect(store.waiting()).toBe(6);
      const spool = readFileSync(place.spoolFile, 'utf8');
      expect(spool.split('\n')).toHaveLength(7);
      for (const canary of [PATIENT, USER, ENCOUNTER, NOTE, 'CANARY']) expect(spool).not.toContain(canary);
      expect(statSync(place.spoolFile).mode & 0o777).toBe(0o600);
    });
    expect(store.waiting()).toBe(0);
    expect(statSync(place.spoolFile).size).toBe(0);
    await store.close();
    const sql = await openSql(place.place);
    const rows = await sql.query(
      'SELECT (SELECT count(*) FROM assessment)::int AS assessments, (SELECT count(*) FROM card)::int AS cards',
    );
    expect(rows).toEqual([{ assessments: 5, cards: 5 }]);
    expect(await sql.query('SELECT patient_id, fhir_base FROM patient_identity')).toEqual([
      { patient_id: PATIENT, fhir_base: 'https://ehr.example.org/fhir' },
    ]);
    expect(await sql.query('SELECT user_comment FROM feedback_comment')).toEqual([{ user_comment: NOTE }]);
    await sql.close();
    const events = parseLines(text()).map(({ event }) => event);
    expect(events).toEqual(expect.arrayContaining(['store.down', 'store.spooled', 'store.up']));
  });

  it('fault: keeps a torn last line aside, and loses none of the others', async () => {
    const place = await newPlace(name);
    const store = await place.open();
    const calls = Array.from({ length: 3 }, () => answeredCall());
    const sql = await adminSql(place);
    await sql.query('ALTER TABLE assessment RENAME TO away');
    for (const call of calls) await store.save(call);
    await sql.query('ALTER TABLE away RENAME TO assessment');
    // What a kill leaves: rows that wait, and half of one that was being written.
    const waiting = readFileSync(place.spoolFile, 'utf8');
    await sql.close();
    await untilUp(store);
    await store.close();
    truncateSync(place.spoolFile, 0);
    appendFileSync(place.spoolFile, waiting + waiting.slice(0, 200));
    const { log, text } = recordingLog();
    const next = await place.open({ log });
    expect(next.waiting()).toBe(0);
    await next.close();
    const kept = await keptIds(place.place);
    expect(calls.filter(({ assessment }) => !kept.has(assessment.assessmentId))).toEqual([]);
    expect(readFileSync(`${place.spoolFile}.damaged`, 'utf8')).toBe(`${waiting.slice(0, 200)}\n`);
    expect(parseLines(text()).find(({ event }) => event === 'store.spool-damaged')).toMatchObject({ lines: 1 });
  });

  it('fault: refuses the call where rows may not wait', async () => {
    const place = await newPlace(name);
    const store = await place.open({ onFailure: { kind: 'refuse' } });
    const sql = await adminSql(place);
    await sql.query('ALTER TABLE assessment RENAME TO away');
    await expect(store.save(answeredCall())).rejects.toMatchObject({ code: 'ERR_STORE' });
    await sql.query('ALTER TABLE away RENAME TO assessment');
    await store.save(answeredCall());
    await sql.close();
    await store.close();
    expect(existsSync(place.spoolFile)).toBe(false);
  });
});

const [, postgresql] = ENGINES;
(postgresql ? describe : describe.skip)('PostgreSQL that is stopped and started again', () => {
  const name = 'PostgreSQL';

  it('fault: loses no row that was answered, and accepts no token twice', async () => {
    const place = await newPlace(name);
    const store = await place.open();
    const answered: string[] = [];
    let isOver = false;
    const load = Array.from({ length: 6 }, async () => {
      while (!isOver) {
        const call = answeredCall();
        await store.save(call);
        answered.push(call.assessment.assessmentId);
        // Clinicians, not a closed loop: the spool takes far more rows a second than a database, and all have to be replayed.
        await pause(25);
      }
    });
    const reach = async (count: number): Promise<void> => {
      while (answered.length < count) await pause(10);
    };
    await reach(50);
    expect(await store.read()).toEqual({ isAssessing: true });
    expect(await store.claim('https://ehr.example.org', 'before', Date.now() + 60_000)).toBe(true);
    await engineNamed(name).server?.stop();
    const before = answered.length;
    await reach(before + 50);
    expect(await store.claim('https://ehr.example.org', 'before', Date.now() + 60_000)).toBe(false);
    expect(await store.claim('https://ehr.example.org', 'during', Date.now() + 60_000)).toBe(true);
    expect(await store.claim('https://ehr.example.org', 'during', Date.now() + 60_000)).toBe(false);
    expect(await store.read()).toEqual({ isAssessing: true });
    await engineNamed(name).server?.start();
    await untilUp(store);
    await reach(answered.length + 50);
    isOver = true;
    await Promise.all(load);
    expect(await store.claim('https://ehr.example.org', 'during', Date.now() + 60_000)).toBe(false);
    await store.close();
    const kept = await keptIds(place.place);
    expect(answered.filter((id) => !kept.has(id))).toEqual([]);
  });

  it('fault: a service that starts while the database is down answers, and brings its rows in later', async () => {
    const place = await newPlace(name);
    await (await place.open()).close();
    await engineNamed(name).server?.stop();
    await expect(place.open({ onFailure: { kind: 'refuse' } })).rejects.toMatchObject({ code: 'ERR_STORE' });
    const store = await place.open();
    const call = answeredCall();
    await store.save(call);
    expect(store.isUp()).toBe(false);
    await expect(store.findByIssuer('https://ehr.example.org')).rejects.toMatchObject({ code: 'ERR_STORE' });
    await engineNamed(name).server?.start();
    await untilUp(store);
    await store.close();
    expect(await keptIds(place.place)).toEqual(new Set([call.assessment.assessmentId]));
  });
});

async function adminSql({ place }: TestPlace): Promise<Sql> {
  if (place.kind === 'postgresql') return openPostgresql({ url: place.url });
  return reachFolder(place.dir, false);
}

async function untilUp(store: HemolensStore): Promise<void> {
  while (!store.isUp() || store.waiting() > 0) await pause(20);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
