import type { RegisteredClient } from '../../clients/registered-client.js';
import { withoutTrailingSlashes } from './endpoint-audiences.js';
import type { TokenClaims } from './parse-token.js';
import { TokenRefusal } from './token-refusal.js';

/** How far the clocks of client and service may differ. @see requirement 68 */
export const MAX_SKEW_S = 60;
export const MAX_LIFETIME_S = 3600;

/** `aud` is, or holds, the address called or an audience that the client is registered with. Throws TokenRefusal. */
export function checkAudience({ aud }: TokenClaims, endpoint: readonly string[], client: RegisteredClient): void {
  const accepted = new Set([...endpoint, ...client.dialect.audiences].map(withoutTrailingSlashes));
  if (!aud.some((one) => accepted.has(withoutTrailingSlashes(one)))) throw new TokenRefusal('aud-wrong');
}

/** Throws TokenRefusal for a token of the past, of the future, or for too long a time. @see requirements 65 and 68 */
export function checkTimes({ exp, iat, nbf }: TokenClaims, nowMs: number): void {
  const now = nowMs / 1000;
  if (exp + MAX_SKEW_S <= now) throw new TokenRefusal('exp-past');
  if (iat - MAX_SKEW_S > now) throw new TokenRefusal('iat-future');
  if (nbf !== undefined && nbf - MAX_SKEW_S > now) throw new TokenRefusal('nbf-future');
  if (exp <= iat || exp - iat > MAX_LIFETIME_S) throw new TokenRefusal('lifetime-too-long');
}

/** A client with tenants proves one of them; one without proves none. Throws TokenRefusal. */
export function checkTenant({ tenant }: TokenClaims, { tenants }: RegisteredClient): void {
  const isRight = tenant === undefined ? tenants.length === 0 : tenants.includes(tenant);
  if (!isRight) throw new TokenRefusal('tenant-wrong');
}

/** Until when a token must be remembered: while its times could still be accepted. ms since the epoch. */
export function forgottenAtMs({ exp }: TokenClaims): number {
  return Math.ceil((exp + MAX_SKEW_S) * 1000) + 1;
}
