import { join } from 'node:path';
import type { Config } from '../config/config.js';
import type { Log } from '../logging/logger.js';
import { createDevelopmentStore } from './development-store.js';
import type { HemolensStore } from './hemolens-store.js';
import { openStore, type OpenStoreOptions, type StorePlace } from './open-store.js';

type StoreSettings = Pick<
  Config,
  | 'databaseUrl'
  | 'store'
  | 'storeDir'
  | 'storeSync'
  | 'storeFailure'
  | 'spoolFile'
  | 'pseudonymKeysFile'
  | 'storeCapacity'
>;

/** The store that the configuration asks for, open. Throws as `openStore` does. */
export function openConfiguredStore(
  config: StoreSettings,
  { log, clock }: { readonly log: Log; readonly clock?: () => number },
): Promise<HemolensStore> {
  const place = configuredPlace(config);
  const time = clock === undefined ? {} : { clock };
  if (!place) return Promise.resolve(createDevelopmentStore({ capacity: config.storeCapacity, log, ...time }));
  return openStore({ place, onFailure: configuredFailure(config), log, ...time, ...configuredKeys(config) });
}

/** Where the database is; undefined: in memory. */
export function configuredPlace(config: StoreSettings): StorePlace | undefined {
  if (config.databaseUrl !== undefined) return { kind: 'postgresql', url: config.databaseUrl };
  if (config.store === 'memory') return undefined;
  return { kind: 'embedded', dir: config.storeDir, isSynced: config.storeSync };
}

function configuredFailure(config: StoreSettings): OpenStoreOptions['onFailure'] {
  if (config.storeFailure === 'refuse') return { kind: 'refuse' };
  return { kind: 'spool', file: config.spoolFile ?? join(config.storeDir, 'spool.ndjson') };
}

function configuredKeys({ pseudonymKeysFile }: StoreSettings): Pick<OpenStoreOptions, 'keysFile'> {
  return pseudonymKeysFile === undefined ? {} : { keysFile: pseudonymKeysFile };
}
