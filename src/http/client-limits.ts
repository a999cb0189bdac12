import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { CdsClient } from '../clients/cds-client.js';
import type { ClientLimits } from '../clients/registered-client.js';
import { ServiceError } from '../errors/service-error.js';

const MINUTE_SECONDS = 60;

/** How many calls each client may send and have under way. Counted in this process. */
export interface ClientQuota {
  /**
   * Takes a place for one call; the function that is returned gives it back.
   * Throws ServiceError ERR_RATE_LIMITED (429) with the time to wait.
   */
  enter(client: CdsClient): Promise<() => void>;
}

/** `defaults` hold where a client's registration sets no limits. */
export function createClientQuota(defaults: ClientLimits): ClientQuota {
  const perMinute = new Map<number, RateLimiterMemory>();
  const underWay = new Map<string, number>();
  const limiter = (points: number): RateLimiterMemory => {
    const known = perMinute.get(points);
    if (known) return known;
    const made = new RateLimiterMemory({ points, duration: MINUTE_SECONDS });
    perMinute.set(points, made);
    return made;
  };
  return {
    async enter(client) {
      const { requestsPerMinute, concurrent } = client.registration?.limits ?? defaults;
      await consume(limiter(requestsPerMinute), client.id);
      const now = underWay.get(client.id) ?? 0;
      if (now >= concurrent) {
        throw rateLimited(`at most ${concurrent} calls of a client may be under way at once`, 1);
      }
      underWay.set(client.id, now + 1);
      return () => {
        const left = (underWay.get(client.id) ?? 1) - 1;
        if (left > 0) underWay.set(client.id, left);
        else underWay.delete(client.id);
      };
    },
  };
}

async function consume(limiter: RateLimiterMemory, key: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    throw rateLimited(`a client may send ${limiter.points} calls in a minute`, secondsOf(refusal));
  }
}

/** Slows down whoever tries credentials: counts refusals by address. */
export interface AuthenticationGuard {
  /** Throws ServiceError ERR_RATE_LIMITED (429) when the address has been refused too often within a minute. */
  check(address: string): Promise<void>;
  /** Takes note of a refusal. */
  failed(address: string): Promise<void>;
}

/** At most `perMinute` refusals of one address (of IPv6: one /64 network). */
export function createAuthenticationGuard(perMinute: number): AuthenticationGuard {
  const refusals = new RateLimiterMemory({ points: perMinute, duration: MINUTE_SECONDS });
  return {
    async check(address) {
      const found = await refusals.get(networkOf(address));
      if (found && found.consumedPoints >= perMinute) {
        throw rateLimited('too many calls without valid credentials', secondsOf(found));
      }
    },
    async failed(address) {
      await refusals.penalty(networkOf(address));
    },
  };
}

/** An IPv6 network is what one customer holds; single addresses of it cost nothing. */
function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = ''] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  return [...groups, '0', '0', '0', '0'].slice(0, 4).join(':');
}

function secondsOf({ msBeforeNext }: RateLimiterRes): number {
  return Math.max(1, Math.ceil(msBeforeNext / 1000));
}

function rateLimited(detail: string, retryAfterSeconds: number): ServiceError {
  return new ServiceError('ERR_RATE_LIMITED', { detail, retryAfterSeconds });
}
