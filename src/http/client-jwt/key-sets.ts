import type { PublicJwk, RegisteredClient } from '../../clients/registered-client.js';
import { logEvent, type Log } from '../../logging/logger.js';
import { fetchKeySet, KeySetFault } from './fetch-key-set.js';

/** The key sets of clients; those with a `jku` are fetched from it and kept. */
export interface KeySets {
  /** Keys with this `kid`; undefined where the client's key set cannot be had. Never throws for the client's server. */
  keysNamed(client: RegisteredClient, kid: string): Promise<readonly PublicJwk[] | undefined>;
}

export interface KeySetsOptions {
  readonly log: Log;
  /** ms since the epoch */
  readonly clock: () => number;
  /** May a key set be fetched from this address? */
  readonly mayFetch: (jku: string) => boolean;
  readonly timeLimitMs?: number;
  readonly maxBytes?: number;
}

const TIME_LIMIT_MS = 2_000;
const MAX_BYTES = 256 * 1024;
/** Between two fetches for one client, whatever its tokens name: a forged `kid` costs the client's server no more than that. */
export const REFETCH_INTERVAL_MS = 30_000;
/** The same while there are no keys at all: a server that comes back is found soon. */
const RETRY_INTERVAL_MS = 5_000;
/** Older sets are fetched anew beside the call, and before it when they are older still: a key that was withdrawn ends. */
const REFRESH_AFTER_MS = 10 * 60_000;
const REFRESH_FIRST_AFTER_MS = 60 * 60_000;
/** How long keys outlive a server that no longer gives them. */
export const KEEP_MS = 24 * 60 * 60_000;

interface KeptSet {
  keys?: readonly PublicJwk[];
  fetchedAtMs: number;
  triedAtMs: number;
  pending?: Promise<void> | undefined;
}

/**
 * Key sets as registered: inline, or by `jku`: cached, fetched once more on an unknown `kid`, at most every 30 s for one
 * client; calls that need the same fetch share it, and what was fetched before outlives a fetch that fails for a day.
 * @see requirement 66
 */
export function createKeySets(options: KeySetsOptions): KeySets {
  const { clock } = options;
  const kept = new Map<string, KeptSet>();

  return {
    keysNamed: async (client, kid) => {
      if (client.keys.kind === 'inline') return named(client.keys.jwks.keys, kid);
      const { jku } = client.keys;
      const set = setOf(kept, `${client.id} ${jku}`);
      const refresh = (): Promise<void> => refreshed(set, client.id, jku, options);
      const ageMs = clock() - set.fetchedAtMs;
      if (set.keys === undefined || ageMs > REFRESH_FIRST_AFTER_MS) await refresh();
      else if (ageMs > REFRESH_AFTER_MS) void refresh();
      const found = named(currentKeys(set, clock()), kid);
      if (found === undefined || found.length > 0) return found;
      await refresh();
      return named(currentKeys(set, clock()), kid);
    },
  };
}

function setOf(kept: Map<string, KeptSet>, key: string): KeptSet {
  const known = kept.get(key) ?? { fetchedAtMs: -Infinity, triedAtMs: -Infinity };
  kept.set(key, known);
  return known;
}

function currentKeys(set: KeptSet, nowMs: number): readonly PublicJwk[] | undefined {
  return nowMs - set.fetchedAtMs > KEEP_MS ? undefined : set.keys;
}

function named(keys: readonly PublicJwk[] | undefined, kid: string): readonly PublicJwk[] | undefined {
  return keys?.filter((key) => key.kid === kid);
}

/** Fetches, or waits for the fetch that is under way, or does neither where the last one was a moment ago. */
async function refreshed(set: KeptSet, client: string, jku: string, options: KeySetsOptions): Promise<void> {
  if (set.pending !== undefined) return set.pending;
  const interval = set.keys === undefined ? RETRY_INTERVAL_MS : REFETCH_INTERVAL_MS;
  if (options.clock() - set.triedAtMs < interval) return;
  set.triedAtMs = options.clock();
  set.pending = fetchInto(set, client, jku, options).finally(() => {
    set.pending = undefined;
  });
  return set.pending;
}

async function fetchInto(set: KeptSet, client: string, jku: string, options: KeySetsOptions): Promise<void> {
  const { log, clock, mayFetch, timeLimitMs = TIME_LIMIT_MS, maxBytes = MAX_BYTES } = options;
  const startMs = performance.now();
  const durationMs = (): number => Math.round(performance.now() - startMs);
  try {
    if (!mayFetch(jku)) throw new KeySetFault('insecure');
    const keys = await fetchKeySet(jku, { timeLimitMs, maxBytes });
    set.keys = keys;
    set.fetchedAtMs = clock();
    logEvent(log, 'client.keys-fetched', { client, keys: keys.length, durationMs: durationMs() });
  } catch (error) {
    if (!(error instanceof KeySetFault)) throw error;
    const { reason, status } = error;
    const isKept = currentKeys(set, clock()) !== undefined;
    logEvent(log, 'client.keys-unavailable', { client, reason, status, kept: isKept, durationMs: durationMs() });
  }
}
