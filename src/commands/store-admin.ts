import { loadConfig, type Config } from '../config/config.js';
import { ServiceError } from '../errors/service-error.js';
import { configuredPlace } from '../store/configured-store.js';
import { folderPaths, reachFolder } from '../store/folder/store-folder.js';
import { openPostgresql } from '../store/sql/open-postgresql.js';
import type { Sql } from '../store/sql/sql.js';
import { UsageError, type CommandArguments } from './command.js';

/** What each command of the store says about where it works. */
export const STORE_HELP = `The store is the one of the configuration (docs/configuration.md): DATABASE_URL, else the folder HEMOLENS_STORE_DIR. A folder
that a running service has open is reached through that service.`;

/** The configured database, whichever process has it open. Throws ServiceError where there is none. */
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

/** Runs `work` on the configured database. Throws ServiceError where there is none. */
export async function withStore<T>(work: (sql: Sql, keysFile: string) => Promise<T>): Promise<T> {
  const sql = await reachDatabase(loadConfig());
  try {
    return await work(sql, configuredKeysFile());
  } finally {
    await sql.close();
  }
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
