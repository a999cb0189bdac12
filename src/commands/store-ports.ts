import type { ClientRegistryAdmin, SwitchBoardAdmin } from '../clients/client-registry.js';
import type { Config } from '../config/config.js';
import { ServiceError } from '../errors/service-error.js';
import { silentLog } from '../logging/logger.js';
import type { StoreLink } from '../store/link/store-link.js';
import { migrateUp } from '../store/migrations/migrate.js';
import { registryOn } from '../store/ports/registry.js';
import { switchesOn } from '../store/ports/switches.js';
import type { Sql } from '../store/sql/sql.js';
import { reachDatabase } from './store-admin.js';

export interface StorePorts extends ClientRegistryAdmin, SwitchBoardAdmin {
  close(): Promise<void>;
}

/**
 * The registered clients and the switches of the configured store, through the service that has it open or not. Throws
 * ServiceError ERR_STORE when it cannot be reached, ERR_CONFIG when there is none.
 */
export async function openStorePorts(config: Config): Promise<StorePorts> {
  const sql = await reachDatabase(config);
  try {
    const link = commandLink(sql);
    await link.run(() => migrateUp(sql, Date.now()));
    const on = { log: silentLog, clock: () => Date.now() };
    return { ...registryOn(link, on), ...switchesOn(link, on), close: () => sql.close() };
  } catch (error) {
    await sql.close();
    throw error;
  }
}

/** A command does not wait for a database that is down: it says so. */
function commandLink(sql: Sql): StoreLink {
  return {
    isUp: () => true,
    distrust: () => undefined,
    close: () => sql.close(),
    async run(work) {
      try {
        return await work(sql);
      } catch (cause) {
        if (cause instanceof ServiceError) throw cause;
        throw new ServiceError('ERR_STORE', { detail: 'the database cannot be reached or used', cause });
      }
    },
  };
}
