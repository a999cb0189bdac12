import { generateKeyPairSync } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { keyThumbprint } from '../../src/clients/key-thumbprint.js';
import { parseRegistration } from '../../src/clients/parse-registration.js';
import type { RegisteredClient } from '../../src/clients/registered-client.js';
import { ServiceError } from '../../src/errors/service-error.js';

const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const publicJwk = { ...ec.publicKey.export({ format: 'jwk' }), kid: 'one' };
const privateJwk = { ...ec.privateKey.export({ format: 'jwk' }), kid: 'one' };
const rsaJwk = (modulusLength: number) => ({
  ...generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ format: 'jwk' }),
  kid: 'rsa',
});
const LEAST = { id: 'ehr', iss: 'https://ehr.example.org', jku: 'https://ehr.example.org/jwks' };
const INLINE = { id: 'ehr', iss: 'https://ehr.example.org', jwks: { keys: [publicJwk] } };

type Mode = 'development' | 'sandbox' | 'production';
const parse = (value: unknown, mode: Mode = 'production'): RegisteredClient => parseRegistration(value, { mode });

function refusal(value: unknown, mode?: Mode): string {
  try {
    parse(value, mode);
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'ERR_CLIENT') return error.detail;
    throw error;
  }
  throw new Error('was accepted');
}

describe('a registration', () => {
  it('needs an id, an issuer and its keys; the client starts silent, with the algorithms recommended (req. 64)', () => {
    expect(parse(LEAST)).toEqual({
      id: 'ehr',
      iss: 'https://ehr.example.org',
      keys: { kind: 'jku', jku: 'https://ehr.example.org/jwks' },
      algorithms: ['ES384', 'RS384'],
      tenants: [],
      fhirBases: [],
      mode: 'silent',
      isEnabled: true,
      dialect: { cardDetail: 'markdown', audiences: [] },
      suppression: { userRoles: [], encounterClasses: [], locations: [] },
      cooldownHours: 12,
      callOptions: [],
      limits: { requestsPerMinute: 600, concurrent: 16 },
    });
  });

  it('may say everything', () => {
    const said = {
      algorithms: ['RS256'],
      tenants: ['hospital a'],
      fhirBases: ['https://ehr.example.org/fhir/'],
      mode: 'cards',
      enabled: false,
      dialect: { cardDetail: 'html', audiences: ['urn:hemolens'], topicCode: 'TXMORT7D' },
      suppression: { userRoles: ['309343006'], encounterClasses: ['EMER'], locations: ['Location/or-3'] },
      cooldownHours: 0,
      callOptions: ['min-tier'],
      limits: { concurrent: 2 },
    };
    expect(parse({ ...LEAST, ...said })).toMatchObject({
      algorithms: ['RS256'],
      fhirBases: ['https://ehr.example.org/fhir'],
      mode: 'cards',
      isEnabled: false,
      dialect: said.dialect,
      suppression: said.suppression,
      cooldownHours: 0,
      limits: { requestsPerMinute: 600, concurrent: 2 },
    });
  });

  it('may hold the key set itself, for a client whose own cannot be reached (req. 66)', () => {
    expect(parse(INLINE).keys).toEqual({ kind: 'inline', jwks: { keys: [publicJwk] } });
    expect(parse({ ...INLINE, jku: 'https://ehr.example.org/jwks' }).keys).toMatchObject({
      kind: 'inline',
      jku: 'https://ehr.example.org/jwks',
    });
  });

  it('may have a key set on this machine where that is for trying', () => {
    const local = { ...LEAST, jku: 'http://127.0.0.1:8080/jwks' };
    expect(parse(local, 'development').keys).toEqual({ kind: 'jku', jku: local.jku });
    expect(refusal(local)).toContain('jku must be an https URL');
  });

  it('of the public sandbox is for trying only: everybody has its key (§2.1)', () => {
    for (const iss of ['https://sandbox.cds-hooks.org', 'https://SANDBOX.cds-hooks.org/', 'sandbox.cds-hooks.org']) {
      expect(parse({ ...INLINE, iss }, 'development').iss).toBe(iss);
      expect(refusal({ ...INLINE, iss })).toContain('is published');
    }
  });
});

describe('bad call: a registration is refused in words that tell what to change', () => {
  const sameKid = { keys: [publicJwk, { ...rsaJwk(2048), kid: 'one' }] };
  it.each<[string, unknown, string]>([
    ['text', 'ehr', 'a registration must be an object'],
    ['nothing', {}, 'id is required; iss is required'],
    ['a misspelt member', { ...LEAST, tenant: ['a'] }, 'tenant is not known; known here: id, iss, jku'],
    [
      'a misspelt member within',
      { ...LEAST, limits: { perMinute: 1 } },
      'limits.perMinute is not known; known here: requestsPerMinute, concurrent',
    ],
    ['no keys', { id: 'ehr', iss: 'x' }, 'give jku, the address of its key set, or jwks'],
    ['capitals in the id', { ...LEAST, id: 'EHR' }, 'id must be 1 to 64 of a-z'],
    ['an id that is a path', { ...LEAST, id: '../x' }, 'id must be'],
    ['a space in iss', { ...LEAST, iss: 'a b' }, 'iss must be the `iss` of its tokens'],
    ['HS256', { ...LEAST, algorithms: ['HS256'] }, 'algorithms[0] must be one of ES256'],
    ['none', { ...LEAST, algorithms: ['none'] }, 'never taken (req. 64)'],
    ['no algorithm', { ...LEAST, algorithms: [] }, 'algorithms must be a list'],
    ['http for keys', { ...LEAST, jku: 'http://ehr.example.org/jwks' }, 'jku must be an https URL'],
    ['a password in jku', { ...LEAST, jku: 'https://u:p@ehr.example.org/jwks' }, 'without user and password'],
    [
      'http for charts',
      { ...LEAST, fhirBases: ['http://ehr.example.org/fhir'] },
      'fhirBases must be absolute https URLs',
    ],
    ['a query in a FHIR base', { ...LEAST, fhirBases: ['https://ehr.example.org/fhir?x=1'] }, 'without query'],
    ['another mode', { ...LEAST, mode: 'loud' }, 'mode must be one of silent, cards'],
    [
      'a topic code with a hyphen',
      { ...LEAST, dialect: { topicCode: 'TX-1' } },
      'dialect.topicCode must be at most 100 letters and digits',
    ],
    ['a tenant twice', { ...LEAST, tenants: ['a', 'a'] }, 'tenants has the same item twice'],
    ['no calls at all', { ...LEAST, limits: { concurrent: 0 } }, 'limits.concurrent must be a whole number from 1'],
    ['a month of silence', { ...LEAST, cooldownHours: 721 }, 'cooldownHours must be a number of hours'],
    ['a private key', { ...INLINE, jwks: { keys: [privateJwk] } }, 'jwks.keys[0] holds a private or symmetric key'],
    [
      'a symmetric key',
      { ...INLINE, jwks: { keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'a' }] } },
      'private or symmetric',
    ],
    ['a key without kid', { ...INLINE, jwks: { keys: [{ ...publicJwk, kid: undefined }] } }, 'jwks.keys[0] has no kid'],
    ['two keys of one kid', { ...INLINE, jwks: sameKid }, 'two keys with one kid'],
    ['one key, not a set', { ...INLINE, jwks: publicJwk }, 'the key set is not a JWK Set'],
    ['a set of nothing', { ...INLINE, jwks: { keys: [] } }, 'jwks has no key that ES384 or RS384'],
    ['a short RSA key', { ...INLINE, jwks: { keys: [rsaJwk(1024)] } }, 'RSA of 2,048 to 8,192 bits'],
    ['a key of another algorithm', { ...INLINE, algorithms: ['RS384'] }, 'jwks has no key that RS384'],
    [
      'a key for encryption',
      { ...INLINE, jwks: { keys: [{ ...publicJwk, use: 'enc' }] } },
      'not kept for another alg or use',
    ],
  ])('%s', (_, value, words) => {
    expect(refusal(value)).toContain(words);
  });

  it('and no key is quoted', () => {
    expect(refusal({ ...INLINE, jwks: { keys: [privateJwk] } })).not.toContain(String(privateJwk.d));
  });

  it('whatever it is: taken, or refused as a registration', () => {
    const member = fc.constantFrom(
      'id',
      'iss',
      'jku',
      'jwks',
      'dialect',
      'limits',
      'suppression',
      'tenants',
      '__proto__',
    );
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.dictionary(member, fc.jsonValue())), (value) => {
        const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
        try {
          parse(isObject ? { ...LEAST, ...value } : value);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_CLIENT' });
        }
      }),
    );
  });
});

it('a key is known by its thumbprint (RFC 7638), which tells nothing else of it', async () => {
  const keys = [publicJwk, rsaJwk(2048), generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })];
  for (const jwk of keys) {
    const key = { ...jwk, kty: String(Reflect.get(jwk, 'kty')) };
    expect(keyThumbprint(key)).toBe(await calculateJwkThumbprint(key));
  }
});
