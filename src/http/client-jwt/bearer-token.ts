import type { IncomingMessage } from 'node:http';
import { TokenRefusal } from './token-refusal.js';

/** Real tokens of EHRs are about 1 kB. */
export const MAX_TOKEN_LENGTH = 8 * 1024;
const BEARER = /^Bearer +([^\s,]+)$/i;

/** Does the request try to prove who it is from? */
export function hasCredentials(request: IncomingMessage): boolean {
  return request.headers.authorization !== undefined;
}

/** The token of the one `Authorization: Bearer` header. Throws TokenRefusal. @see requirement 63 */
export function bearerToken(request: IncomingMessage): string {
  const [value, ...more] = request.headersDistinct['authorization'] ?? [];
  if (value === undefined) throw new TokenRefusal('authorization-missing');
  // `headers` shows the first alone; a proxy may have looked at the other one.
  if (more.length > 0) throw new TokenRefusal('authorization-repeated');
  if (value.length > MAX_TOKEN_LENGTH) throw new TokenRefusal('token-too-large');
  const token = BEARER.exec(value)?.[1];
  if (token === undefined) throw new TokenRefusal('authorization-not-bearer');
  return token;
}
