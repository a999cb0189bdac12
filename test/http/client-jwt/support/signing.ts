import { constants, createHmac, generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto';

export type Members = Readonly<Record<string, unknown>>;

export interface TestKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** Public half with `kid`, `use` and `alg`. */
  readonly jwk: Members & { readonly kty: string; readonly kid: string };
}

const CURVES: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

/** A new key for an algorithm. */
export function testKey(alg: string, kid = `key-${alg}`, rsaBits = 2048): TestKey {
  const namedCurve = CURVES[alg];
  const pair =
    alg === 'EdDSA'
      ? generateKeyPairSync('ed25519')
      : namedCurve === undefined
        ? generateKeyPairSync('rsa', { modulusLength: rsaBits })
        : generateKeyPairSync('ec', { namedCurve });
  const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg };
  return { kid, alg, ...pair, jwk: { ...jwk, kty: String(Reflect.get(jwk, 'kty')) } };
}

/** Signs as JWS does, by node's own crypto: the tests do not make tokens by the library that reads them. */
export function signature(alg: string, key: KeyObject | Buffer, input: string): string {
  const hash = `sha${alg.slice(2)}`;
  if (Buffer.isBuffer(key)) return createHmac(hash, key).update(input).digest('base64url');
  const bytes = Buffer.from(input);
  if (alg === 'EdDSA') return sign(null, bytes, key).toString('base64url');
  if (alg.startsWith('ES')) return sign(hash, bytes, { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
  if (!alg.startsWith('PS')) return sign(hash, bytes, key).toString('base64url');
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return sign(hash, bytes, { key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }).toString('base64url');
}

export function encoded(value: Members | string): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

export interface TokenParts {
  readonly key: TestKey;
  readonly claims: Members;
  readonly header?: Members;
  /** Signs with this instead. */
  readonly signedBy?: KeyObject | Buffer;
  /** Signs by this algorithm instead of the header's. */
  readonly signedAs?: string;
  /** JSON texts in place of header and payload. */
  readonly headerText?: string;
  readonly payloadText?: string;
}

/** A token; members that are undefined are left out. */
export function token({ key, claims, header, signedBy, signedAs, headerText, payloadText }: TokenParts): string {
  const fullHeader = { alg: key.alg, typ: 'JWT', kid: key.kid, ...header };
  const input = `${encoded(headerText ?? JSON.stringify(fullHeader))}.${encoded(payloadText ?? JSON.stringify(claims))}`;
  return `${input}.${signature(signedAs ?? key.alg, signedBy ?? key.privateKey, input)}`;
}

/** Claims of a good token for an address, at a time in ms. */
export function goodClaims(iss: string, aud: unknown, nowMs: number): Record<string, unknown> {
  const iat = Math.floor(nowMs / 1000);
  return { iss, aud, iat, exp: iat + 300, jti: randomUUID() };
}
