import type { IncomingMessage } from 'node:http';

/** The CDS client that a request comes from, as its credentials prove. */
export interface CdsClient {
  /** Stable name of the client in our configuration; never taken from the request. */
  readonly id: string;
}

/**
 * Tells which CDS client sent a request, from its headers alone: it runs before the body is read.
 * Throws ServiceError ERR_UNAUTHENTICATED, without saying why (requirement 69).
 * @see requirements 62–71
 */
export type VerifyClientJwt = (request: IncomingMessage) => Promise<CdsClient>;
