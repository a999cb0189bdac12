import { ServiceError } from '../errors/service-error.js';
import type { PublicJwk, SignatureAlgorithm } from './registered-client.js';

/** The kind of key each algorithm is used with. @see https://www.rfc-editor.org/rfc/rfc7518#section-3.1 */
const KEY_KIND: Readonly<Record<SignatureAlgorithm, { readonly kty: string; readonly crv?: string }>> = {
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
};

/** Every algorithm that a client can be registered with. */
export const SIGNATURE_ALGORITHMS: readonly SignatureAlgorithm[] = [
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'EdDSA',
];

/** Members of a JWK that only a private or symmetric key has. @see https://www.rfc-editor.org/rfc/rfc7518#section-6 */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
/** Shorter ones are too weak for RS* and PS*; longer ones let a client's key set slow the service down. */
const RSA_BITS = { least: 2048, most: 8192 };
const MOST_KEYS = 100;

/** Does this key hold what only its owner may have? */
export function isSecret(jwk: PublicJwk): boolean {
  return SECRET_MEMBERS.some((name) => Object.hasOwn(jwk, name));
}

/**
 * May a signature made by `algorithm` be checked with this key? Its type and curve are the algorithm's, it is not kept for
 * another algorithm or use, and an RSA modulus is neither too short nor too long.
 * @see requirement 67
 */
export function fitsAlgorithm(jwk: PublicJwk, algorithm: SignatureAlgorithm): boolean {
  const { kty, crv } = KEY_KIND[algorithm];
  if (jwk.kty !== kty || (crv !== undefined && jwk['crv'] !== crv) || isSecret(jwk)) return false;
  if (jwk['alg'] !== undefined && jwk['alg'] !== algorithm) return false;
  if (jwk['use'] !== undefined && jwk['use'] !== 'sig') return false;
  const operations = jwk['key_ops'];
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return false;
  return kty !== 'RSA' || hasUsableModulus(jwk);
}

function hasUsableModulus({ n }: PublicJwk & { readonly n?: unknown }): boolean {
  if (typeof n !== 'string') return false;
  const bits = Buffer.from(n, 'base64url').length * 8;
  return bits >= RSA_BITS.least && bits <= RSA_BITS.most;
}

/**
 * The keys of a JWK Set. Throws ServiceError ERR_CLIENT saying what is wrong; no key is quoted.
 * @see https://www.rfc-editor.org/rfc/rfc7517#section-5
 */
export function parseKeySet(value: unknown): readonly PublicJwk[] {
  const keys: unknown = isRecord(value) ? value['keys'] : undefined;
  if (!Array.isArray(keys)) throw bad('is not a JWK Set: an object with an array `keys` is expected');
  if (keys.length > MOST_KEYS) throw bad(`has ${keys.length} keys; at most ${MOST_KEYS} are read`);
  return keys.map((key: unknown, index) => {
    if (!isJwk(key)) throw bad(`has no JWK at keys[${index}]: an object with a text \`kty\` is expected`);
    return key;
  });
}

function isJwk(value: unknown): value is PublicJwk {
  return (
    isRecord(value) &&
    typeof value['kty'] === 'string' &&
    (value['kid'] === undefined || typeof value['kid'] === 'string')
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function bad(detail: string): ServiceError {
  return new ServiceError('ERR_CLIENT', { detail: `the key set ${detail}` });
}
