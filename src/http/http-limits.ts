import type { LimitsConfig } from '../config/options/limits.js';

/** What the HTTP room bounds; the connections are bounded where it listens. */
export type HttpLimits = Omit<LimitsConfig, 'maxConnections'>;

/** Bounds that only hostile use reaches: for what is not configured, such as tests. */
export const GENEROUS_LIMITS: HttpLimits = {
  clientRequestsPerMinute: 100_000,
  clientConcurrentCalls: 256,
  failedAuthenticationsPerMinute: 600,
  maxCalls: 256,
  maxWaitingCalls: 256,
  maxLoopDelayMs: 10_000,
  bodyTimeoutMs: 15_000,
};
