import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ServiceError } from '../../errors/service-error.js';
import { openPglite } from '../sql/open-pglite.js';
import type { Sql } from '../sql/sql.js';
import { dropStaleLock, isRunning, readLock, writeLock } from './lock-file.js';
import { connectSql, serveSql } from './sql-socket.js';

/** Longest path of a unix socket on the systems we run on, with its closing NUL. */
const SOCKET_PATH_BYTES = 104;
const TRIES = 20;
const BETWEEN_TRIES_MS = 250;

/** What lies in the folder of an embedded store. */
export function folderPaths(dir: string) {
  const folder = resolve(dir);
  return {
    folder,
    database: join(folder, 'db'),
    lock: join(folder, 'lock'),
    socket: socketPath(folder),
    keys: join(folder, 'pseudonym-keys.json'),
    spool: join(folder, 'spool.ndjson'),
  };
}

function socketPath(folder: string): string {
  const inside = join(folder, 'socket');
  if (Buffer.byteLength(inside) < SOCKET_PATH_BYTES) return inside;
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  return join(tmpdir(), `hemolens-${name}.sock`);
}

/**
 * Opens the database of a folder for this process alone, and serves it to the commands of the same user. A lock that a
 * killed process left behind is recognised. Throws ServiceError ERR_STORE when another process has the folder.
 */
export async function openFolder(dir: string, isSynced: boolean): Promise<Sql> {
  const paths = folderPaths(dir);
  makeFolder(paths.folder);
  await takeLock(paths);
  try {
    const sql = await openPglite({ dataDir: paths.database, isSynced }).catch((cause: unknown) => {
      throw new ServiceError('ERR_STORE', {
        detail: `the database in ${paths.database} does not open: keep a copy of the folder, and 'hemolens store restore' the last backup into a new one`,
        cause,
      });
    });
    const served = await serveSql(sql, paths.socket);
    return {
      ...sql,
      async close() {
        await served.close();
        await sql.close();
        rmSync(paths.socket, { force: true });
        rmSync(paths.lock, { force: true });
      },
    };
  } catch (error) {
    rmSync(paths.lock, { force: true });
    throw error;
  }
}

/** The database of a folder for a command: through the process that has it open, else opened here. */
export async function reachFolder(dir: string, isSynced: boolean): Promise<Sql> {
  const owner = readLock(folderPaths(dir).lock);
  const served = owner?.socket === undefined ? undefined : await connectSql(owner.socket);
  return served ?? openFolder(dir, isSynced);
}

function makeFolder(folder: string): void {
  try {
    if (existsSync(folder)) return;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
  } catch (cause) {
    throw new ServiceError('ERR_STORE', { detail: `the folder ${folder} cannot be made`, cause });
  }
}

async function takeLock({ folder, lock, socket }: ReturnType<typeof folderPaths>): Promise<void> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    if (writeLock(lock, socket)) return;
    const owner = readLock(lock);
    if (owner) {
      const served = owner.socket === undefined ? undefined : await connectSql(owner.socket);
      await served?.close();
      if (served || isRunning(owner)) throw inUse(folder, owner.pid);
      dropStaleLock(lock);
    } else if (tries > TRIES / 2) {
      // Half written for longer than writing takes: its writer was killed.
      dropStaleLock(lock);
    } else await pause(BETWEEN_TRIES_MS);
  }
  throw inUse(folder, undefined);
}

function inUse(folder: string, pid: number | undefined): ServiceError {
  const who = pid === undefined ? 'another process' : `process ${pid}`;
  return new ServiceError('ERR_STORE', {
    detail: `${folder} is in use by ${who}: an embedded store serves one process; stop that one, give this one a folder of its own (HEMOLENS_STORE_DIR), or use PostgreSQL (DATABASE_URL)`,
  });
}
