import { clientTokens, type ClientTokens, type TokenChanges } from '../conformance/client-tokens.js';
import type { ClientKey } from './client-key.js';

/** A token as one client sends it. */
export interface TokenFacts {
  readonly key: ClientKey;
  readonly issuer: string;
  readonly audience: string;
  readonly tenant?: string | undefined;
  readonly kid?: string | undefined;
  readonly jku?: string | undefined;
  /** ms since the epoch */
  readonly nowMs: number;
}

type Changes = (facts: TokenFacts, nowS: number) => TokenChanges;

const CHANGES = {
  expired: (_facts, nowS) => ({ claims: { iat: nowS - 600, exp: nowS - 300 } }),
  'not-yet-valid': (_facts, nowS) => ({ claims: { nbf: nowS + 600 } }),
  'future-iat': (_facts, nowS) => ({ claims: { iat: nowS + 600, exp: nowS + 900 } }),
  'too-long-lived': (_facts, nowS) => ({ claims: { exp: nowS + 7200 } }),
  'no-jti': () => ({ claims: { jti: undefined } }),
  'wrong-issuer': ({ issuer }) => ({ claims: { iss: `${issuer}.example.org` } }),
  'wrong-audience': ({ audience }) => ({ claims: { aud: `${audience}-of-another` } }),
  'wrong-tenant': () => ({ claims: { tenant: 'a-tenant-that-nobody-has' } }),
  'unknown-kid': () => ({ header: { kid: 'a-key-that-nobody-has' } }),
  'other-jku': () => ({ header: { jku: 'https://keys.example.org/jwks.json' } }),
  'other-typ': () => ({ header: { typ: 'at+jwt' } }),
  'wrong-key': () => ({ signedBy: 'stranger' }),
} as const satisfies Readonly<Record<string, Changes>>;

type ChangedFlaw = keyof typeof CHANGES;
export const TOKEN_FLAWS = [...keysOf(CHANGES), 'alg-none', 'symmetric', 'tampered', 'replayed'] as const;
export type TokenFlaw = (typeof TOKEN_FLAWS)[number];

function keysOf<K extends string>(table: Readonly<Record<K, unknown>>): K[] {
  const names: K[] = [];
  for (const name in table) names.push(name);
  return names;
}

/** A good token of these facts, or one with a flaw; `replayed` is a good one that has to be shown twice. */
export async function makeToken(facts: TokenFacts, flaw?: TokenFlaw): Promise<string> {
  const { key, issuer, audience, tenant, kid, jku, nowMs } = facts;
  const tokens = await clientTokens({ key, issuer, kid, jku });
  const claims = tenant === undefined ? {} : { tenant };
  switch (flaw) {
    case undefined:
    case 'replayed':
      return tokens.sign(audience, { claims });
    case 'alg-none':
      return tokens.unsigned(audience);
    case 'symmetric':
      return tokens.symmetric(audience);
    case 'tampered':
      return tampered(tokens, audience, claims);
    default: {
      const changes = changesOf(flaw, facts, Math.floor(nowMs / 1000));
      return tokens.sign(audience, { ...changes, claims: { ...claims, ...changes.claims } });
    }
  }
}

function changesOf(flaw: ChangedFlaw, facts: TokenFacts, nowS: number): TokenChanges {
  return CHANGES[flaw](facts, nowS);
}

/** The signature of one token under the payload of another. */
async function tampered(tokens: ClientTokens, audience: string, claims: TokenChanges['claims']): Promise<string> {
  const [one, other] = await Promise.all([tokens.sign(audience, { claims: { ...claims } }), tokens.sign(audience)]);
  const [header = '', payload = ''] = one.split('.');
  return `${header}.${payload}.${other.split('.')[2] ?? ''}`;
}
