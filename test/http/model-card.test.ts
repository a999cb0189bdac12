import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/test-app.js';

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());
const get = (headers: Record<string, string> = {}, method = 'GET') =>
  app.client.send('/model-card', { headers, method });

describe('GET /model-card', () => {
  it.each(['application/json', '*/*', 'application/json, text/html;q=0.5', 'image/png'])(
    'is JSON for %s',
    async (Accept) => {
      const { status, headers, body } = await get({ Accept });
      expect(status).toBe(200);
      expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(body).toMatchObject({ model: { id: 'test' }, attributes: { 0: { number: 1, value: 'not evaluated' } } });
    },
  );

  it('is a page for a browser, which may show its own style and nothing else', async () => {
    const { status, headers, text } = await get({ Accept: BROWSER });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = headers.get('content-security-policy') ?? '';
    const style = /<style>([^]*)<\/style>/.exec(text)?.[1] ?? 'no style';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`'sha256-${createHash('sha256').update(style).digest('base64')}'`);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('may be kept by a cache that asks whether it is still the same; the two forms are told apart', async () => {
    const [json, html] = [await get(), await get({ Accept: BROWSER })];
    expect(json.headers.get('cache-control')).toBe('no-cache');
    expect(json.headers.get('vary')).toBe('Origin, Accept');
    const etag = json.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    expect(html.headers.get('etag')).not.toBe(etag);
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      expect(await get({ 'If-None-Match': known })).toMatchObject({ status: 304, text: '' });
    }
    expect((await get({ 'If-None-Match': '"x"' })).status).toBe(200);
  });

  it('answers HEAD; bad call: no other method', async () => {
    expect(await get({}, 'HEAD')).toMatchObject({ status: 200, text: '' });
    expect((await get({}, 'POST')).status).toBe(405);
    expect(app.lines().at(-1)).toMatchObject({ route: 'model-card', status: 405 });
  });
});
