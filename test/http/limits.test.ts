import { request } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { AppDeps } from '../../src/app.js';
import type { RegisteredClient } from '../../src/clients/registered-client.js';
import { ServiceError } from '../../src/errors/service-error.js';
import { GENEROUS_LIMITS, type HttpLimits } from '../../src/http/http-limits.js';
import { TEST_SERVICE } from '../support/catalogue.js';
import { issueOf, type Answer } from '../support/cds-client.js';
import { hookBody } from '../support/hook-body.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let app: TestApp;
afterEach(() => app.close());

async function start(limits: Partial<HttpLimits>, deps: Partial<AppDeps> = {}): Promise<void> {
  app = await startTestApp({ limits: { ...GENEROUS_LIMITS, ...limits }, corsOrigins: ['https://ehr.test'], ...deps });
}
const call = (headers: Record<string, string> = {}): Promise<Answer> =>
  app.client.call(TEST_SERVICE, hookBody(), headers);

const registration = (limits: RegisteredClient['limits']): RegisteredClient => ({
  id: 'small',
  iss: 'https://small.example.org',
  keys: { kind: 'inline', jwks: { keys: [] } },
  algorithms: ['ES384'],
  tenants: [],
  fhirBases: [],
  mode: 'cards',
  isEnabled: true,
  dialect: { cardDetail: 'markdown', audiences: [] },
  suppression: { userRoles: [], encounterClasses: [], locations: [] },
  cooldownHours: 0,
  callOptions: [],
  limits,
});

/** An assessment that is under way until it is let go. */
function held(): { readonly assessOrder: AppDeps['assessOrder']; letGo: () => void; readonly started: () => number } {
  let started = 0;
  const waiting: (() => void)[] = [];
  return {
    assessOrder: () => {
      started += 1;
      return new Promise((resolve) => waiting.push(() => resolve({ cards: [] })));
    },
    letGo: () => {
      for (const resolve of waiting.splice(0)) resolve();
    },
    started: () => started,
  };
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('bad call: a client that sends more than it may', () => {
  it('in a minute gets 429 with the time to wait, which a browser can read', async () => {
    await start({ clientRequestsPerMinute: 3 });
    for (let sent = 0; sent < 3; sent += 1) expect((await call()).status).toBe(200);
    const answer = await call({ Origin: 'https://ehr.test' });
    expect(answer.status).toBe(429);
    expect(issueOf(answer)).toMatchObject({ severity: 'error', code: 'throttled', errorCode: 'ERR_RATE_LIMITED' });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect(answer.headers.get('access-control-expose-headers')).toContain('Retry-After');
    expect((await app.client.discover()).status).toBe(200);
  });

  it('is held to the limits of its registration, and takes none of another client', async () => {
    const small = registration({ requestsPerMinute: 1, concurrent: 5 });
    await start(
      {},
      {
        verifyClientJwt: ({ headers }) =>
          Promise.resolve(
            headers.authorization === 'Bearer small' ? { id: 'small', registration: small } : { id: 'big' },
          ),
      },
    );
    const asSmall = { Authorization: 'Bearer small' };
    expect([(await call(asSmall)).status, (await call(asSmall)).status, (await call()).status]).toEqual([
      200, 429, 200,
    ]);
  });

  it('at once gets 429, and is let in again when a call has ended', async () => {
    const assessment = held();
    await start({ clientConcurrentCalls: 2 }, { assessOrder: assessment.assessOrder });
    const first = [call(), call()];
    await until(() => assessment.started() === 2);
    const refused = await call();
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('1');
    assessment.letGo();
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200]);
    const again = call();
    await until(() => assessment.started() === 3);
    assessment.letGo();
    expect((await again).status).toBe(200);
  });

  it('gives its place back when a call fails', async () => {
    await start(
      { clientConcurrentCalls: 1 },
      { assessOrder: () => Promise.reject(new ServiceError('ERR_FHIR_UPSTREAM', { detail: 'x' })) },
    );
    for (let sent = 0; sent < 3; sent += 1) expect((await call()).status).toBe(502);
  });
});

describe('bad call: credentials that are tried', () => {
  const refusing: Partial<AppDeps> = {
    verifyClientJwt: ({ headers }) =>
      headers.authorization === 'Bearer good'
        ? Promise.resolve({ id: 'good' })
        : Promise.reject(new ServiceError('ERR_UNAUTHENTICATED', { detail: 'authentication is required' })),
  };

  it('are refused with 401 some hundred times, then slowed down with 429', async () => {
    await start({}, refusing);
    const statuses: number[] = [];
    for (let sent = 0; sent < 601; sent += 1) {
      statuses.push((await app.client.send(`/cds-services/${TEST_SERVICE}`, { method: 'POST' })).status);
    }
    expect(statuses.slice(0, 600).every((status) => status === 401)).toBe(true);
    expect(statuses.at(-1)).toBe(429);
  }, 60_000);

  it('count by the address that a trusted proxy names', async () => {
    await start({ failedAuthenticationsPerMinute: 2 }, { ...refusing, trustedProxies: ['127.0.0.1'] });
    const from = async (address: string): Promise<number> => (await call({ 'X-Forwarded-For': address })).status;
    expect([await from('203.0.113.1'), await from('203.0.113.1'), await from('203.0.113.1')]).toEqual([401, 401, 429]);
    expect(await from('203.0.113.2')).toBe(401);
    const network = [await from('2001:db8::1'), await from('2001:db8::2'), await from('2001:db8:0:0:9::3')];
    expect(network).toEqual([401, 401, 429]);
    expect(await from('2001:db8:1::1')).toBe(401);
  });

  it('count for nothing when they are good', async () => {
    await start({ failedAuthenticationsPerMinute: 1 }, refusing);
    for (let sent = 0; sent < 3; sent += 1) expect((await call({ Authorization: 'Bearer good' })).status).toBe(200);
  });
});

describe('bad call: a client that leaves while its token is checked', () => {
  it('gives its place back at once, and not when the time for a body is up', async () => {
    let letIn: () => void = () => undefined;
    const checking = new Promise<void>((resolve) => (letIn = resolve));
    let asked = 0;
    await start(
      { clientConcurrentCalls: 1, bodyTimeoutMs: 60_000 },
      {
        verifyClientJwt: async () => {
          asked += 1;
          if (asked === 1) await checking;
          return { id: 'test' };
        },
      },
    );
    const { hostname, port } = new URL(app.client.baseUrl);
    const headers = { 'Content-Type': 'application/json', 'Content-Length': 500 };
    const leaving = request({ hostname, port, path: `/cds-services/${TEST_SERVICE}`, method: 'POST', headers });
    leaving.on('error', () => undefined);
    leaving.write('{');
    await until(() => asked === 1);
    leaving.destroy();
    await until(() => app.lines().some(({ event, status }) => event === 'http.request' && status === 0));
    letIn();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await call()).status).toBe(200);
  });
});

describe('more calls than the service can answer', () => {
  it('are refused with 503 and Retry-After before anything of them is read; health and discovery still answer', async () => {
    const assessment = held();
    let asked = 0;
    await start(
      { maxCalls: 2 },
      {
        assessOrder: assessment.assessOrder,
        verifyClientJwt: () => {
          asked += 1;
          return Promise.resolve({ id: 'test' });
        },
      },
    );
    const taken = [call(), call()];
    await until(() => assessment.started() === 2);
    const refused = await call({ Origin: 'https://ehr.test' });
    expect(refused.status).toBe(503);
    expect(issueOf(refused)).toMatchObject({ code: 'throttled', errorCode: 'ERR_OVERLOADED' });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(refused.headers.get('access-control-allow-origin')).toBe('https://ehr.test');
    expect(refused.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(asked).toBe(2);
    expect((await app.client.send('/healthz')).status).toBe(200);
    expect((await app.client.discover()).status).toBe(200);
    assessment.letGo();
    expect((await Promise.all(taken)).map(({ status }) => status)).toEqual([200, 200]);
    const again = call();
    await until(() => assessment.started() === 3);
    assessment.letGo();
    expect((await again).status).toBe(200);
  });

  it.each([
    ['in capitals', () => `/CDS-Services/${TEST_SERVICE}`],
    ['as an absolute URL', () => `${app.client.baseUrl}/cds-services/${TEST_SERVICE}`],
  ])('bad call: an address written %s does not go round the gate', async (_, target) => {
    const assessment = held();
    await start({ maxCalls: 1 }, { assessOrder: assessment.assessOrder });
    const taken = call();
    await until(() => assessment.started() === 1);
    const { hostname, port } = new URL(app.client.baseUrl);
    const status = await new Promise((resolve, reject) => {
      const headers = { 'Content-Type': 'application/json' };
      const sent = request({ hostname, port, path: target(), method: 'POST', headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      sent.once('error', reject);
      sent.end(JSON.stringify(hookBody()));
    });
    assessment.letGo();
    expect(status).toBe(503);
    expect((await taken).status).toBe(200);
  });
});
