import type { ConfigOption } from './config-option.js';
import { asNumber, milliseconds } from './option-kinds.js';

/** How much is taken in, from one client and from all of them. */
export interface LimitsConfig {
  /** Of a client whose registration says nothing else. */
  readonly clientRequestsPerMinute: number;
  readonly clientConcurrentCalls: number;
  /** Of one remote address. */
  readonly failedAuthenticationsPerMinute: number;
  readonly maxCalls: number;
  readonly maxWaitingCalls: number;
  readonly maxLoopDelayMs: number;
  readonly bodyTimeoutMs: number;
  readonly maxConnections: number;
}

const count = (maximum: number): Pick<ConfigOption, 'read' | 'schema' | 'form'> => ({
  read: asNumber,
  schema: { type: 'integer', minimum: 1, maximum },
  form: `a whole number from 1 to ${maximum}`,
});

export const LIMITS_OPTIONS: readonly ConfigOption[] = [
  {
    key: 'clientRequestsPerMinute',
    variable: 'HEMOLENS_CLIENT_REQUESTS_PER_MINUTE',
    ...count(10_000_000),
    fallback: { value: 100_000, inProduction: 1200 },
    description:
      'Calls and feedback a client may send in a minute, where its registration sets no limit; beyond it the answer is 429 with `Retry-After`.',
  },
  {
    key: 'clientConcurrentCalls',
    variable: 'HEMOLENS_CLIENT_CONCURRENT_CALLS',
    ...count(10_000),
    fallback: { value: 256, inProduction: 16 },
    description:
      'Calls of one client that may be under way at once, where its registration sets no limit; beyond it 429.',
  },
  {
    key: 'failedAuthenticationsPerMinute',
    variable: 'HEMOLENS_FAILED_AUTHENTICATIONS_PER_MINUTE',
    ...count(1_000_000),
    fallback: { value: 600 },
    description:
      'Calls with refused credentials that one address (of IPv6: one /64 network) may send in a minute; until it is over, the address gets 429.',
  },
  {
    key: 'maxCalls',
    variable: 'HEMOLENS_MAX_CALLS',
    ...count(10_000),
    fallback: { value: 256, inProduction: 64 },
    description: 'Calls of all clients that may be under way at once; beyond it the answer is 503 with `Retry-After`.',
  },
  {
    key: 'maxWaitingCalls',
    variable: 'HEMOLENS_MAX_WAITING_CALLS',
    ...count(10_000),
    fallback: { value: 256, inProduction: 2 },
    description:
      'Calls that may want the processor at once when it has been kept busy for a while; more get 503, so that those that are taken are answered soon. Neither a short burst nor calls that wait for a FHIR server count: those are bounded by `HEMOLENS_MAX_CALLS`.',
  },
  {
    key: 'maxLoopDelayMs',
    variable: 'HEMOLENS_MAX_LOOP_DELAY_MS',
    ...milliseconds,
    fallback: { value: 10_000, inProduction: 1000 },
    description: 'How late the event loop may be, in milliseconds, before calls get 503.',
  },
  {
    key: 'bodyTimeoutMs',
    variable: 'HEMOLENS_BODY_TIMEOUT_MS',
    ...milliseconds,
    fallback: { value: 15_000 },
    description: 'Time for a request body to arrive, in milliseconds; beyond it the answer is 408.',
  },
  {
    key: 'maxConnections',
    variable: 'HEMOLENS_MAX_CONNECTIONS',
    ...count(100_000),
    fallback: { value: 2048 },
    description: 'Open connections; more are closed at once.',
  },
];
