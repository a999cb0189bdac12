import { Agent } from 'undici';
import type { Config } from '../../config/config.js';
import { createBaseGate, DEFAULT_GATE_LIMITS, type BaseGate, type GateLimits } from './base-gate.js';
import { checkedConnector, type AddressTrust, type LookupAddresses } from './checked-connector.js';
import { createVersionMemory, type VersionMemory } from './fhir-version.js';

export interface FhirBasesOptions extends AddressTrust {
  readonly gate: GateLimits;
  /** Longest `Retry-After` that is kept to. */
  readonly maxRetryAfterMs: number;
  /** Whether each base is asked once for its CapabilityStatement, beside the charts. */
  readonly readsCapabilities: boolean;
  /** ms that only grow; for waits and breakers. */
  readonly clock: () => number;
  /** ms since the epoch; for `Retry-After` dates. */
  readonly wallClock: () => number;
  readonly lookup?: LookupAddresses;
}

const DEFAULT_BASES: FhirBasesOptions = {
  loopbackAllowed: true,
  privateNetworksAllowed: false,
  gate: DEFAULT_GATE_LIMITS,
  maxRetryAfterMs: 60_000,
  readsCapabilities: false,
  clock: () => performance.now(),
  wallClock: () => Date.now(),
};
/** Bases remembered; more than any list of clients has. */
const MAX_BASES = 1_000;
const CONNECT_TIMEOUT_MS = 5_000;

/** What is known of one FHIR base from earlier calls. */
export interface FhirBase {
  readonly gate: BaseGate;
  readonly version: VersionMemory;
}

/** The FHIR bases a service calls: connections to checked addresses, and what earlier calls taught about each base. */
export interface FhirBases {
  readonly of: (base: URL) => FhirBase;
  readonly dispatcher: Agent;
  readonly options: FhirBasesOptions;
  /** Cuts every connection. */
  readonly close: () => Promise<void>;
}

/** One for a service's life: connections are kept alive, and a base that fails is remembered. */
export function createFhirBases(given: Partial<FhirBasesOptions> = {}): FhirBases {
  const options: FhirBasesOptions = { ...DEFAULT_BASES, ...given };
  const known = new Map<string, FhirBase>();
  const dispatcher = new Agent({
    connect: checkedConnector(options, {
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      ...(options.lookup === undefined ? {} : { lookup: options.lookup }),
    }),
  });
  return {
    options,
    dispatcher,
    of: ({ href }) => {
      const before = known.get(href);
      if (before) return before;
      const [oldest] = known.keys();
      if (known.size >= MAX_BASES && oldest !== undefined) known.delete(oldest);
      const base: FhirBase = {
        gate: createBaseGate(options.clock, options.gate),
        version: createVersionMemory(options.clock),
      };
      known.set(href, base);
      return base;
    },
    close: () => dispatcher.destroy(),
  };
}

/** What the configuration says of addresses: loopback outside production, private networks where the operator allows them. */
export function fhirBasesOf({
  mode,
  fhirPrivateNetworksAllowed,
  fhirConcurrencyPerBase,
}: Pick<Config, 'mode' | 'fhirPrivateNetworksAllowed' | 'fhirConcurrencyPerBase'>): Partial<FhirBasesOptions> {
  return {
    loopbackAllowed: mode !== 'production',
    privateNetworksAllowed: fhirPrivateNetworksAllowed,
    readsCapabilities: true,
    gate: { ...DEFAULT_GATE_LIMITS, maxConcurrent: fhirConcurrencyPerBase },
  };
}
