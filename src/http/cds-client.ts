import type { IncomingMessage } from 'node:http';
import type { CdsClient } from '../clients/cds-client.js';

export type { CdsClient } from '../clients/cds-client.js';

/**
 * Tells which CDS client sent a request, from its headers alone: it runs before the body is read.
 * Throws ServiceError ERR_UNAUTHENTICATED, without saying why (requirement 69).
 * @see requirements 62–71
 */
export type VerifyClientJwt = (request: IncomingMessage) => Promise<CdsClient>;
