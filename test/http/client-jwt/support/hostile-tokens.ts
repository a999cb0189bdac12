import { createPublicKey, randomUUID } from 'node:crypto';
import { encoded, goodClaims, signature, testKey, token, type Members, type TestKey } from './signing.js';

/** What hostile tokens are made of. */
export interface HostileSetting {
  readonly nowMs: number;
  /** Address of the service called. */
  readonly endpoint: string;
  /** `iss` of a client with a fetched key set, without tenants. */
  readonly iss: string;
  readonly jku: string;
  readonly ec: TestKey;
  readonly rsa: TestKey;
  /** In the key set, each with something that forbids its use. */
  readonly unfit: Readonly<
    Record<'forEncryption' | 'forSigningOnly' | 'otherAlgorithm' | 'weak' | 'leaked' | 'twin', TestKey>
  >;
  /** A client with tenants and an inline set. */
  readonly tenanted: { readonly iss: string; readonly key: TestKey };
  /** A server of the attacker's. */
  readonly evilJku: string;
}

/** Headers of a request, as `node:http` takes them. */
export type Credentials = Readonly<Record<string, string | readonly string[]>>;

/** Name of the case, why it is refused, and what the caller sends. */
export type HostileCase = readonly [name: string, reason: string, credentials: Credentials];

/** One token for each way that a token can be wrong. @see requirements 63–68 */
export function hostileTokens(setting: HostileSetting): readonly HostileCase[] {
  const { nowMs, endpoint, iss, jku, ec, rsa, unfit, tenanted, evilJku } = setting;
  const now = Math.floor(nowMs / 1000);
  const claims = (changes: Members = {}): Members => ({ ...goodClaims(iss, endpoint, nowMs), ...changes });
  const by = (changes: Members, header: Members = {}, key = ec): string =>
    token({ key, claims: claims(changes), header });
  const text = (changes: Members = {}): string => JSON.stringify(claims(changes));
  const stranger = testKey('ES384', ec.kid);
  const strangerRsa = testKey('RS384', rsa.kid);
  const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const good = by({});
  const [head = '', payload = '', sign = ''] = good.split('.');
  const bearer = (jwt: string): Credentials => ({ Authorization: `Bearer ${jwt}` });
  const tenantClaims = (tenant: unknown): Members => ({ ...goodClaims(tenanted.iss, endpoint, nowMs), tenant });

  const credentials: readonly HostileCase[] = [
    ['no Authorization header', 'authorization-missing', {}],
    ['an empty one', 'authorization-not-bearer', { Authorization: '' }],
    ['a password', 'authorization-not-bearer', { Authorization: `Basic ${Buffer.from('a:b').toString('base64')}` }],
    ['no token after the scheme', 'authorization-not-bearer', { Authorization: 'Bearer' }],
    ['two tokens in one header', 'authorization-not-bearer', { Authorization: `Bearer ${good}, Bearer ${good}` }],
    ['two Authorization headers', 'authorization-repeated', { Authorization: [`Bearer ${good}`, 'Bearer other'] }],
    ['a token of 12 kB', 'token-too-large', bearer(by({ padding: 'x'.repeat(9000) }))],
    [
      'a token whose header is 7 kB of nesting',
      'token-malformed',
      bearer(`${encoded('['.repeat(5000))}.${payload}.${sign}`),
    ],
  ];

  const forms: readonly (readonly [string, string, string])[] = [
    ['a token of the FHIR server, not a JWT', 'token-malformed', randomUUID()],
    ['two parts', 'token-malformed', `${head}.${payload}`],
    ['no signature', 'token-malformed', `${head}.${payload}.`],
    ['four parts', 'token-malformed', `${good}.${sign}`],
    ['five parts, as encrypted ones have', 'token-malformed', `${head}.${sign}.${sign}.${sign}.${sign}`],
    ['padding', 'token-malformed', `${head}.${payload}.${sign}==`],
    ['the other base64 alphabet', 'token-malformed', `${head}.${payload}.+/${sign.slice(2)}`],
    [
      'the JSON form of a JWS',
      'token-malformed',
      encoded({ payload, signatures: [{ protected: head, signature: sign }] }),
    ],
    ['a header that is not JSON', 'token-malformed', token({ key: ec, claims: claims(), headerText: 'alg=ES384' })],
    ['a header that is an array', 'token-malformed', token({ key: ec, claims: claims(), headerText: '["ES384"]' })],
    ['a header of null', 'token-malformed', token({ key: ec, claims: claims(), headerText: 'null' })],
    ['a byte order mark', 'token-malformed', token({ key: ec, claims: claims(), payloadText: `\ufeff${text()}` })],
    [
      'bytes that are not UTF-8',
      'token-malformed',
      `${head}.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.${sign}`,
    ],
    ['a payload of text', 'token-malformed', token({ key: ec, claims: claims(), payloadText: '"admin"' })],
  ];

  const duplicates: readonly (readonly [string, string, string])[] = [
    [
      'iss twice',
      'member-duplicated',
      token({ key: ec, claims: {}, payloadText: text().replace('{', '{"iss":"https://other.example.org",') }),
    ],
    [
      'aud twice, once escaped',
      'member-duplicated',
      token({ key: ec, claims: {}, payloadText: text().replace('{', String.raw`{"\u0061ud":"x",`) }),
    ],
    [
      'exp twice',
      'member-duplicated',
      token({ key: ec, claims: {}, payloadText: text().replace(/}$/, `,"exp":${now + 900}}`) }),
    ],
    [
      'alg twice',
      'member-duplicated',
      token({ key: ec, claims: claims(), headerText: `{"alg":"none","alg":"ES384","typ":"JWT","kid":"${ec.kid}"}` }),
    ],
    [
      'a member twice deep inside',
      'member-duplicated',
      token({ key: ec, claims: {}, payloadText: text().replace('{', '{"x":[{"a":1,"a":2}],') }),
    ],
  ];

  const headers: readonly (readonly [string, string, string])[] = [
    ['alg none', 'token-malformed', `${encoded({ alg: 'none', typ: 'JWT', kid: ec.kid })}.${payload}.`],
    ['alg none with a signature', 'alg-unknown', by({}, { alg: 'none' })],
    ['alg nOnE with a signature', 'alg-unknown', by({}, { alg: 'nOnE' })],
    ['no alg', 'alg-unknown', by({}, { alg: undefined })],
    ['a list of algs', 'alg-unknown', by({}, { alg: ['ES384'] })],
    [
      'HS256 with the public key as the secret',
      'alg-unknown',
      token({ key: rsa, claims: claims(), header: { alg: 'HS256' }, signedAs: 'HS256', signedBy: Buffer.from(pem) }),
    ],
    [
      'HS384 with the public key as the secret',
      'alg-unknown',
      token({
        key: ec,
        claims: claims(),
        header: { alg: 'HS384' },
        signedAs: 'HS384',
        signedBy: Buffer.from(JSON.stringify(ec.jwk)),
      }),
    ],
    [
      'RS256, which nobody configured',
      'alg-not-registered',
      token({ key: rsa, claims: claims(), header: { alg: 'RS256' }, signedAs: 'RS256' }),
    ],
    ['another typ', 'typ-wrong', by({}, { typ: 'at+jwt' })],
    ['no typ', 'typ-wrong', by({}, { typ: undefined })],
    [
      'a key of its own in jwk',
      'header-forbidden',
      token({ key: stranger, claims: claims(), header: { jwk: stranger.jwk } }),
    ],
    [
      'a certificate of its own in x5c',
      'header-forbidden',
      token({ key: stranger, claims: claims(), header: { x5c: ['MIIB'] } }),
    ],
    [
      'the address of a certificate in x5u',
      'header-forbidden',
      token({ key: stranger, claims: claims(), header: { x5u: `${evilJku}.pem` } }),
    ],
    ['a critical extension', 'header-forbidden', by({}, { crit: ['urn:x'], 'urn:x': 1 })],
    ['b64 false', 'header-forbidden', by({}, { b64: false, crit: ['b64'] })],
    ['no kid', 'kid-missing', by({}, { kid: undefined })],
    ['a kid that is a number', 'kid-missing', by({}, { kid: 1 })],
    ['a kid of another key', 'key-unfit', by({}, { kid: rsa.kid })],
    ['a kid that no key has', 'kid-unknown', by({}, { kid: '../../../../dev/null' })],
    ['a kid of SQL', 'kid-unknown', by({}, { kid: "x' UNION SELECT 'key" })],
    ['a kid that two keys have', 'kid-ambiguous', by({}, {}, unfit.twin)],
    [
      'a jku that is not registered',
      'jku-not-registered',
      token({ key: stranger, claims: claims(), header: { jku: evilJku } }),
    ],
    [
      'a jku on the registered server that redirects',
      'jku-not-registered',
      by({}, { jku: jku.replace('/jwks.json', `/redirect?to=${evilJku}`) }),
    ],
    ['a jku that begins like the registered one', 'jku-not-registered', by({}, { jku: `${jku}@evil.example.org` })],
    ['a jku with dots', 'jku-not-registered', by({}, { jku: jku.replace('/jwks', '/x/../jwks') })],
    ['a jku of this machine', 'jku-not-registered', by({}, { jku: 'http://169.254.169.254/latest/meta-data' })],
    ['a jku that is a file', 'jku-not-registered', by({}, { jku: 'file:///etc/passwd' })],
    ['a jku that is a list', 'jku-not-registered', by({}, { jku: [jku] })],
  ];

  const keys: readonly (readonly [string, string, string])[] = [
    [
      'signed with a stranger’s EC key',
      'signature-wrong',
      token({ key: ec, claims: claims(), signedBy: stranger.privateKey }),
    ],
    [
      'signed with a stranger’s RSA key',
      'signature-wrong',
      token({ key: rsa, claims: claims(), signedBy: strangerRsa.privateKey }),
    ],
    ['a signature of zeros', 'signature-wrong', `${head}.${payload}.${Buffer.alloc(96).toString('base64url')}`],
    [
      'a signature cut short',
      'signature-wrong',
      `${head}.${payload}.${Buffer.from(sign, 'base64url').subarray(0, 48).toString('base64url')}`,
    ],
    ['the signature of another token', 'signature-wrong', `${head}.${payload}.${by({}).split('.')[2] ?? ''}`],
    ['a payload put in afterwards', 'signature-wrong', `${head}.${encoded(claims({ sub: 'admin' }))}.${sign}`],
    ['an ASN.1 signature', 'signature-wrong', derSigned(ec, claims())],
    [
      'RS384 named with an EC key',
      'key-unfit',
      token({ key: ec, claims: claims(), header: { alg: 'RS384' }, signedAs: 'ES384' }),
    ],
    ['the wrong curve for its alg', 'key-unfit', by({}, {}, unfit.otherAlgorithm)],
    ['a key that is for encryption', 'key-unfit', by({}, {}, unfit.forEncryption)],
    ['a key that is not for verifying', 'key-unfit', by({}, {}, unfit.forSigningOnly)],
    ['an RSA key of 1,024 bits', 'key-unfit', by({}, {}, unfit.weak)],
    ['a key whose private half is published', 'key-unfit', by({}, {}, unfit.leaked)],
    ['a key of another client', 'kid-unknown', token({ key: tenanted.key, claims: claims() })],
  ];

  const wrongClaims: readonly (readonly [string, string, string])[] = [
    ['an iss nobody registered', 'iss-unknown', by({ iss: 'https://evil.example.org' })],
    ['an iss that ends with a slash', 'iss-unknown', by({ iss: `${iss}/` })],
    ['an iss in capitals', 'iss-unknown', by({ iss: iss.toUpperCase() })],
    ['an iss of the prototype', 'iss-unknown', by({ iss: '__proto__' })],
    ['an iss with a null character', 'claim-malformed', by({ iss: `${iss}\u0000` })],
    ['no iss', 'claim-malformed', by({ iss: undefined })],
    ['a list of iss', 'claim-malformed', by({ iss: [iss] })],
    ['the aud of another service here', 'aud-wrong', by({ aud: endpoint.replace(/[^/]+$/, 'another') })],
    ['the aud of another host', 'aud-wrong', by({ aud: endpoint.replace('proxy.', 'other.') })],
    ['the aud of the address behind the proxy', 'aud-wrong', by({ aud: 'http://127.0.0.1:3000/cds-services/test' })],
    ['an aud that begins like ours', 'aud-wrong', by({ aud: `${endpoint}.evil.example.org` })],
    ['the aud of the feedback address', 'aud-wrong', by({ aud: `${endpoint}/feedback` })],
    ['the base address alone as aud', 'aud-wrong', by({ aud: endpoint.replace(/\/cds-services.*/, '') })],
    ['a list of others as aud', 'aud-wrong', by({ aud: ['https://a.example.org', 'https://b.example.org'] })],
    ['an aud that is one of a list of lists', 'claim-malformed', by({ aud: [[endpoint]] })],
    ['an empty list as aud', 'claim-malformed', by({ aud: [] })],
    ['no aud', 'claim-malformed', by({ aud: undefined })],
    ['an exp of a minute ago', 'exp-past', by({ iat: now - 360, exp: now - 60 })],
    ['an exp of last year', 'exp-past', by({ iat: now - 3e7, exp: now - 3e7 + 300 })],
    ['no exp', 'claim-malformed', by({ exp: undefined })],
    ['an exp that is text', 'claim-malformed', by({ exp: String(now + 300) })],
    [
      'an exp beyond numbers',
      'claim-malformed',
      token({ key: ec, claims: {}, payloadText: text({ exp: 'BIG' }).replace('"BIG"', '1e999') }),
    ],
    ['an exp in milliseconds', 'lifetime-too-long', by({ exp: nowMs + 300_000 })],
    ['an iat two minutes ahead', 'iat-future', by({ iat: now + 120, exp: now + 300 })],
    ['no iat', 'claim-malformed', by({ iat: undefined })],
    ['an exp before its iat', 'lifetime-too-long', by({ iat: now + 30, exp: now + 20 })],
    ['a life of 3,601 s', 'lifetime-too-long', by({ exp: now + 3601 })],
    ['an nbf two minutes ahead', 'nbf-future', by({ nbf: now + 120 })],
    ['an nbf that is text', 'claim-malformed', by({ nbf: 'soon' })],
    ['no jti', 'claim-malformed', by({ jti: undefined })],
    ['an empty jti', 'claim-malformed', by({ jti: '' })],
    ['a jti of 300 characters', 'claim-malformed', by({ jti: 'x'.repeat(300) })],
    ['a jti that is a number', 'claim-malformed', by({ jti: 1 })],
    ['a tenant of a client that has none', 'tenant-wrong', by({ tenant: 'hospital-a' })],
    [
      'a tenant that is not on the list',
      'tenant-wrong',
      token({ key: tenanted.key, claims: tenantClaims('hospital-z') }),
    ],
    [
      'no tenant where the client has some',
      'tenant-wrong',
      token({ key: tenanted.key, claims: tenantClaims(undefined) }),
    ],
    ['a list of tenants', 'claim-malformed', token({ key: tenanted.key, claims: tenantClaims(['hospital-a']) })],
    ['claims in __proto__', 'claim-malformed', token({ key: ec, claims: {}, payloadText: `{"__proto__":${text()}}` })],
  ];

  const tokens = [...forms, ...duplicates, ...headers, ...keys, ...wrongClaims];
  return [...credentials, ...tokens.map(([name, reason, jwt]): HostileCase => [name, reason, bearer(jwt)])];
}

function derSigned(key: TestKey, claims: Members): string {
  const input = `${encoded({ alg: key.alg, typ: 'JWT', kid: key.kid })}.${encoded(claims)}`;
  const raw = Buffer.from(signature(key.alg, key.privateKey, input), 'base64url');
  const half = raw.length / 2;
  const integer = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([0x02, bytes.length + 1, 0]), bytes]);
  const body = Buffer.concat([integer(raw.subarray(0, half)), integer(raw.subarray(half))]);
  return `${input}.${Buffer.concat([Buffer.from([0x30, body.length]), body]).toString('base64url')}`;
}

/** The public key of a private one, for a test of leaks. */
export function leakedJwk(key: TestKey): Members {
  return {
    ...key.privateKey.export({ format: 'jwk' }),
    ...createPublicKey(key.privateKey).export({ format: 'jwk' }),
    kid: key.kid,
  };
}
