import type { IncomingMessage } from 'node:http';

const ORIGIN = /^https?:\/\/[^/]*/i;
const FEEDBACK = /\/feedback$/;

/**
 * What `aud` may be for a request: the address that was called as clients see it, and for feedback also that of the service
 * it is about. Neither `Host` nor `X-Forwarded-*` has a say: a caller writes them.
 * @see requirements 60, 65 and 72
 */
export function endpointAudiences(request: IncomingMessage, publicBaseUrl: string): readonly string[] {
  const path = withoutTrailingSlashes((calledUrl(request).replace(ORIGIN, '').split(/[?#]/)[0] ?? '').trim());
  const endpoint = `${withoutTrailingSlashes(publicBaseUrl)}${path}`;
  return FEEDBACK.test(endpoint) ? [endpoint, endpoint.replace(FEEDBACK, '')] : [endpoint];
}

/** A router that is mounted somewhere shortens `url`. */
function calledUrl(request: IncomingMessage & { readonly originalUrl?: unknown }): string {
  return typeof request.originalUrl === 'string' ? request.originalUrl : (request.url ?? '');
}

export function withoutTrailingSlashes(url: string): string {
  let end = url.length;
  while (end > 0 && url[end - 1] === '/') end -= 1;
  return url.slice(0, end);
}
