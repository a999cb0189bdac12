import { createHash } from 'node:crypto';
import type { PublicJwk } from './registered-client.js';

/** Members that make up a key of each type, in the order in which they are hashed. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
};

/** SHA-256 thumbprint of a public key, base64url. @see https://www.rfc-editor.org/rfc/rfc7638 */
export function keyThumbprint(jwk: PublicJwk): string {
  const members = (MEMBERS[jwk.kty] ?? ['kty']).map((name) => [name, jwk[name]]);
  return createHash('sha256')
    .update(JSON.stringify(Object.fromEntries(members)))
    .digest('base64url');
}
