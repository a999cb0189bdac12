import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { ClientKey } from './client-key.js';

export interface SignerOptions {
  readonly key: ClientKey;
  readonly issuer: string;
  readonly tenant?: string;
  /** Default: the key's own. */
  readonly kid?: string;
  readonly jku?: string;
  /** In place of the URL that is called, for a service behind a proxy that knows itself by another address. */
  readonly audience?: string;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
}

/** Signs one token a call. @see requirements 63, 64 and 71 */
export interface ClientSigner {
  readonly algorithm: string;
  readonly kid: string;
  readonly issuer: string;
  /** `aud` of a call to this URL. */
  audienceOf(url: string): string;
  /** The JWT for one call to this URL: never printed, never kept. */
  sign(url: string): Promise<string>;
}

export const TOKEN_LIFETIME_S = 300;

/** A signer of client tokens: 300 s, and a `jti` of its own for every call. */
export function clientSigner(options: SignerOptions): ClientSigner {
  const { key, issuer, tenant, jku, audience, clock = Date.now } = options;
  const kid = options.kid ?? key.kid;
  const audienceOf = (url: string): string => audience ?? url;
  return {
    algorithm: key.algorithm,
    kid,
    issuer,
    audienceOf,
    sign: async (url) => {
      const iat = Math.floor(clock() / 1000);
      const claims = {
        iss: issuer,
        aud: audienceOf(url),
        iat,
        exp: iat + TOKEN_LIFETIME_S,
        jti: randomUUID(),
        ...(tenant !== undefined && { tenant }),
      };
      return new SignJWT(claims)
        .setProtectedHeader({ alg: key.algorithm, kid, typ: 'JWT', ...(jku !== undefined && { jku }) })
        .sign(key.privateKey);
    },
  };
}
