import type { ClientRegistryAdmin } from '../../clients/client-registry.js';
import { logEvent, type Log } from '../../logging/logger.js';
import { lastKnown } from '../link/last-known.js';
import type { StoreLink } from '../link/store-link.js';
import { allClients, putClient, removeClient } from '../tables/client-table.js';

/** How long a change may go unseen by another process. */
export const FRESH_MS = 2000;

/** The registry on a database. All clients are read together, so that issuers nobody knows cost no query. */
export function registryOn(
  link: StoreLink,
  { log, clock }: { readonly log: Log; readonly clock: () => number },
): ClientRegistryAdmin {
  const byIssuer = lastKnown(async () => new Map((await link.run(allClients)).map((client) => [client.iss, client])), {
    freshMs: FRESH_MS,
    onFallback: () => logEvent(log, 'store.last-known', { what: 'clients' }),
  });
  return {
    findByIssuer: async (iss) => (await byIssuer.get()).get(iss),
    list: () => link.run(allClients),
    async put(client) {
      await link.run((sql) => putClient(sql, client, clock()));
      byIssuer.forget();
    },
    async remove(id) {
      const wasThere = await link.run((sql) => removeClient(sql, id));
      byIssuer.forget();
      return wasThere;
    },
  };
}
