import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { backup, restore } from '../../src/store/admin/backup.js';
import { checkStore } from '../../src/store/admin/check-store.js';
import { erasePatient } from '../../src/store/admin/erase-patient.js';
import { exportRows } from '../../src/store/admin/export.js';
import { loadOutcomes } from '../../src/store/admin/load-outcomes.js';
import { purge } from '../../src/store/admin/purge.js';
import { TABLE_NAMES, tableRows } from '../../src/store/admin/table-rows.js';
import type { HemolensStore } from '../../src/store/hemolens-store.js';
import { addKey } from '../../src/store/keys/key-file.js';
import { filePseudonyms } from '../../src/store/keys/pseudonyms.js';
import { MIGRATIONS } from '../../src/store/migrations/all-migrations.js';
import { migrateDown, migrateUp } from '../../src/store/migrations/migrate.js';
import type { Sql, SqlRow } from '../../src/store/sql/sql.js';
import {
  answeredCall,
  FHIR_SERVER,
  COLUMNS,
  ENCOUNTER,
  NOTE,
  PATIENT,
  USER,
  type CallChanges,
} from './support/answered-call.js';
import { ENGINES, type TestEngine, type TestPlace } from './support/engines.js';

jest.setTimeout(300_000);

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 0, 5, 10);
const JTI = 'CANARY-token-id';

async function allRows(sql: Sql): Promise<Readonly<Record<string, readonly SqlRow[]>>> {
  const tables: Record<string, readonly SqlRow[]> = {};
  for (const table of TABLE_NAMES) tables[table] = await rowsOf(sql, table);
  return tables;
}

async function rowsOf(sql: Sql, table: (typeof TABLE_NAMES)[number]): Promise<readonly SqlRow[]> {
  const rows: SqlRow[] = [];
  for await (const row of tableRows(sql, table)) rows.push(row);
  return rows;
}

describe.each(ENGINES)('what can be done with a store on %s', (_engine, start) => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await start();
  });
  afterAll(() => engine.remove());

  /** A place with saved calls, each with a card and feedback on it; its database. */
  async function filled(
    calls: readonly CallChanges[],
  ): Promise<{ readonly place: TestPlace; readonly store: HemolensStore; readonly sql: Sql }> {
    const place = await engine.place();
    const store = await place.open({ clock: () => NOW });
    for (const [index, changes] of calls.entries()) {
      const cardId = `card-${index}`;
      const call = answeredCall({ id: `a-${index}`, cardIds: [cardId], ...changes });
      await store.save(call);
      await store.saveFeedback(call.client, [
        {
          cardId,
          outcome: 'overridden',
          acceptedSuggestionIds: [],
          overrideReason: { code: 'bleeding' },
          userComment: `comment\u2028${index}`,
          outcomeTimestampMs: NOW,
        },
      ]);
    }
    await store.claim('https://ehr.example.org', JTI, NOW + DAY);
    // Beside the open store: opening an embedded one again costs most of a second.
    const sql = await place.sql();
    const close = async (): Promise<void> => {
      await sql.close();
      await store.close();
    };
    return { place, store, sql: { ...sql, close } };
  }

  it('holds an identifier of the patient in patient_identity alone, and no user, encounter, note or token at all', async () => {
    const { sql } = await filled([{ tenant: 'north' }]);
    const { patient_identity: identities, ...others } = await allRows(sql);
    expect(identities).toMatchObject([
      { patient_id: PATIENT, client_id: 'ehr-1', tenant: 'north', fhir_base: 'https://ehr.example.org/fhir' },
    ]);
    const text = JSON.stringify(others);
    for (const canary of [PATIENT, USER, ENCOUNTER, NOTE, JTI, 'CANARY', 'ehr.example.org/fhir']) {
      expect(text).not.toContain(canary);
    }
    for (const canary of [USER, ENCOUNTER, NOTE, JTI]) expect(JSON.stringify(identities)).not.toContain(canary);
    await sql.close();
  });

  it('holds what the model saw, column by column, with what it made of it', async () => {
    const { sql } = await filled([{}]);
    const [row] = await rowsOf(sql, 'assessment');
    const call = answeredCall();
    const tabular = row?.['tabular'] as readonly (number | string)[];
    expect(Float32Array.from(tabular.map(Number))).toEqual(call.assessment.tensors.tabular);
    expect(tabular).toHaveLength(COLUMNS);
    expect(row).toMatchObject({
      tier: 'very-high',
      probability: 0.31,
      calibrated_logit: -0.8,
      model_sha256: 'ab'.repeat(32),
      series_concepts: [3, 5],
      base_learners: [{ id: 'trees', logit: -0.7, weight: 0.6 }, { id: 'fusion' }],
      explanation: { drivers: [{ evidence: 'Observation/77' }, { evidence: 'Patient' }] },
      inputs: { coverage: { labs: { kind: 'covered' } }, notes: [{ characters: NOTE.length }] },
      latency_ms: { total: 112 },
    });
    await sql.close();
  });

  it('erases a patient of one tenant, stored under an older key too, and leaves the same id of another tenant', async () => {
    const place = await engine.place();
    const one = { patientId: 'p-1', tenant: 'north' };
    for (const changes of [one, { ...one, tenant: 'south' }, { ...one, patientId: 'p-2' }]) {
      const store = await place.open();
      await store.save(answeredCall(changes));
      await store.close();
      addKey(place.keysFile);
    }
    const store = await place.open();
    await store.save(answeredCall({ ...one, cardIds: ['card-of-p-1'] }));
    await store.saveFeedback({ id: 'ehr-1', tenant: 'north' }, [
      {
        cardId: 'card-of-p-1',
        outcome: 'accepted',
        acceptedSuggestionIds: [],
        userComment: 'x',
        outcomeTimestampMs: 1,
      },
    ]);
    expect(await store.since({ clientId: 'ehr-1', fhirServer: FHIR_SERVER, ...one }, 0)).toHaveLength(2);
    const sql = await place.sql();
    const pseudonyms = filePseudonyms(place.keysFile);
    const erased = await erasePatient(sql, pseudonyms, { tenant: 'north', patientId: 'Patient/p-1' }, NOW);
    expect(erased).toEqual({ assessments: 2, feedback: 1, identities: 2 });
    const rows = await allRows(sql);
    expect(rows['assessment']).toHaveLength(2);
    expect(rows['feedback_comment']).toEqual([]);
    expect(
      rows['patient_identity']?.map(({ tenant, patient_id: id }) => `${String(tenant)} ${String(id)}`).sort(),
    ).toEqual(['north p-2', 'south p-1']);
    expect(rows['audit_event']).toMatchObject([{ action: 'erase-patient', detail: { assessments: 2 } }]);
    expect(await store.since({ clientId: 'ehr-1', fhirServer: FHIR_SERVER, ...one }, 0)).toEqual([]);
    await sql.close();
    await store.close();
  });

  it('purges what is older than the retention time, with its feedback, and identities nobody needs', async () => {
    const { sql } = await filled([
      { patientId: 'old', answeredAtMs: NOW - 366 * DAY },
      { patientId: 'young', answeredAtMs: NOW - 364 * DAY },
    ]);
    expect(await purge(sql, 365, NOW + 2 * DAY - DAY)).toEqual({
      assessments: 1,
      feedback: 1,
      identities: 1,
      tokens: 0,
    });
    const rows = await allRows(sql);
    expect(rows['assessment']).toMatchObject([{ id: 'a-1' }]);
    expect(rows['card']).toMatchObject([{ id: 'card-1' }]);
    expect(rows['patient_identity']).toMatchObject([{ patient_id: 'young' }]);
    expect(await purge(sql, 365, NOW + 3 * DAY)).toMatchObject({ assessments: 1, tokens: 1 });
    await sql.close();
  });

  it('restores a backup into an empty database, row by row the same', async () => {
    const { sql, place } = await filled([{}, { tenant: 'north' }, { patientId: 'p-3', clientId: 'ehr-2' }]);
    const file = join(place.folder, 'backup.gz');
    expect(await backup(sql, file, NOW)).toMatchObject({ assessment: 3, card: 3, feedback_comment: 3 });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const before = await allRows(sql);
    await sql.close();
    const empty = await engine.place();
    const restored = await empty.sql();
    await restore(restored, file, NOW);
    const after = await allRows(restored);
    for (const table of TABLE_NAMES.filter((name) => name !== 'audit_event'))
      expect(after[table]).toEqual(before[table]);
    expect(after['audit_event']).toMatchObject([{ action: 'restore' }]);
    await expect(restore(restored, file, NOW)).rejects.toMatchObject({ code: 'ERR_STORE' });
    await restored.close();
    // Feedback that comes after a restore gets an id of its own.
    const store = await empty.open();
    const item = { cardId: 'c', outcome: 'accepted', acceptedSuggestionIds: [], outcomeTimestampMs: 5 } as const;
    expect(await store.saveFeedback({ id: 'ehr-1' }, [item])).toMatchObject({ kept: 1 });
    expect(store.waiting()).toBe(0);
    await store.close();
  });

  it('bad call: refuses a backup that is cut short, altered, missing or none, and leaves the database empty', async () => {
    const { sql, place } = await filled([{}]);
    const file = join(place.folder, 'backup.gz');
    await backup(sql, file, NOW);
    await sql.close();
    const whole = readFileSync(file);
    const empty = await (await engine.place()).sql();
    const refusal = async (name: string): Promise<string> =>
      restore(empty, join(place.folder, name), NOW).then(
        () => 'restored',
        (error: unknown) => String(error),
      );
    writeFileSync(join(place.folder, 'cut.gz'), whole);
    truncateSync(join(place.folder, 'cut.gz'), whole.length - 20);
    const text = gunzipSync(whole).toString();
    writeFileSync(join(place.folder, 'altered.gz'), gzipSync(text.replace('0.31', '0.13')));
    writeFileSync(join(place.folder, 'none.gz'), 'not a backup');
    expect(text).toContain('0.31');
    for (const name of ['cut.gz', 'altered.gz', 'none.gz', 'missing.gz']) {
      expect(await refusal(name)).toMatch(/ERR_STORE: .*(cut short|altered|no backup)/);
    }
    expect((await checkStore(empty)).rows['assessment'] ?? 0).toBe(0);
    await empty.close();
  });

  it('loads outcomes from CSV and NDJSON, counts those of unknown assessments, and takes corrections', async () => {
    const { sql, place } = await filled([{}, {}]);
    const file = join(place.folder, 'outcomes');
    writeFileSync(file, '\ufeffassessment_id,died_within_7_days\r\na-0,true\r\na-1,0\r\nelsewhere,1\r\n');
    expect(await loadOutcomes(sql, file, NOW)).toEqual({ loaded: 2, unknown: 1 });
    writeFileSync(file, '{"assessment_id":"a-0","died_within_7_days":false}\n');
    expect(await loadOutcomes(sql, file, NOW)).toEqual({ loaded: 1, unknown: 0 });
    expect((await rowsOf(sql, 'outcome')).map((row) => row['died_within_7_days'])).toEqual([false, false]);
    writeFileSync(file, 'assessment_id,died_within_7_days\na-0,true\na-1,perhaps\n');
    await expect(loadOutcomes(sql, file, NOW)).rejects.toMatchObject({ detail: expect.stringContaining('line 3') });
    expect((await rowsOf(sql, 'outcome')).map((row) => row['died_within_7_days'])).toEqual([false, false]);
    await sql.close();
  });

  it('counts a card without feedback as neither accepted nor overridden (req. 61)', async () => {
    const { sql, place, store } = await filled([]);
    await store.save(answeredCall({ id: 'a', cardIds: ['accepted', 'overridden', 'changed', 'ignored', 'silent'] }));
    const item = (cardId: string, outcome: 'accepted' | 'overridden', atMs: number) =>
      ({ cardId, outcome, acceptedSuggestionIds: [], outcomeTimestampMs: NOW + atMs }) as const;
    await store.saveFeedback({ id: 'ehr-1' }, [
      item('accepted', 'accepted', 0),
      item('overridden', 'overridden', 0),
      item('overridden', 'overridden', 1),
      item('changed', 'overridden', 0),
      item('changed', 'accepted', 1),
      item('of somebody else', 'accepted', 0),
    ]);
    // Another client cannot speak of a card that it was not sent.
    await store.saveFeedback({ id: 'ehr-2' }, [item('silent', 'accepted', 0)]);
    expect((await checkStore(sql)).cards).toEqual({ sent: 5, accepted: 2, overridden: 1, withoutFeedback: 2 });
    const out = join(place.folder, 'tables');
    expect(await exportRows(sql, out, 'ndjson', NOW)).toMatchObject({ 'card.ndjson': 5, 'feedback.ndjson': 7 });
    await sql.close();
  });

  it('exports the audit trail as FHIR R4, with the export itself in it and no clear identifier', async () => {
    const { sql, place } = await filled([{ tenant: 'north' }]);
    const out = join(place.folder, 'audit');
    expect(await exportRows(sql, out, 'fhir-audit', NOW)).toEqual({ 'AuditEvent.ndjson': 2, 'Provenance.ndjson': 1 });
    const read = (name: string): readonly Record<string, unknown>[] =>
      readFileSync(join(out, name), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    const [answer, act] = read('AuditEvent.ndjson');
    expect(answer).toMatchObject({
      resourceType: 'AuditEvent',
      id: 'a-0',
      action: 'E',
      recorded: '2026-01-05T10:00:00.000Z',
    });
    expect(act).toMatchObject({ type: { code: '110106' }, subtype: [{ code: 'export' }], action: 'R' });
    expect(read('Provenance.ndjson')).toMatchObject([
      { resourceType: 'Provenance', recorded: '2026-01-05T10:00:00.000Z', agent: [{ who: { display: 'Hemolens' } }] },
    ]);
    for (const name of readdirSync(out)) expect(readFileSync(join(out, name), 'utf8')).not.toContain('CANARY');
    const tables = join(place.folder, 'tables');
    await exportRows(sql, tables, 'ndjson', NOW);
    for (const name of readdirSync(tables)) {
      expect(readFileSync(join(tables, name), 'utf8')).not.toMatch(/CANARY|comment\u2028/);
    }
    await expect(exportRows(sql, tables, 'ndjson', NOW)).rejects.toMatchObject({ code: 'ERR_STORE' });
    await sql.close();
  });

  it('puts a read of an assessment on record, and one that found nothing', async () => {
    const { sql, place } = await filled([{}]);
    await sql.close();
    const store = await place.open();
    expect(await store.readAssessment('a-0', 'smart')).toMatchObject({ id: 'a-0', card_ids: ['card-0'] });
    expect(await store.readAssessment('CANARY', 'smart')).toBeUndefined();
    await store.close();
    const after = await place.sql();
    const details = (await rowsOf(after, 'audit_event')).map(({ action, agent, detail }) => ({
      action,
      agent,
      detail,
    }));
    expect(details).toHaveLength(2);
    expect(details).toEqual(
      expect.arrayContaining([
        { action: 'read', agent: 'smart', detail: { found: true, assessmentId: 'a-0' } },
        { action: 'read', agent: 'smart', detail: { found: false } },
      ]),
    );
    await after.close();
  });

  it('takes every step of the schema back and applies it again', async () => {
    const { sql } = await filled([{}]);
    for (const { version } of [...MIGRATIONS].reverse()) expect(await migrateDown(sql)).toBe(version);
    expect(await migrateDown(sql)).toBeUndefined();
    expect(await migrateUp(sql, NOW)).toEqual(MIGRATIONS.map(({ version }) => version));
    expect((await checkStore(sql)).rows['assessment']).toBe(0);
    await sql.close();
  });

  it('rolls a step of the schema back that fails in the middle', async () => {
    const { sql } = await filled([{}]);
    const broken = {
      version: MIGRATIONS.length + 1,
      name: 'broken',
      up: 'CREATE TABLE half (id int);\nSELECT nothing FROM nowhere;',
      down: '',
    };
    await expect(migrateUp(sql, NOW, [...MIGRATIONS, broken])).rejects.toThrow();
    expect(await sql.query("SELECT to_regclass('half') IS NULL AS gone")).toEqual([{ gone: true }]);
    expect(await migrateUp(sql, NOW)).toEqual([]);
    expect(await rowsOf(sql, 'assessment')).toHaveLength(1);
    await sql.close();
  });

  it('bad call: leaves a database alone that is newer, or was made by another build, and says what to do', async () => {
    const { sql, place } = await filled([{}]);
    await sql.query("INSERT INTO hemolens_migration VALUES (99, 'future', 'x', now())");
    await expect(migrateUp(sql, NOW)).rejects.toMatchObject({ detail: expect.stringContaining('newer Hemolens') });
    await sql.query('DELETE FROM hemolens_migration WHERE version = 99');
    await sql.query("UPDATE hemolens_migration SET checksum = 'x' WHERE version = 1");
    await expect(migrateUp(sql, NOW)).rejects.toMatchObject({ detail: expect.stringContaining('another build') });
    await sql.close();
    await expect(place.open()).rejects.toMatchObject({ code: 'ERR_STORE' });
  });
});
