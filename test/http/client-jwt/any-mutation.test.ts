import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createKeySets } from '../../../src/http/client-jwt/key-sets.js';
import { endpointAudiences } from '../../../src/http/client-jwt/endpoint-audiences.js';
import { judgeToken, type JudgeTokenDeps, type TokenVerdict } from '../../../src/http/client-jwt/judge-token.js';
import { parseStrictObject } from '../../../src/http/client-jwt/strict-json.js';
import { silentLog } from '../../../src/logging/logger.js';
import { registered, registryOf, testLedger } from './support/registrations.js';
import { goodClaims, testKey, token } from './support/signing.js';

const ISS = 'https://ehr.example.org';
const ENDPOINT = 'https://cds.example.org/cds-services/test';
const NOW = Date.UTC(2026, 10, 23, 12);
const keys = { ES384: testKey('ES384'), RS384: testKey('RS384') };

function deps(): JudgeTokenDeps {
  const jwks = { keys: [keys.ES384.jwk, keys.RS384.jwk] };
  return {
    registry: registryOf([registered({ id: 'ehr', iss: ISS, keys: { kind: 'inline', jwks } })]),
    ledger: testLedger(),
    keySets: createKeySets({ log: silentLog, clock: () => NOW, mayFetch: () => false }),
    clock: () => NOW,
    refusesPublicIssuers: true,
  };
}
const judge = (jwt: string): Promise<TokenVerdict> => judgeToken(jwt, [ENDPOINT], deps());

describe.each(['ES384', 'RS384'] as const)('bad call: a good %s token', (alg) => {
  const good = token({ key: keys[alg], claims: goodClaims(ISS, ENDPOINT, NOW) });

  it('is accepted as it is', async () => {
    expect(await judge(good)).toMatchObject({ kind: 'accepted' });
  });

  it('with any one byte changed is refused (req. 65)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 }), async (at, byte) => {
        const changed = `${good.slice(0, at)}${String.fromCharCode(byte)}${good.slice(at + 1)}`;
        fc.pre(changed !== good);
        expect(await judge(changed)).toMatchObject({ kind: 'refused' });
      }),
      { numRuns: 500 },
    );
  });

  it('with its last character changed is refused, though base64 decoders read the same bytes', async () => {
    for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
      if (!good.endsWith(last)) expect(await judge(`${good.slice(0, -1)}${last}`)).toMatchObject({ kind: 'refused' });
    }
  });

  it('cut short or lengthened anywhere is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length), fc.string({ maxLength: 3 }), fc.nat(3), async (at, put, cut) => {
        const changed = `${good.slice(0, at)}${put}${good.slice(at + cut)}`;
        fc.pre(changed !== good);
        expect(await judge(changed)).toMatchObject({ kind: 'refused' });
      }),
      { numRuns: 300 },
    );
  });
});

it('bad call: any text for a token is refused, none is a fault', async () => {
  const parts = fc.array(
    fc.oneof(
      fc.base64String(),
      fc.json().map((text) => Buffer.from(text).toString('base64url')),
    ),
    {
      maxLength: 5,
    },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string(),
        parts.map((list) => list.join('.')),
      ),
      async (text) => {
        expect(await judge(text)).toMatchObject({ kind: 'refused', about: {} });
      },
    ),
  );
});

it('bad call: any JSON for header and claims is refused, none is a fault', async () => {
  const name = fc.constantFrom(
    'iss',
    'aud',
    'exp',
    'iat',
    'nbf',
    'jti',
    'tenant',
    'alg',
    'kid',
    'typ',
    'jku',
    '__proto__',
  );
  const odd = fc.dictionary(name, fc.jsonValue());
  await fc.assert(
    fc.asyncProperty(odd, odd, async (header, claims) => {
      const mixed = { ...goodClaims(ISS, ENDPOINT, NOW), ...claims };
      fc.pre(Object.keys(header).length > 0 && header['alg'] !== 'ES384');
      const jwt = token({ key: keys.ES384, header: { ...header, alg: header['alg'] ?? 'none' }, claims: mixed });
      expect(await judge(jwt)).toMatchObject({ kind: 'refused' });
    }),
  );
});

it('an object is read as JSON.parse reads it, and one with a member twice is refused', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const text = JSON.stringify(value);
      expect(JSON.stringify(parseStrictObject(text))).toBe(JSON.stringify(JSON.parse(text)));
      for (const name of Object.keys(value).slice(0, 1)) {
        const twice = text.replace(/^\{/, () => `{${JSON.stringify(name)}:1,`);
        expect(() => parseStrictObject(twice)).toThrow('member-duplicated');
      }
    }),
  );
});

describe('the audience of an endpoint', () => {
  let server: Server;
  let origin = '';
  beforeAll(async () => {
    server = createServer((request, response) =>
      response.end(JSON.stringify(endpointAudiences(request, 'https://p.org/x/'))),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    origin = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it.each<[string, readonly string[]]>([
    ['/cds-services', ['https://p.org/x/cds-services']],
    ['/cds-services/a', ['https://p.org/x/cds-services/a']],
    ['/cds-services/a/?x=/feedback#y', ['https://p.org/x/cds-services/a']],
    ['/cds-services/a/feedback', ['https://p.org/x/cds-services/a/feedback', 'https://p.org/x/cds-services/a']],
    ['/cds-services/a/feedback/', ['https://p.org/x/cds-services/a/feedback', 'https://p.org/x/cds-services/a']],
    ['/', ['https://p.org/x']],
  ])('%s is that of the public address, whatever Host says (req. 60, 72)', async (path, want) => {
    const headers = { 'X-Forwarded-Host': 'evil.example.org', 'X-Forwarded-Prefix': '/evil' };
    expect(await (await fetch(`${origin}${path}`, { headers })).json()).toEqual(want);
  });
});
