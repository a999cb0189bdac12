import type { ClientRegistry, TokenLedger } from '../clients/client-registry.js';
import { audienceBaseUrl } from '../config/client-authentication.js';
import { requiresClientAuthentication, type Config } from '../config/config.js';
import { ServiceError } from '../errors/service-error.js';
import type { Log } from '../logging/logger.js';
import type { VerifyClientJwt } from './cds-client.js';
import { createClientJwtPort } from './client-jwt/client-jwt-port.js';
import { createDevelopmentClientPort } from './development-client.js';

/** Registered clients and the tokens they used. */
export interface KnownClients {
  readonly registry: ClientRegistry;
  readonly ledger: TokenLedger;
}

export interface ClientPortDeps {
  /** Absent: there is no store that knows clients. */
  readonly clients: KnownClients | undefined;
  /** ms since the epoch; the real time, even where orders are replayed. */
  readonly clock: () => number;
  readonly log: Log;
}

/**
 * How clients are verified under this configuration: by their tokens, or not at all (which the log says). Throws ServiceError
 * ERR_CONFIG where tokens are required and cannot be checked: the service never starts open by mistake.
 * @see requirement 62
 */
export function createClientPort(config: Config, { clients, clock, log }: ClientPortDeps): VerifyClientJwt {
  if (!requiresClientAuthentication(config)) return createDevelopmentClientPort(log);
  const publicBaseUrl = audienceBaseUrl(config);
  if (clients === undefined || publicBaseUrl === undefined) {
    throw new ServiceError('ERR_CONFIG', {
      detail: `clients have to be authenticated, and there is no ${clients === undefined ? 'store that knows them' : 'address their tokens could name'}`,
    });
  }
  return createClientJwtPort({ ...clients, clock, publicBaseUrl, mode: config.mode, log });
}
