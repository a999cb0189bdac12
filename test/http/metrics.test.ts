import { afterEach, describe, expect, it } from '@jest/globals';
import { isLocal } from '../../src/http/metrics-route.js';
import { issueOf } from '../support/cds-client.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const metrics = { contentType: 'text/plain; version=0.0.4; charset=utf-8', text: () => Promise.resolve('up 1\n') };
let app: TestApp;
afterEach(() => app.close());

describe('GET /metrics', () => {
  it('is text for Prometheus, kept by no cache', async () => {
    app = await startTestApp({ metrics, metricsReaders: 'loopback' });
    const { status, headers, text } = await app.client.send('/metrics');
    expect([status, text]).toEqual([200, 'up 1\n']);
    expect(headers.get('content-type')).toBe(metrics.contentType);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(app.lines().at(-1)).toMatchObject({ route: 'metrics', status: 200 });
  });

  it.each(['X-Forwarded-For', 'Forwarded', 'Via', 'X-Real-IP'])(
    'bad call: is not there for a caller that a proxy on this machine forwards (%s)',
    async (header) => {
      app = await startTestApp({ metrics, metricsReaders: 'loopback' });
      const answer = await app.client.send('/metrics', { headers: { [header]: '127.0.0.1' } });
      expect(answer.status).toBe(404);
      expect(issueOf(answer)).toMatchObject({ errorCode: 'ERR_ROUTE_UNKNOWN' });
    },
  );

  it('is there for everyone where the site says so, and for nobody where it is off', async () => {
    app = await startTestApp({ metrics, metricsReaders: 'everyone' });
    expect((await app.client.send('/metrics', { headers: { 'X-Forwarded-For': '10.0.0.1' } })).status).toBe(200);
    await app.close();
    app = await startTestApp({ metrics, metricsReaders: 'off' });
    expect((await app.client.send('/metrics')).status).toBe(404);
  });

  it('bad call: is read only', async () => {
    app = await startTestApp({ metrics, metricsReaders: 'everyone' });
    expect((await app.client.send('/metrics', { method: 'POST' })).status).toBe(405);
  });

  it.each<[string | undefined, boolean]>([
    ['127.0.0.1', true],
    ['127.8.9.10', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['10.0.0.1', false],
    ['::ffff:10.0.0.1', false],
    ['127.0.0.1.example.org', false],
    ['fe80::1', false],
    [undefined, false],
  ])('takes a caller at %s for one on this machine: %s', async (remoteAddress, expected) => {
    app = await startTestApp();
    expect(isLocal({ headers: {}, socket: { remoteAddress } })).toBe(expected);
  });
});
