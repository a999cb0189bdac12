import { createPublicKey, randomUUID, type KeyObject } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose';

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

/** A private key with the algorithm it signs by. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly algorithm: string;
  readonly kid: string;
}

export interface ClientIdentity {
  readonly key: SigningKey;
  readonly issuer: string;
  /** Default: the key's own. */
  readonly kid?: string | undefined;
  readonly jku?: string | undefined;
}

const LIFETIME_S = 300;

/** Signs as the client with this key. */
export async function clientTokens({ key, issuer, kid, jku }: ClientIdentity): Promise<ClientTokens> {
  const { privateKey, algorithm } = key;
  const keyId = kid ?? key.kid;
  const publicKey = createPublicKey(privateKey);
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

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
