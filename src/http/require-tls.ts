import type { RequestHandler } from 'express';
import { ServiceError } from '../errors/service-error.js';
import { isLocal } from './metrics-route.js';
import type { ReadRequestOrigin } from './request-origin.js';

/**
 * Refuses what came over plain http (403): neither to our own TLS, nor by a trusted proxy that says it came over TLS, nor from a
 * program on this machine.
 * @see requirement 1
 */
export function requireTls(originOf: ReadRequestOrigin): RequestHandler {
  return (request, _response, next) => {
    if (!originOf(request).isSecure && !isLocal(request)) {
      throw new ServiceError('ERR_TLS_REQUIRED', {
        detail:
          'calls have to come over TLS: by a proxy that HEMOLENS_TRUSTED_PROXIES lists and that sends X-Forwarded-Proto: https, or to TLS of this service',
      });
    }
    next();
  };
}
