import type { CdsClient } from '../../clients/cds-client.js';
import type { ClientRegistry, TokenLedger } from '../../clients/client-registry.js';
import { isIssuerWithPublicKey } from '../../clients/public-issuers.js';
import type { RegisteredClient } from '../../clients/registered-client.js';
import { checkAudience, checkTenant, checkTimes, forgottenAtMs } from './check-claims.js';
import { checkSignature } from './check-signature.js';
import type { KeySets } from './key-sets.js';
import { parseToken, type TokenClaims } from './parse-token.js';
import { TokenRefusal, type RefusalReason } from './token-refusal.js';

export interface JudgeTokenDeps {
  readonly registry: ClientRegistry;
  readonly ledger: TokenLedger;
  readonly keySets: KeySets;
  /** ms since the epoch */
  readonly clock: () => number;
  /** Are issuers whose private key everybody has to be refused, registered or not? */
  readonly refusesPublicIssuers: boolean;
}

/** A token's judgement; the reason is for the operator's eyes. */
export type TokenVerdict =
  | { readonly kind: 'accepted'; readonly client: CdsClient & { readonly registration: RegisteredClient } }
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly about: RefusedAbout };

/** What may be told of a refused token: only what we had registered before, and its `jti`. */
export interface RefusedAbout {
  readonly clientId?: string;
  readonly tenant?: string;
  readonly jti?: string;
}

/**
 * Judges a token for an endpoint, in the order of requirement 65: issuer, audience, times, tenant, signature, and last its
 * `jti`, so that a forged token cannot use up that of a real one. Throws ServiceError ERR_STORE when registry or ledger
 * cannot be read: no token is accepted then.
 * @see requirements 63–68
 */
export async function judgeToken(
  token: string,
  endpoint: readonly string[],
  deps: JudgeTokenDeps,
): Promise<TokenVerdict> {
  let about: RefusedAbout = {};
  try {
    const parsed = parseToken(token);
    const { claims } = parsed;
    const registration = await registrationOf(claims, deps);
    about = refusedAbout(claims, registration);
    checkAudience(claims, endpoint, registration);
    checkTimes(claims, deps.clock());
    checkTenant(claims, registration);
    await checkSignature(parsed, registration, deps.keySets);
    if (!(await deps.ledger.claim(claims.iss, claims.jti, forgottenAtMs(claims)))) throw new TokenRefusal('jti-seen');
    const { tenant } = claims;
    return { kind: 'accepted', client: { id: registration.id, ...(tenant !== undefined && { tenant }), registration } };
  } catch (error) {
    if (error instanceof TokenRefusal) return { kind: 'refused', reason: error.reason, about };
    throw error;
  }
}

async function registrationOf({ iss }: TokenClaims, deps: JudgeTokenDeps): Promise<RegisteredClient> {
  if (deps.refusesPublicIssuers && isIssuerWithPublicKey(iss)) throw new TokenRefusal('iss-key-is-public');
  const registration = await deps.registry.findByIssuer(iss);
  if (registration?.iss !== iss) throw new TokenRefusal('iss-unknown');
  return registration;
}

function refusedAbout({ tenant, jti }: TokenClaims, { id, tenants }: RegisteredClient): RefusedAbout {
  return { clientId: id, jti, ...(tenant !== undefined && tenants.includes(tenant) && { tenant }) };
}
