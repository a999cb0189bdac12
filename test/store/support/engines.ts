import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog, type Log } from '../../../src/logging/logger.js';
import type { DatabaseStore } from '../../../src/store/hemolens-store.js';
import { addKey } from '../../../src/store/keys/key-file.js';
import { openStore, type OnFailure, type StorePlace } from '../../../src/store/open-store.js';
import { reachFolder } from '../../../src/store/folder/store-folder.js';
import { openPostgresql } from '../../../src/store/sql/open-postgresql.js';
import type { Sql } from '../../../src/store/sql/sql.js';
import { makeStoreFolder } from './pglite-template.js';
import { postgresqlPrograms, startPostgresqlServer, type PostgresqlServer } from './postgresql-server.js';

/** One of the engines a suite runs on, and fresh places in it. */
export interface TestEngine {
  /** A new, empty database with a key file and a spool of its own. */
  place(): Promise<TestPlace>;
  /** Only of PostgreSQL. */
  readonly server?: PostgresqlServer;
  /** Closes what was opened, and removes everything. */
  remove(): Promise<void>;
}

export interface TestPlace {
  readonly place: StorePlace;
  readonly folder: string;
  readonly keysFile: string;
  readonly spoolFile: string;
  /** The database beside the store: for what a case looks up or breaks. */
  sql(): Promise<Sql>;
  open(options?: {
    readonly onFailure?: OnFailure;
    readonly log?: Log;
    readonly clock?: () => number;
  }): Promise<DatabaseStore>;
}

const programs = postgresqlPrograms();

/** For `describe.each`: PGlite, and PostgreSQL where it is installed. */
export const ENGINES: readonly (readonly ['PGlite' | 'PostgreSQL', () => Promise<TestEngine>])[] = [
  ['PGlite', pgliteEngine],
  ...(programs === undefined ? [] : [['PostgreSQL', () => postgresqlEngine(programs)] as const]),
];

function pgliteEngine(): Promise<TestEngine> {
  const root = mkdtempSync(join(tmpdir(), 'hemolens-store-'));
  const opened = openedStores();
  let places = 0;
  return Promise.resolve({
    async place() {
      places += 1;
      const dir = join(root, `place-${places}`);
      await makeStoreFolder(dir);
      return testPlace(dir, { kind: 'embedded', dir }, opened);
    },
    async remove() {
      await opened.closeAll();
      rmSync(root, { recursive: true, force: true });
    },
  });
}

export async function postgresqlEngine(folder: string): Promise<TestEngine> {
  const root = mkdtempSync(join(tmpdir(), 'hemolens-store-'));
  const server = await startPostgresqlServer(folder);
  const opened = openedStores();
  let places = 0;
  return {
    server,
    async place() {
      places += 1;
      const dir = join(root, `place-${places}`);
      mkdirSync(dir, { mode: 0o700 });
      return testPlace(dir, { kind: 'postgresql', url: await server.database() }, opened);
    },
    async remove() {
      await opened.closeAll();
      await server.remove();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function testPlace(folder: string, place: StorePlace, opened: ReturnType<typeof openedStores>): TestPlace {
  const keysFile = join(folder, 'pseudonym-keys.json');
  const spoolFile = join(folder, 'spool.ndjson');
  const spooling: OnFailure = { kind: 'spool', file: spoolFile };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  addKey(keysFile);
  return {
    place,
    folder,
    keysFile,
    spoolFile,
    sql: async () => (place.kind === 'postgresql' ? openPostgresql({ url: place.url }) : reachFolder(place.dir, false)),
    open: ({ onFailure = spooling, log = silentLog, clock } = {}) =>
      opened.add(openStore({ place, keysFile, onFailure, log, ...(clock === undefined ? {} : { clock }) })),
  };
}

/** Stores that a failing case left open would keep the run from ending. */
function openedStores() {
  const open = new Set<DatabaseStore>();
  return {
    async add(opening: Promise<DatabaseStore>): Promise<DatabaseStore> {
      const store = await opening;
      open.add(store);
      return { ...store, close: () => (open.delete(store) ? store.close() : Promise.resolve()) };
    },
    async closeAll() {
      for (const store of open) await store.close().catch(() => undefined);
    },
  };
}
