import type { Config } from '../config/config.js';
import type { Log } from '../logging/logger.js';
import { openConfiguredStore } from '../store/configured-store.js';
import { createDevelopmentStore } from '../store/development-store.js';
import type { HemolensStore } from '../store/hemolens-store.js';
import type { ServiceOverrides } from './service-overrides.js';

/**
 * The store of the service: the configured one, or the one a caller gives, completed in memory. Throws ServiceError ERR_STORE
 * or ERR_CONFIG when it cannot be opened.
 */
export function openServiceStore(config: Config, overrides: ServiceOverrides, log: Log): Promise<HemolensStore> {
  if (!overrides.store) return openConfiguredStore(config, { log });
  return Promise.resolve({ ...createDevelopmentStore({ capacity: config.storeCapacity, log }), ...overrides.store });
}
