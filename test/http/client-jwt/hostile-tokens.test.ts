import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClientJwtPort } from '../../../src/http/client-jwt/client-jwt-port.js';
import { TEST_SERVICE } from '../../support/catalogue.js';
import { hookBody } from '../../support/hook-body.js';
import { recordingLog, parseLines, startTestApp, type TestApp } from '../../support/test-app.js';
import { hostileTokens, leakedJwk, type Credentials, type HostileCase } from './support/hostile-tokens.js';
import { startKeyServer, type KeyServer } from './support/key-server.js';
import { registered, registryOf, testLedger } from './support/registrations.js';
import { goodClaims, testKey, token } from './support/signing.js';

const BASE = 'https://proxy.example.org/hemolens';
const SERVICE = `${BASE}/cds-services/${TEST_SERVICE}`;
const ISS = 'https://ehr.example.org';
const TENANTED = 'https://tenanted.example.org';
const NOW = Date.UTC(2026, 10, 23, 12);

const [ec, rsa, tenantKey] = [testKey('ES384'), testKey('RS384'), testKey('ES384', 'tenant-key')];
const unfit = {
  forEncryption: testKey('RS384', 'for-encryption'),
  forSigningOnly: testKey('RS384', 'for-signing-only'),
  otherAlgorithm: { ...testKey('ES256', 'p-256'), alg: 'ES384' },
  weak: testKey('RS384', 'weak', 1024),
  leaked: testKey('ES384', 'leaked'),
  twin: testKey('ES384', 'twin'),
};
const keySet = [
  ec.jwk,
  rsa.jwk,
  { ...unfit.forEncryption.jwk, use: 'enc' },
  { ...unfit.forSigningOnly.jwk, use: undefined, key_ops: ['sign'] },
  { ...unfit.otherAlgorithm.jwk, alg: undefined },
  unfit.weak.jwk,
  leakedJwk(unfit.leaked),
  unfit.twin.jwk,
  testKey('ES384', 'twin').jwk,
];

interface RawAnswer {
  readonly status: number | undefined;
  /** Names and values in the order sent, without Date and the request's id. */
  readonly headers: readonly string[];
  /** Without the request's id. */
  readonly body: string;
}

let keys: KeyServer;
let evil: KeyServer;
let app: TestApp;
let cases: readonly HostileCase[];
let assessed = 0;
const ledger = testLedger();
const { log, text } = recordingLog();

beforeAll(async () => {
  [keys, evil] = await Promise.all([startKeyServer(keySet), startKeyServer([])]);
  evil.answers({ keys: [testKey('ES384', ec.kid).jwk] });
  const registry = registryOf([
    registered({ id: 'ehr', iss: ISS, keys: { kind: 'jku', jku: keys.jku } }),
    registered({
      id: 'tenanted',
      iss: TENANTED,
      keys: { kind: 'inline', jwks: { keys: [tenantKey.jwk] } },
      tenants: ['hospital-a'],
    }),
  ]);
  app = await startTestApp({
    verifyClientJwt: createClientJwtPort({
      ...{ registry, ledger, log, clock: () => NOW },
      ...{ publicBaseUrl: BASE, mode: 'development' },
    }),
    assessOrder: () => {
      assessed += 1;
      return Promise.resolve({ cards: [] });
    },
  });
  cases = hostileTokens({
    ...{ nowMs: NOW, endpoint: SERVICE, iss: ISS, jku: keys.jku, ec, rsa, unfit },
    ...{ tenanted: { iss: TENANTED, key: tenantKey }, evilJku: evil.jku },
  });
});
afterAll(async () => {
  await app.close();
  await keys.close();
  await evil.close();
});

/** Calls the service by node:http, which sends two headers of one name where it is told to. */
async function call(credentials: Credentials): Promise<RawAnswer> {
  const body = JSON.stringify(hookBody());
  const headers = Object.entries({ ...credentials, 'Content-Type': 'application/json' });
  return new Promise((resolve, reject) => {
    const sent = request(`${app.client.baseUrl}/cds-services/${TEST_SERVICE}`, { method: 'POST' });
    for (const [name, value] of headers) sent.setHeader(name, value);
    sent.on('error', reject).on('response', (response) => {
      const id = String(response.headers['x-request-id']);
      const pairs = response.rawHeaders.flatMap((name, index, all) =>
        index % 2 === 0 && !['date', 'x-request-id'].includes(name.toLowerCase()) ? [`${name}: ${all[index + 1]}`] : [],
      );
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const bytes = Buffer.concat(chunks).toString('latin1');
        resolve({ status: response.statusCode, headers: pairs, body: bytes.replaceAll(id, 'ID') });
      });
    });
    sent.end(body);
  });
}

const goodToken = (jti?: string): string =>
  token({ key: ec, claims: { ...goodClaims(ISS, SERVICE, NOW), ...(jti !== undefined && { jti }) } });

describe('bad call: a hostile token (req. 63–69)', () => {
  it('is one of at least 100, each wrong in another way', () => {
    expect(cases.length).toBeGreaterThanOrEqual(100);
    expect(new Set(cases.map(([name]) => name)).size).toBe(cases.length);
  });

  it('is answered 401 with the same headers and bytes whatever is wrong, asks no server, is not remembered, reaches no order', async () => {
    // The key set is in the cache, as it is in a service that runs; one token was used up.
    expect((await call({ Authorization: `Bearer ${goodToken('used-up')}` })).status).toBe(200);
    const before = { asked: [...keys.asked], remembered: ledger.entries.size, assessed };
    const want = await call({ Authorization: `Bearer ${goodToken('used-up')}` });
    expect(want).toMatchObject({ status: 401, headers: expect.arrayContaining(['WWW-Authenticate: Bearer']) });
    expect(want.body).toContain('"text":"authentication is required"');
    for (const [name, reason, credentials] of cases) {
      const linesBefore = refusals().length;
      expect({ name, ...(await call(credentials)) }).toEqual({ name, ...want });
      expect({ name, reason: refusals().slice(linesBefore) }).toEqual({ name, reason: [reason] });
    }
    expect({ asked: [...keys.asked], remembered: ledger.entries.size, assessed }).toEqual(before);
    expect(evil.asked).toEqual([]);
  });

  it('is never in the log: not the token, a part of it, its jti, nor an issuer or tenant that is not ours (req. 69)', () => {
    const logged = text();
    for (const [name, , credentials] of cases) {
      for (const value of Object.values(credentials).flat()) {
        for (const part of value.split(/[ .,]+/).filter(({ length }) => length > 15)) {
          expect({ name, isLogged: logged.includes(part) }).toEqual({ name, isLogged: false });
        }
      }
    }
    expect(logged).not.toMatch(/evil\.example|hospital-z|used-up|used%2Dup/);
  });

  it('is told to the operator by reason, client and a hash of its jti, under the id of the answer', () => {
    const lines = parseLines(text()).filter(({ event }) => event === 'client.refused');
    expect(lines[0]).toEqual({
      ...{ time: expect.any(String), level: 'warn', event: 'client.refused', requestId: expect.any(String) },
      ...{ reason: 'jti-seen', client: 'ehr', jtiHash: expect.stringMatching(/^[0-9a-f]{16}$/) },
    });
    const unknown = lines.find(({ reason }) => reason === 'iss-unknown');
    expect(unknown).not.toHaveProperty('client');
    expect(unknown).not.toHaveProperty('jtiHash');
  });

  it('does not use up the jti of the real one: that is accepted afterwards, once (req. 65)', async () => {
    const jti = 'wanted-by-a-forger';
    const forged = token({
      key: ec,
      claims: { ...goodClaims(ISS, SERVICE, NOW), jti },
      signedBy: testKey('ES384').privateKey,
    });
    expect((await call({ Authorization: `Bearer ${forged}` })).status).toBe(401);
    expect((await call({ Authorization: `Bearer ${goodToken(jti)}` })).status).toBe(200);
    expect((await call({ Authorization: `Bearer ${goodToken(jti)}` })).status).toBe(401);
  });
});

function refusals(): readonly unknown[] {
  return parseLines(text())
    .filter(({ event }) => event === 'client.refused')
    .map(({ reason }) => reason);
}
