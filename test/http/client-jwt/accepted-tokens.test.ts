import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CdsClient } from '../../../src/clients/cds-client.js';
import { createClientJwtPort } from '../../../src/http/client-jwt/client-jwt-port.js';
import { TEST_SERVICE } from '../../support/catalogue.js';
import type { Answer } from '../../support/cds-client.js';
import { hookBody } from '../../support/hook-body.js';
import { recordingLog, startTestApp, type TestApp } from '../../support/test-app.js';
import { startKeyServer, type KeyServer } from './support/key-server.js';
import { registered, registryOf, testLedger } from './support/registrations.js';
import { goodClaims, testKey, token, type Members } from './support/signing.js';

const BASE = 'https://proxy.example.org/hemolens';
const SERVICE = `${BASE}/cds-services/${TEST_SERVICE}`;
const SANDBOX = 'https://sandbox.cds-hooks.org';
const NOW = Date.UTC(2026, 10, 23, 12);

const ec = testKey('ES384');
const rsa = testKey('RS384');
const epic = testKey('RS384', 'epic-key');
const cerner = testKey('RS256', 'cerner-key');
const sandboxKey = testKey('ES384', '44823f3d-0b01-4a6c-a80e-b9d3e8a7226f');
const [es256, es512, ps384, ed] = [testKey('ES256'), testKey('ES512'), testKey('PS384'), testKey('EdDSA')];

let keys: KeyServer;
let app: TestApp;
let seen: CdsClient[];
const ledger = testLedger();

beforeAll(async () => {
  keys = await startKeyServer([ec.jwk, rsa.jwk]);
  const { log } = recordingLog();
  const registry = registryOf([
    registered({ id: 'ehr', iss: 'https://ehr.example.org', keys: { kind: 'jku', jku: keys.jku } }),
    registered({
      id: 'epic',
      iss: 'https://epic.example.org/api/FHIR/R4',
      keys: { kind: 'inline', jwks: { keys: [epic.jwk] }, jku: 'https://epic.example.org/keys' },
      dialect: { cardDetail: 'html', audiences: ['https://cds.example.org/registered-by-hand'] },
    }),
    registered({
      id: 'cerner',
      iss: 'https://cds-hooks.cerner.com',
      keys: { kind: 'inline', jwks: { keys: [cerner.jwk] } },
      algorithms: ['RS256'],
      tenants: ['hospital-a', 'hospital-b'],
    }),
    registered({
      id: 'sandbox',
      iss: SANDBOX,
      keys: { kind: 'inline', jwks: { keys: [sandboxKey.jwk] }, jku: `${SANDBOX}/.well-known/jwks.json` },
    }),
    registered({
      id: 'others',
      iss: 'others',
      keys: { kind: 'inline', jwks: { keys: [es256.jwk, es512.jwk, ps384.jwk, ed.jwk] } },
      algorithms: ['ES256', 'ES512', 'PS384', 'EdDSA'],
    }),
  ]);
  const deps = { registry, ledger, clock: () => NOW, log };
  app = await startTestApp({
    verifyClientJwt: createClientJwtPort({ ...deps, publicBaseUrl: `${BASE}/`, mode: 'development' }),
    assessOrder: (_request, client) => {
      seen.push(client);
      return Promise.resolve({ cards: [] });
    },
  });
});
afterAll(async () => {
  await app.close();
  await keys.close();
});

async function call(
  jwt: string,
  path = TEST_SERVICE,
): Promise<{ readonly answer: Answer; readonly client?: CdsClient }> {
  seen = [];
  const answer = await app.client.call(path, hookBody(), { Authorization: `Bearer ${jwt}` });
  const [client] = seen;
  return { answer, ...(client && { client }) };
}

const ehr = (claims: Members = {}, header: Members = {}, key = ec): string =>
  token({ key, header, claims: { ...goodClaims('https://ehr.example.org', SERVICE, NOW), ...claims } });

describe('a token is accepted', () => {
  it.each([
    ['ES384', ec],
    ['RS384', rsa],
  ])('signed by %s with a key of the registered key set (req. 64, 66)', async (_, key) => {
    const { answer, client } = await call(ehr({}, {}, key));
    expect(answer.status).toBe(200);
    expect(client).toMatchObject({ id: 'ehr', registration: { id: 'ehr', mode: 'silent' } });
    expect(client).not.toHaveProperty('tenant');
  });

  it.each([es256, es512, ps384, ed].map((key) => [key.alg, key] as const))(
    'signed by %s where that was configured for its client (req. 64)',
    async (_, key) => {
      const jwt = token({ key, claims: goodClaims('others', SERVICE, NOW) });
      expect((await call(jwt)).client).toMatchObject({ id: 'others' });
    },
  );

  it.each<[string, Members, Members?]>([
    ['whose aud is a list with the address called (req. 63)', { aud: ['https://elsewhere.example.org', SERVICE] }],
    ['whose aud is that of the proxy with a trailing slash (req. 72)', { aud: `${SERVICE}/` }],
    ['that names its key set (req. 66)', {}, { jku: 'REGISTERED' }],
    ['whose typ is written in small letters', {}, { typ: 'jwt' }],
    ['whose client clock is 59 s ahead (req. 68)', { iat: NOW / 1000 + 59, nbf: NOW / 1000 + 59 }],
    ['that ended 59 s ago by our clock (req. 68)', { iat: NOW / 1000 - 300, exp: NOW / 1000 - 59 }],
    ['that lives for an hour (req. 68)', { exp: Math.floor(NOW / 1000) + 3600 }],
    [
      'with claims that are not of the standard',
      { sub: 'client-id', nbf: NOW / 1000 - 300, 'urn:x': { a: [1, { a: 2 }] } },
    ],
  ])('%s', async (_, claims, header = {}) => {
    const { answer, client } = await call(ehr(claims, header['jku'] === undefined ? header : { jku: keys.jku }));
    expect(answer.status).toBe(200);
    expect(client).toMatchObject({ id: 'ehr' });
  });

  it('called with a trailing slash and a query, signed without (req. 72)', async () => {
    expect((await call(ehr(), `${TEST_SERVICE}/?debug=1`)).answer.status).toBe(200);
  });

  it.each(['bearer', 'BEARER'])('sent with the scheme written %s', async (scheme) => {
    seen = [];
    const answer = await app.client.call(TEST_SERVICE, hookBody(), { Authorization: `${scheme} ${ehr()}` });
    expect(answer.status).toBe(200);
  });

  it('of an EHR that sends nbf, sub and 15 minutes, with an audience configured by hand (req. 65, 68)', async () => {
    const iat = NOW / 1000;
    const claims = {
      ...goodClaims('https://epic.example.org/api/FHIR/R4', 'https://cds.example.org/registered-by-hand/', NOW),
      ...{ sub: 'client-id', nbf: iat - 300, exp: iat + 900 },
    };
    const jwt = token({ key: epic, claims, header: { jku: 'https://epic.example.org/keys' } });
    expect((await call(jwt)).client).toMatchObject({ id: 'epic' });
  });

  it('with a tenant on the list, which the service is told (req. 65)', async () => {
    const claims = { ...goodClaims('https://cds-hooks.cerner.com', SERVICE, NOW), tenant: 'hospital-b' };
    expect((await call(token({ key: cerner, claims }))).client).toMatchObject({ id: 'cerner', tenant: 'hospital-b' });
  });

  it('of the public sandbox, in development, against keys that were registered with it (§2.1)', async () => {
    const jwt = token({
      key: sandboxKey,
      claims: goodClaims(SANDBOX, SERVICE, NOW),
      header: { jku: `${SANDBOX}/.well-known/jwks.json` },
    });
    expect((await call(jwt)).client).toMatchObject({ id: 'sandbox' });
  });

  it('once: the ledger remembers it until it could no longer be accepted (req. 65)', async () => {
    const jwt = ehr({ jti: 'only-once' });
    expect((await call(jwt)).answer.status).toBe(200);
    expect((await call(jwt)).answer.status).toBe(401);
    const untilMs = ledger.entries.get(JSON.stringify(['https://ehr.example.org', 'only-once']));
    expect(untilMs).toBeGreaterThan(NOW + (300 + 60) * 1000);
  });

  it('although another client used the same jti (req. 68)', async () => {
    const jti = 'of-both';
    const other = { ...goodClaims('others', SERVICE, NOW), jti };
    expect((await call(ehr({ jti }))).answer.status).toBe(200);
    expect((await call(token({ key: es256, claims: other }))).answer.status).toBe(200);
  });

  it('for discovery, which is open without one and closed to a bad one (req. 14, 71)', async () => {
    const discover = (jwt?: string): Promise<Answer> =>
      app.client.send('/cds-services', jwt === undefined ? {} : { headers: { Authorization: `Bearer ${jwt}` } });
    expect((await discover()).status).toBe(200);
    expect((await discover(ehr({ aud: `${BASE}/cds-services` }))).status).toBe(200);
    expect((await discover(ehr())).status).toBe(401);
  });

  it('without a look at its key set for each: one fetch served them all (req. 66)', () => {
    expect(keys.asked).toEqual(['/jwks.json']);
  });
});
