import type { RequestHandler } from 'express';

const PREFLIGHT_MAX_AGE_SECONDS = '600';

/**
 * CORS for an allow-list of origins, on every answer (faults too); no credentials. Origins not listed get no header, which
 * is a browser's refusal.
 * @see requirement 73
 */
export function cors(allowedOrigins: readonly string[]): RequestHandler {
  const allowed = new Set(allowedOrigins);
  return (request, response, next) => {
    response.setHeader('Vary', 'Origin');
    const { origin } = request.headers;
    if (origin !== undefined && allowed.has(origin)) {
      response.setHeader('Access-Control-Allow-Origin', origin);
      response.setHeader('Access-Control-Expose-Headers', 'X-Request-Id, Retry-After');
    }
    next();
  };
}

/** Answers an OPTIONS request, without authentication: `methods` are those of the route. */
export function preflight(methods: string): RequestHandler {
  return (_request, response) => {
    response.setHeader('Allow', methods);
    if (response.hasHeader('Access-Control-Allow-Origin')) {
      response.setHeader('Access-Control-Allow-Methods', methods);
      response.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type, Accept');
      response.setHeader('Access-Control-Max-Age', PREFLIGHT_MAX_AGE_SECONDS);
    }
    response.statusCode = 204;
    response.end();
  };
}
