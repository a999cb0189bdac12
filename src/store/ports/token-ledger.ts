import type { TokenLedger } from '../../clients/client-registry.js';
import { logEvent, type Log } from '../../logging/logger.js';
import type { StoreLink } from '../link/store-link.js';
import { claimToken, jtiHash, purgeTokens } from '../tables/token-table.js';

/** How often expired tokens are forgotten. */
const PURGE_EVERY_MS = 60_000;

/**
 * The ledger on a database; while that cannot be reached, this process's memory, which has every token this process accepted.
 * What other replicas accepted is not seen then.
 */
export function tokenLedgerOn(
  link: StoreLink,
  { log, clock }: { readonly log: Log; readonly clock: () => number },
): TokenLedger {
  const memory = memoryLedger(clock);
  let isAlone = false;
  let purgedAtMs = -Infinity;
  const purgeNowAndThen = (): void => {
    if (performance.now() - purgedAtMs < PURGE_EVERY_MS) return;
    purgedAtMs = performance.now();
    void link
      .run((sql) => purgeTokens(sql, clock()))
      .then((tokens) => {
        if (tokens > 0) logEvent(log, 'store.purged', { tokens });
      })
      .catch(() => undefined);
  };
  return {
    async claim(iss, jti, expiresAtMs) {
      // Those that were claimed during an outage are known here alone, and during one those from before it.
      if (memory.has(iss, jti)) return false;
      try {
        const isFirst = await link.run((sql) => claimToken(sql, { iss, jti, expiresAtMs }, clock()));
        isAlone = false;
        purgeNowAndThen();
        if (isFirst) await memory.claim(iss, jti, expiresAtMs);
        return isFirst;
      } catch {
        if (!isAlone) logEvent(log, 'store.last-known', { what: 'tokens' });
        isAlone = true;
        return memory.claim(iss, jti, expiresAtMs);
      }
    },
  };
}

export interface MemoryLedger extends TokenLedger {
  has(iss: string, jti: string): boolean;
  claim(iss: string, jti: string, expiresAtMs: number): Promise<boolean>;
}

/** A ledger in this process's memory. */
export function memoryLedger(clock: () => number): MemoryLedger {
  const expiry = new Map<string, number>();
  const nameOf = (iss: string, jti: string): string => `${iss}\0${jtiHash(jti)}`;
  const has = (iss: string, jti: string): boolean => (expiry.get(nameOf(iss, jti)) ?? -Infinity) >= clock();
  let purgedAtMs = -Infinity;
  return {
    has,
    claim(iss, jti, expiresAtMs) {
      if (has(iss, jti)) return Promise.resolve(false);
      if (performance.now() - purgedAtMs > PURGE_EVERY_MS) {
        purgedAtMs = performance.now();
        for (const [name, atMs] of expiry) if (atMs < clock()) expiry.delete(name);
      }
      expiry.set(nameOf(iss, jti), expiresAtMs);
      return Promise.resolve(true);
    },
  };
}
