import { MAX_LIFETIME_S, MAX_SKEW_S } from './check-claims.js';
import type { RefusalReason } from './token-refusal.js';

/** What to change, for each reason in the log; for the operator alone, callers get the same 401 for all of them. */
export const REFUSAL_WORDS: Readonly<Record<RefusalReason, string>> = {
  'authorization-missing': 'there is no Authorization header: each call carries its own token',
  'authorization-repeated': 'there are two Authorization headers; a proxy may add one',
  'authorization-not-bearer': 'the Authorization header is not `Bearer` and one token',
  'token-too-large': 'the token is over 8 kB',
  'token-malformed': 'this is not a signed JWT in compact form: three parts of base64url, the first two JSON objects',
  'member-duplicated': 'a member of header or payload is there twice',
  'header-forbidden': 'the header has jwk, x5c, x5u, x5t, crit, b64, zip or enc: keys come from the registration alone',
  'typ-wrong': '`typ` must be JWT',
  'alg-unknown': '`alg` must be one of the asymmetric signature algorithms; none and HS* are never taken',
  'kid-missing': '`kid` is missing: it names the key in the client’s key set',
  'claim-malformed':
    'a claim is missing or has the wrong type: iss, jti (text), aud (text or a list of it), exp, iat (numbers, seconds) are required; tenant is text, nbf a number',
  'iss-unknown': 'no client is registered with this `iss` (it is compared to the letter): `hemolens client add`',
  'iss-key-is-public': 'the private key of this issuer is published: it is never taken in production',
  'aud-wrong':
    '`aud` is not the address that was called: HEMOLENS_PUBLIC_BASE_URL and the path. A client that cannot send that is registered with `dialect.audiences`',
  'exp-past': `\`exp\` is past, by more than the ${MAX_SKEW_S} s allowed for clocks`,
  'iat-future': `\`iat\` is more than ${MAX_SKEW_S} s ahead: compare the clocks`,
  'nbf-future': `\`nbf\` is more than ${MAX_SKEW_S} s ahead: compare the clocks`,
  'lifetime-too-long': `\`exp\` is not after \`iat\`, or more than ${MAX_LIFETIME_S} s after it`,
  'tenant-wrong': '`tenant` is not on the client’s list; a client without such a list sends none',
  'alg-not-registered': 'the client is not registered with this `alg`: see `algorithms` of its registration',
  'jku-not-registered': '`jku` of the token is not the one registered; nothing was fetched from it',
  'keys-unavailable': 'the client’s key set cannot be fetched from its `jku`: see client.keys-unavailable in the log',
  'kid-unknown': 'the client’s key set has no key with this `kid`, nor had it when it was fetched once more',
  'kid-ambiguous': 'the client’s key set has several keys with this `kid`',
  'key-unfit':
    'the key with this `kid` does not fit `alg` (type, curve, at least 2,048 bits, use, key_ops), is no valid key, or its private half is published',
  'signature-wrong':
    'the signature was not made with the private half of the key that `kid` names, or the token was changed',
  'jti-seen': 'a token with this `jti` was accepted before: each call needs its own',
};
