import type { ClientRegistry, TokenLedger } from '../../../../src/clients/client-registry.js';
import { DEFAULT_ALGORITHMS, type RegisteredClient } from '../../../../src/clients/registered-client.js';

/** A client with everything that a registration has by default. */
export function registered(
  client: Pick<RegisteredClient, 'id' | 'iss' | 'keys'> & Partial<RegisteredClient>,
): RegisteredClient {
  return {
    algorithms: DEFAULT_ALGORITHMS,
    tenants: [],
    fhirBases: [],
    mode: 'silent',
    isEnabled: true,
    dialect: { cardDetail: 'markdown', audiences: [] },
    suppression: { userRoles: [], encounterClasses: [], locations: [] },
    cooldownHours: 12,
    callOptions: [],
    limits: { requestsPerMinute: 600, concurrent: 16 },
    ...client,
  };
}

/** A registry of these clients, in memory. */
export function registryOf(clients: readonly RegisteredClient[]): ClientRegistry {
  return { findByIssuer: (iss) => Promise.resolve(clients.find((client) => client.iss === iss)) };
}

export interface TestLedger extends TokenLedger {
  /** Tokens noted so far, with when they are forgotten. */
  readonly entries: ReadonlyMap<string, number>;
}

/** A ledger in memory. */
export function testLedger(): TestLedger {
  const entries = new Map<string, number>();
  return {
    entries,
    claim: (iss, jti, expiresAtMs) => {
      const key = JSON.stringify([iss, jti]);
      if (entries.has(key)) return Promise.resolve(false);
      entries.set(key, expiresAtMs);
      return Promise.resolve(true);
    },
  };
}
