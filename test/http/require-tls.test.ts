import { afterEach, describe, expect, it } from '@jest/globals';
import { TEST_SERVICE } from '../support/catalogue.js';
import { issueOf, type Answer } from '../support/cds-client.js';
import { hookBody } from '../support/hook-body.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let app: TestApp;
afterEach(() => app.close());

const call = (headers: Record<string, string> = {}): Promise<Answer> =>
  app.client.call(TEST_SERVICE, hookBody(), headers);

describe('a service that is to be reached over TLS only (req. 1)', () => {
  it('bad call: refuses what a proxy that is not listed passes on, whatever that says of TLS, before the token is looked at', async () => {
    let asked = 0;
    app = await startTestApp({
      requiresTls: true,
      trustedProxies: ['10.0.0.0/8'],
      verifyClientJwt: () => {
        asked += 1;
        return Promise.resolve({ id: 'test' });
      },
    });
    const answer = await call({ 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': '203.0.113.9' });
    expect(answer.status).toBe(403);
    expect(issueOf(answer)).toMatchObject({ code: 'security', errorCode: 'ERR_TLS_REQUIRED' });
    expect(issueOf(answer).text).toContain('HEMOLENS_TRUSTED_PROXIES');
    expect(asked).toBe(0);
    const discovery = await app.client.send('/cds-services', { headers: { 'X-Forwarded-For': '203.0.113.9' } });
    expect(discovery.status).toBe(403);
  });

  it('takes what came over TLS to a trusted proxy, and refuses what came to it over plain http', async () => {
    app = await startTestApp({ requiresTls: true, trustedProxies: ['127.0.0.1'] });
    const forwarded = { 'X-Forwarded-For': '203.0.113.9' };
    expect((await call({ ...forwarded, 'X-Forwarded-Proto': 'https' })).status).toBe(200);
    expect((await call({ ...forwarded, 'X-Forwarded-Proto': 'http' })).status).toBe(403);
    expect((await call(forwarded)).status).toBe(403);
  });

  it('answers a program on this machine, and probes of the health from anywhere', async () => {
    app = await startTestApp({ requiresTls: true });
    expect((await call()).status).toBe(200);
    for (const path of ['/healthz', '/readyz']) {
      expect((await app.client.send(path, { headers: { 'X-Forwarded-For': '10.0.0.9' } })).status).toBe(200);
    }
  });
});
