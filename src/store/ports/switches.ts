import type { SwitchBoardAdmin } from '../../clients/client-registry.js';
import { logEvent, type Log } from '../../logging/logger.js';
import { lastKnown } from '../link/last-known.js';
import type { StoreLink } from '../link/store-link.js';
import { readSwitches, writeSwitches } from '../tables/setting-table.js';
import { FRESH_MS } from './registry.js';

/** The switches on a database. */
export function switchesOn(
  link: StoreLink,
  { log, clock }: { readonly log: Log; readonly clock: () => number },
): SwitchBoardAdmin {
  const switches = lastKnown(() => link.run(readSwitches), {
    freshMs: FRESH_MS,
    onFallback: () => logEvent(log, 'store.last-known', { what: 'switches' }),
  });
  return {
    read: () => switches.get(),
    async write(change) {
      await link.run((sql) => sql.transaction((tx) => writeSwitches(tx, change, clock())));
      switches.forget();
    },
  };
}
