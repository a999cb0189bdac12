import type { RequestHandler } from 'express';
import helmet from 'helmet';
import type { ReadRequestOrigin } from './request-origin.js';

const YEAR_SECONDS = 31_536_000;

/**
 * Headers of an API whose answers are data: no page may be made of one, frame it, or be told where it came from. HSTS only on
 * what came over TLS: elsewhere it would be ignored, and promise what is not so.
 */
export function securityHeaders(originOf: ReadRequestOrigin): RequestHandler {
  const always = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
    },
    // Pages on listed origins read answers: that is what CORS decides.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: false,
    xFrameOptions: { action: 'deny' },
    xPoweredBy: false,
  });
  const overTls = helmet.strictTransportSecurity({ maxAge: YEAR_SECONDS, includeSubDomains: false });
  return (request, response, next) => {
    always(request, response, (error) => {
      if (error !== undefined) next(error);
      else if (originOf(request).isSecure) overTls(request, response, next);
      else next();
    });
  };
}
