import { createHash } from 'node:crypto';
import { ServerResponse, type IncomingMessage } from 'node:http';
import type { ClientRegistry, TokenLedger } from '../../clients/client-registry.js';
import { isFetchableJku } from '../../clients/fetchable-jku.js';
import type { Mode } from '../../config/config.js';
import { ServiceError } from '../../errors/service-error.js';
import { logEvent, type Log } from '../../logging/logger.js';
import type { VerifyClientJwt } from '../cds-client.js';
import { bearerToken } from './bearer-token.js';
import { endpointAudiences } from './endpoint-audiences.js';
import { judgeToken, type RefusedAbout, type TokenVerdict } from './judge-token.js';
import { createKeySets } from './key-sets.js';
import { TokenRefusal, type RefusalReason } from './token-refusal.js';

export interface ClientJwtPortDeps {
  readonly registry: ClientRegistry;
  readonly ledger: TokenLedger;
  /** ms since the epoch */
  readonly clock: () => number;
  /** Address under which clients call the service, with or without a trailing slash. */
  readonly publicBaseUrl: string;
  readonly mode: Mode;
  readonly log: Log;
  /** Time and size a client's key set may take. */
  readonly keySetTimeLimitMs?: number;
  readonly keySetMaxBytes?: number;
}

/** The same words whatever is wrong. @see requirement 69 */
const REFUSAL = 'authentication is required';

/**
 * Verifies the client JWT of every request. Whatever is wrong with it, the caller learns the same: ServiceError
 * ERR_UNAUTHENTICATED; the log has the reason, and never the token. Throws ERR_STORE where clients or tokens cannot be looked up.
 * @see requirements 62–72
 */
export function createClientJwtPort(deps: ClientJwtPortDeps): VerifyClientJwt {
  const { registry, ledger, clock, publicBaseUrl, mode, log, keySetTimeLimitMs, keySetMaxBytes } = deps;
  const keySets = createKeySets({
    log,
    clock,
    mayFetch: (jku) => isFetchableJku(jku, mode),
    ...(keySetTimeLimitMs !== undefined && { timeLimitMs: keySetTimeLimitMs }),
    ...(keySetMaxBytes !== undefined && { maxBytes: keySetMaxBytes }),
  });
  const judging = { registry, ledger, keySets, clock, refusesPublicIssuers: mode === 'production' };

  const verdictOf = async (request: IncomingMessage): Promise<TokenVerdict> => {
    let token: string;
    try {
      token = bearerToken(request);
    } catch (error) {
      if (error instanceof TokenRefusal) return { kind: 'refused', reason: error.reason, about: {} };
      throw error;
    }
    return judgeToken(token, endpointAudiences(request, publicBaseUrl), judging);
  };

  return async (request) => {
    const verdict = await verdictOf(request);
    if (verdict.kind === 'accepted') return verdict.client;
    logRefusal(log, request, verdict.reason, verdict.about);
    throw new ServiceError('ERR_UNAUTHENTICATED', { detail: REFUSAL });
  };
}

function logRefusal(log: Log, request: IncomingMessage, reason: RefusalReason, about: RefusedAbout): void {
  const { clientId: client, tenant, jti } = about;
  logEvent(log, 'client.refused', {
    requestId: requestIdOf(request),
    reason,
    client,
    tenant: tenant !== undefined && /^[\w.:/@+-]{1,100}$/.test(tenant) ? tenant : undefined,
    jtiHash: jti === undefined ? undefined : createHash('sha256').update(jti).digest('hex').slice(0, 16),
  });
}

/** The id that the answer will carry, so that both log lines can be found. */
function requestIdOf(request: IncomingMessage & { readonly res?: unknown }): string | undefined {
  const id = request.res instanceof ServerResponse ? request.res.getHeader('X-Request-Id') : undefined;
  return typeof id === 'string' ? id : undefined;
}
