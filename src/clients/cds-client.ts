import type { RegisteredClient } from './registered-client.js';

/** The CDS client that a request comes from, as its credentials prove. */
export interface CdsClient {
  /** Stable name of the client in our configuration; never taken from the request. */
  readonly id: string;
  /** The `tenant` its token proved; absent where it has none. */
  readonly tenant?: string;
  /** What it is registered for; absent where clients are not authenticated (development): the site's configuration holds then. */
  readonly registration?: RegisteredClient;
}
