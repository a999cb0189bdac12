import { existsSync } from 'node:fs';
import { loadConfig, type Config } from '../config/config.js';
import { ServiceError } from '../errors/service-error.js';
import { configuredPlace } from '../store/configured-store.js';
import { errorCode } from '../store/error-code.js';
import { folderPaths, reachFolder } from '../store/folder/store-folder.js';
import { openPostgresql } from '../store/sql/open-postgresql.js';
import { sqlState } from '../store/sql/sql-state.js';
import type { Sql } from '../store/sql/sql.js';
import { UsageError, type CommandArguments } from './command.js';

/** What each command of the store says about where it works. */
export const STORE_HELP = `The store is the one of the configuration (docs/configuration.md): DATABASE_URL, else the folder HEMOLENS_STORE_DIR. A folder
that a running service has open is reached through that service.`;

/** The configured database, whichever process has it open; a folder that is not there is made. Throws ServiceError ERR_STORE or ERR_CONFIG. */
export async function reachDatabase(config: Config): Promise<Sql> {
  const place = configuredPlace(config);
  if (!place) {
    throw new ServiceError('ERR_CONFIG', {
      detail: 'HEMOLENS_STORE=memory keeps nothing: there is no store to work on',
    });
  }
  return place.kind === 'postgresql'
    ? openPostgresql({ url: place.url, statementMs: 0 })
    : reachFolder(place.dir, place.isSynced ?? false);
}

/** Runs `work` on the configured database, which has to be there. Throws ServiceError ERR_STORE or ERR_CONFIG, and makes nothing. */
export function withStore<T>(work: (sql: Sql, keysFile: string) => Promise<T>): Promise<T> {
  const config = loadConfig();
  const place = configuredPlace(config);
  if (place?.kind === 'embedded' && !existsSync(folderPaths(place.dir).database)) {
    throw new ServiceError('ERR_STORE', {
      detail: `there is no store in ${folderPaths(place.dir).folder}: name the service's folder by HEMOLENS_STORE_DIR; 'hemolens serve' makes one, and 'hemolens store migrate' an empty one`,
    });
  }
  return workOn(config, work);
}

/** The same, where a folder that is not there yet is made. */
export function withStoreMade<T>(work: (sql: Sql, keysFile: string) => Promise<T>): Promise<T> {
  return workOn(loadConfig(), work);
}

async function workOn<T>(config: Config, work: (sql: Sql, keysFile: string) => Promise<T>): Promise<T> {
  const sql = await reachDatabase(config);
  try {
    return await work(sql, configuredKeysFile());
  } catch (cause) {
    if (cause instanceof ServiceError || !(cause instanceof Error)) throw cause;
    const state = sqlState(cause);
    const isRefused = ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ETIMEDOUT'].includes(errorCode(cause) ?? '');
    if (state === undefined && !isRefused) throw cause;
    throw new ServiceError('ERR_STORE', { detail: `the database cannot be ${faultWords(state)}`, cause });
  } finally {
    await sql.close();
  }
}

function faultWords(state: string | undefined): string {
  if (state === undefined) return 'reached: check that it runs and that DATABASE_URL names it';
  return state === '42P01'
    ? "used: a table is missing; 'hemolens store migrate' makes it"
    : `used (SQLSTATE ${state}): check that DATABASE_URL names it with a user who may read and change its tables`;
}

/** The pseudonym key file of the configuration. */
export function configuredKeysFile(): string {
  const { pseudonymKeysFile, storeDir } = loadConfig();
  return pseudonymKeysFile ?? folderPaths(storeDir).keys;
}

/** The one argument without a name; throws UsageError when there is none, or more than one. */
export function oneArgument({ positionals }: CommandArguments, what: string): string {
  const [argument] = positionals;
  if (argument === undefined || positionals.length > 1) throw new UsageError(`give one ${what}`);
  return argument;
}
