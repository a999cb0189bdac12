import { describe, expect, it } from '@jest/globals';
import { startTestApp } from '../support/test-app.js';

describe('the health of the service', () => {
  it('is told apart from its readiness: alive at once, ready when the model is verified', async () => {
    let isReady = false;
    const app = await startTestApp({ isReady: () => isReady });
    expect(await app.client.send('/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await app.client.send('/readyz')).toMatchObject({ status: 503, body: { status: 'unavailable' } });
    isReady = true;
    expect(await app.client.send('/readyz')).toMatchObject({ status: 200, body: { status: 'ok' } });
    await app.close();
  });
});
