import { createPrivateKey, createPublicKey, randomUUID, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose';
import { ServiceError } from '../../errors/service-error.js';
import { isObject, textMember } from '../../sandbox/resource-json.js';

/** How a token differs from a good one. */
export interface TokenChanges {
  /** Claims put in place of the good ones. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Header members put in place of the good ones. */
  readonly header?: Readonly<Record<string, string>>;
  /** `stranger`: a key of the right kind that the service has never seen. */
  readonly signedBy?: 'client' | 'stranger';
}

/** Signs the tokens of a CDS client, good ones and such as a service must refuse. @see requirements 63–68 */
export interface ClientTokens {
  readonly issuer: string;
  readonly algorithm: string;
  readonly strangerKey: JWK;
  /** A token for the URL that is called; 300 s, a `jti` of its own. */
  sign(audience: string | readonly string[], changes?: TokenChanges): Promise<string>;
  /** `alg: none` and no signature. */
  unsigned(audience: string): string;
  /** HS256 with the client's public key as the secret: the classic confusion. */
  symmetric(audience: string): Promise<string>;
}

export interface ClientKey {
  /** Text of a private key: PEM, or a JWK. EC P-384 (ES384) or RSA (RS384). */
  readonly key: string;
  readonly issuer: string;
  /** Default: the JWK's own, else its thumbprint. */
  readonly kid?: string | undefined;
  readonly jku?: string | undefined;
}

const LIFETIME_S = 300;
const EC_ALGORITHMS: Readonly<Record<string, string>> = { secp384r1: 'ES384', prime256v1: 'ES256', secp521r1: 'ES512' };

/** Throws ServiceError ERR_CONFIG where the text is no private key that can sign. */
export async function clientTokens({ key, issuer, kid, jku }: ClientKey): Promise<ClientTokens> {
  const { privateKey, kid: ownKid } = readPrivateKey(key);
  const algorithm = algorithmOf(privateKey);
  const publicKey = createPublicKey(privateKey);
  const keyId = kid ?? ownKid ?? (await calculateJwkThumbprint(await exportJWK(publicKey)));
  const stranger = await generateKeyPair(algorithm, { extractable: true });
  const header = { typ: 'JWT', kid: keyId, ...(jku === undefined ? {} : { jku }) };
  const claims = (audience: string | readonly string[]): Record<string, unknown> => {
    const now = Math.floor(Date.now() / 1000);
    return { iss: issuer, aud: audience, iat: now, exp: now + LIFETIME_S, jti: randomUUID() };
  };
  return {
    issuer,
    algorithm,
    strangerKey: { ...(await exportJWK(stranger.publicKey)), kid: keyId, use: 'sig', alg: algorithm },
    sign: (audience, changes = {}) =>
      new SignJWT({ ...claims(audience), ...changes.claims })
        .setProtectedHeader({ alg: algorithm, ...header, ...changes.header })
        .sign(changes.signedBy === 'stranger' ? stranger.privateKey : privateKey),
    unsigned: (audience) => `${encoded({ alg: 'none', ...header })}.${encoded(claims(audience))}.`,
    symmetric: (audience) =>
      new SignJWT(claims(audience))
        .setProtectedHeader({ alg: 'HS256', ...header })
        .sign(new TextEncoder().encode(publicKey.export({ type: 'spki', format: 'pem' }).toString())),
  };
}

function readPrivateKey(text: string): { readonly privateKey: KeyObject; readonly kid?: string } {
  try {
    if (!text.trimStart().startsWith('{')) return { privateKey: createPrivateKey(text) };
    const jwk: unknown = JSON.parse(text);
    if (!isObject(jwk)) throw new Error('not an object');
    const kid = textMember(jwk, 'kid');
    const privateKey = createPrivateKey({ key: { ...jwk }, format: 'jwk' });
    return { privateKey, ...(kid === undefined ? {} : { kid }) };
  } catch {
    // The parser's message may quote the key.
    throw new ServiceError('ERR_CONFIG', { detail: 'the key is neither a private key in PEM nor a private JWK' });
  }
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  if (asymmetricKeyType === 'rsa') return 'RS384';
  const algorithm = EC_ALGORITHMS[asymmetricKeyDetails?.namedCurve ?? ''];
  if (algorithm !== undefined) return algorithm;
  throw new ServiceError('ERR_CONFIG', { detail: 'the key must be RSA or EC (P-384 for ES384)' });
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
