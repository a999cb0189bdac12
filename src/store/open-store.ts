import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { ServiceError } from '../errors/service-error.js';
import { logEvent, type Log } from '../logging/logger.js';
import { readAssessment } from './admin/read-assessment.js';
import { folderPaths, openFolder } from './folder/store-folder.js';
import type { DatabaseStore } from './hemolens-store.js';
import { addKey } from './keys/key-file.js';
import { filePseudonyms, type Pseudonyms } from './keys/pseudonyms.js';
import { createStoreLink, type StoreLink } from './link/store-link.js';
import { isOutage } from './link/store-outage.js';
import { MIGRATIONS } from './migrations/all-migrations.js';
import { migrateUp } from './migrations/migrate.js';
import { registryOn } from './ports/registry.js';
import { createRowWriter } from './ports/row-writer.js';
import { switchesOn } from './ports/switches.js';
import { tokenLedgerOn } from './ports/token-ledger.js';
import { scopeOf } from './rows/assessment-row.js';
import { openSpool, type Spool } from './spool/spool.js';
import { openPostgresql } from './sql/open-postgresql.js';
import type { Sql } from './sql/sql.js';
import { sqlState } from './sql/sql-state.js';
import { shownCardsSince } from './tables/assessment-table.js';

export type StorePlace =
  | { readonly kind: 'embedded'; readonly dir: string; readonly isSynced?: boolean }
  | { readonly kind: 'postgresql'; readonly url: string };

/** What a row does when the database cannot be reached: wait in a file, or fail the call. */
export type OnFailure = { readonly kind: 'spool'; readonly file?: string } | { readonly kind: 'refuse' };

export interface OpenStoreOptions {
  readonly place: StorePlace;
  /** Pseudonym keys. An embedded store makes its own in its folder when none is given; PostgreSQL must be given one. */
  readonly keysFile?: string;
  readonly onFailure: OnFailure;
  readonly log: Log;
  readonly clock?: () => number;
}

/**
 * Opens the store, brings its schema up to date and replays what waits in the spool. Throws ServiceError ERR_STORE when the
 * folder is in use, the schema is another build's, or the database cannot be reached and rows may not wait; ERR_CONFIG when
 * the key file does not do.
 */
export async function openStore(options: OpenStoreOptions): Promise<DatabaseStore> {
  const { place, onFailure, log, clock = () => Date.now() } = options;
  const startMs = performance.now();
  const { sql, pseudonyms } = await openPlace(options);
  const closing: (() => Promise<void>)[] = [() => sql.close()];
  try {
    const spool = onFailure.kind === 'spool' ? await openTheSpool(place, onFailure.file, log) : undefined;
    if (spool) closing.push(() => spool.close());
    const writer = createRowWriter({ spool, pseudonyms, clock, log });
    let migrated = 0;
    const migrate = async (): Promise<void> => {
      migrated += (await migrateUp(sql, clock())).length;
    };
    const isUp = await isReached(async () => {
      await migrate();
      await writer.replay(sql);
    }, onFailure);
    const link = loggedLink({ sql, isUp, migrate, writer, spool, log });
    logEvent(log, 'store.opened', {
      engine: sql.engine,
      schema: MIGRATIONS.length,
      migrated,
      waiting: spool?.waiting() ?? 0,
      durationMs: Math.round(performance.now() - startMs),
    });
    return portsOn({ link, spool, pseudonyms, writer, log, clock });
  } catch (error) {
    for (const close of closing.reverse()) await close().catch(() => undefined);
    throw error;
  }
}

async function openPlace({
  place,
  keysFile,
  log,
  clock,
}: OpenStoreOptions): Promise<{ readonly sql: Sql; readonly pseudonyms: Pseudonyms }> {
  if (place.kind === 'postgresql') {
    if (keysFile === undefined) {
      throw new ServiceError('ERR_CONFIG', {
        detail:
          "PostgreSQL needs a pseudonym key file outside the database: make one with 'hemolens store rotate-keys' and name it by HEMOLENS_PSEUDONYM_KEYS_FILE",
      });
    }
    const pseudonyms = filePseudonyms(keysFile, clock);
    const onBroken = (): void => logEvent(log, 'store.connection-lost');
    return { sql: openPostgresql({ url: place.url, onBroken }), pseudonyms };
  }
  const keys = keysFile ?? folderPaths(place.dir).keys;
  const sql = await openFolder(place.dir, place.isSynced ?? false);
  try {
    if (keysFile === undefined && !existsSync(keys)) addKey(keys);
    return { sql, pseudonyms: filePseudonyms(keys, clock) };
  } catch (error) {
    await sql.close();
    throw error;
  }
}

async function openTheSpool(place: StorePlace, file: string | undefined, log: Log): Promise<Spool> {
  const path = file ?? (place.kind === 'embedded' ? folderPaths(place.dir).spool : 'hemolens-store/spool.ndjson');
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return openSpool({ path, onDamaged: (lines, bytes) => logEvent(log, 'store.spool-damaged', { lines, bytes }) });
}

/** Could the database be reached and brought up to date? Throws where that has to stop the start. */
async function isReached(makeGood: () => Promise<void>, onFailure: OnFailure): Promise<boolean> {
  try {
    await makeGood();
    return true;
  } catch (cause) {
    if (cause instanceof ServiceError) throw cause;
    if (onFailure.kind === 'spool' && isOutage(cause)) return false;
    const state = sqlState(cause);
    throw new ServiceError('ERR_STORE', {
      detail: `the database cannot be ${state === undefined ? 'reached' : `used (SQLSTATE ${state})`}: check that it runs and that DATABASE_URL names it with a user who may create tables`,
      cause,
    });
  }
}

interface LinkParts extends Pick<Parts, 'writer' | 'spool' | 'log'> {
  readonly sql: Sql;
  readonly isUp: boolean;
  readonly migrate: () => Promise<void>;
}

function loggedLink({ sql, isUp, migrate, writer, spool, log }: LinkParts): StoreLink {
  const link = createStoreLink({
    sql,
    isUp,
    makeGood: async () => {
      await migrate();
      await writer.replayFirst(sql);
    },
    onDown: (cause) => {
      const name = cause instanceof Error ? cause.name : undefined;
      logEvent(log, 'store.down', { engine: sql.engine, state: sqlState(cause), name, spools: spool !== undefined });
    },
    // Calls go to the database again while the spool is read: under load it would never be empty otherwise.
    onUp: (downMs) => {
      logEvent(log, 'store.up', { engine: sql.engine, downMs, waiting: spool?.waiting() ?? 0 });
      void writer.replay(sql).catch((cause: unknown) => link.distrust(cause));
    },
  });
  return link;
}

interface Parts {
  readonly link: StoreLink;
  readonly spool: Spool | undefined;
  readonly pseudonyms: Pseudonyms;
  readonly writer: ReturnType<typeof createRowWriter>;
  readonly log: Log;
  readonly clock: () => number;
}

function portsOn({ link, spool, pseudonyms, writer, log, clock }: Parts): DatabaseStore {
  return {
    save: (call) => writer.save(link, call),
    saveFeedback: (client, items) => writer.saveFeedback(link, scopeOf(client), items),
    since({ clientId, tenant, patientId, fhirServer }, sinceMs) {
      const scope = scopeOf({ id: clientId, ...(tenant === undefined ? {} : { tenant }) });
      const names = pseudonyms.allOf(scope, 'patient', patientId);
      return link.run((sql) => shownCardsSince(sql, { scope, pseudonyms: names, fhirServer }, sinceMs));
    },
    ...registryOn(link, { log, clock }),
    ...switchesOn(link, { log, clock }),
    ...tokenLedgerOn(link, { log, clock }),
    readAssessment: (id, agent) => link.run((sql) => readAssessment(sql, id, agent, clock())),
    waiting: () => spool?.waiting() ?? 0,
    isUp: () => link.isUp(),
    async close() {
      await writer.settled();
      await link.close();
      await spool?.close();
    },
  };
}
