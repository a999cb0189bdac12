import type { VerifyClientJwt } from '../http/cds-client.js';
import type { Log } from '../logging/logger.js';
import type { HemolensStore } from '../store/hemolens-store.js';

/** What a caller may put in place of the service's own. */
export interface ServiceOverrides {
  /** ms since the epoch; a clock other than the real one only in sandbox mode. */
  readonly clock?: () => number;
  readonly verifyClientJwt?: VerifyClientJwt;
  /** In place of the configured store: what is not given is what a store in memory gives. */
  readonly store?: Partial<HemolensStore>;
  readonly log?: Log;
}
