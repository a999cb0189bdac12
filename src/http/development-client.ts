import { logEvent, type Log } from '../logging/logger.js';
import type { CdsClient, VerifyClientJwt } from './cds-client.js';

const DEVELOPMENT_CLIENT: CdsClient = { id: 'development' };

/**
 * A port for development that takes every caller for one client and looks at no credentials. It says so in the log at
 * start; the configuration keeps such a service on a loopback address.
 */
export function createDevelopmentClientPort(log: Log): VerifyClientJwt {
  logEvent(log, 'client.not-verified', { detail: 'CDS clients are not authenticated: every caller is accepted' });
  return () => Promise.resolve(DEVELOPMENT_CLIENT);
}
