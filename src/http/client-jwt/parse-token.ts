import { SIGNATURE_ALGORITHMS } from '../../clients/public-jwk.js';
import type { SignatureAlgorithm } from '../../clients/registered-client.js';
import { MAX_TOKEN_LENGTH } from './bearer-token.js';
import { parseStrictObject, type JsonObject } from './strict-json.js';
import { TokenRefusal } from './token-refusal.js';

/** A token whose form is right; nothing in it is believed yet. */
export interface ParsedToken {
  readonly header: TokenHeader;
  readonly claims: TokenClaims;
  /** Header, payload and signature as they were sent. */
  readonly parts: { readonly protected: string; readonly payload: string; readonly signature: string };
}

export interface TokenHeader {
  readonly alg: SignatureAlgorithm;
  readonly kid: string;
  readonly jku?: string;
}

/** Claims of CDS Hooks; times in seconds since the epoch. Others (`sub` among them) are ignored. */
export interface TokenClaims {
  readonly iss: string;
  readonly aud: readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly nbf?: number;
  readonly jti: string;
  readonly tenant?: string;
}

/** Header members by which a token could bring its own key, or change what is signed. */
const FORBIDDEN_HEADERS = ['jwk', 'x5c', 'x5u', 'x5t', 'x5t#S256', 'crit', 'b64', 'zip', 'enc'];
const COMPACT = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/;
/** What a store can keep and compare: printable ASCII. */
const PRINTABLE = /^[\x20-\x7e]+$/;
const LONGEST = { iss: 2048, kid: 256, jti: 256, tenant: 256, jku: 2048, aud: 2048 };
const MOST_AUDIENCES = 20;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads a JWS in compact form strictly. Throws TokenRefusal. @see requirements 63 and 64 */
export function parseToken(token: string): ParsedToken {
  if (token.length > MAX_TOKEN_LENGTH) throw new TokenRefusal('token-too-large');
  const [, protectedPart, payload, signature] = COMPACT.exec(token) ?? [];
  if (protectedPart === undefined || payload === undefined || signature === undefined) {
    throw new TokenRefusal('token-malformed');
  }
  decode(signature);
  return {
    header: parseHeader(parseStrictObject(decodeText(protectedPart))),
    claims: parseClaims(parseStrictObject(decodeText(payload))),
    parts: { protected: protectedPart, payload, signature },
  };
}

function parseHeader(header: JsonObject): TokenHeader {
  if (FORBIDDEN_HEADERS.some((name) => Object.hasOwn(header, name))) throw new TokenRefusal('header-forbidden');
  const { typ, kid } = { typ: header['typ'], kid: header['kid'] };
  if (typeof typ !== 'string' || typ.toUpperCase() !== 'JWT') throw new TokenRefusal('typ-wrong');
  // `none` and HS* are not among them.
  const alg = SIGNATURE_ALGORITHMS.find((known) => known === header['alg']);
  if (alg === undefined) throw new TokenRefusal('alg-unknown');
  if (!isShortText(kid, LONGEST.kid)) throw new TokenRefusal('kid-missing');
  const jku = header['jku'];
  if (jku === undefined) return { alg, kid };
  if (!isShortText(jku, LONGEST.jku)) throw new TokenRefusal('jku-not-registered');
  return { alg, kid, jku };
}

function parseClaims(claims: JsonObject): TokenClaims {
  const { iss, exp, iat, jti } = { iss: claims['iss'], exp: claims['exp'], iat: claims['iat'], jti: claims['jti'] };
  const { nbf, tenant } = { nbf: claims['nbf'], tenant: claims['tenant'] };
  const aud = audiencesOf(claims['aud']);
  if (
    !isShortText(iss, LONGEST.iss) ||
    !isShortText(jti, LONGEST.jti) ||
    !isTime(exp) ||
    !isTime(iat) ||
    aud === undefined ||
    (nbf !== undefined && !isTime(nbf)) ||
    (tenant !== undefined && !isShortText(tenant, LONGEST.tenant))
  ) {
    throw new TokenRefusal('claim-malformed');
  }
  return { iss, aud, exp, iat, jti, ...(nbf !== undefined && { nbf }), ...(tenant !== undefined && { tenant }) };
}

/** `aud` is a string or an array of strings. */
function audiencesOf(value: unknown): readonly string[] | undefined {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0 || list.length > MOST_AUDIENCES) return undefined;
  return list.every((item) => isShortText(item, LONGEST.aud)) ? list : undefined;
}

function isShortText(value: unknown, longest: number): value is string {
  return typeof value === 'string' && value.length <= longest && PRINTABLE.test(value);
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function decodeText(part: string): string {
  try {
    return utf8.decode(decode(part));
  } catch {
    throw new TokenRefusal('token-malformed');
  }
}

/** Bytes of a base64url text that is written the one right way: no padding, no spare bits set. */
function decode(part: string): Buffer {
  const bytes = Buffer.from(part, 'base64url');
  if (bytes.toString('base64url') !== part) throw new TokenRefusal('token-malformed');
  return bytes;
}
