import { describe, expect, it } from '@jest/globals';
import type { CallContext } from '../../src/cds-hooks/call-context.js';
import { continueTrace } from '../../src/http/traceparent.js';
import { TEST_SERVICE } from '../support/catalogue.js';
import { hookBody } from '../support/hook-body.js';
import { startTestApp } from '../support/test-app.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

describe('a W3C traceparent', () => {
  it('is passed on with a parent id of our own', () => {
    const trace = continueTrace(`00-${TRACE}-${PARENT}-01`);
    expect(trace?.traceId).toBe(TRACE);
    expect(trace?.traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
    expect(trace?.traceparent).not.toContain(PARENT);
  });

  it('keeps only the flag that is known, and the known members of a later version', () => {
    expect(continueTrace(`00-${TRACE}-${PARENT}-fe`)?.traceparent).toMatch(/-00$/);
    expect(continueTrace(`cc-${TRACE}-${PARENT}-03-what-comes`)?.traceparent).toMatch(/^00-.*-01$/);
  });

  it.each([
    undefined,
    '',
    `ff-${TRACE}-${PARENT}-01`,
    `00-${'0'.repeat(32)}-${PARENT}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-01-more`,
    `00-${TRACE}-${PARENT}`,
    `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`,
    `cc-${TRACE}-${PARENT}-01-${'x'.repeat(600)}`,
  ])('bad call: that is not valid is no trace: %s', (header) => {
    expect(continueTrace(header)).toBeUndefined();
  });

  it('reaches the assessment with the id of the request, and the log', async () => {
    const seen: CallContext[] = [];
    const app = await startTestApp({
      assessOrder: (_request, _client, call) => {
        seen.push(call);
        return Promise.resolve({ cards: [] });
      },
    });
    const traced = await app.client.call(TEST_SERVICE, hookBody(), { traceparent: `00-${TRACE}-${PARENT}-01` });
    await app.client.call(TEST_SERVICE, hookBody(), { traceparent: 'nonsense' });
    await app.close();
    const [first, second] = seen;
    expect(first).toMatchObject({ requestId: traced.headers.get('x-request-id') });
    expect(first?.traceparent).toContain(TRACE);
    expect(second?.traceparent).toBeUndefined();
    expect(app.lines().filter(({ event }) => event === 'http.request')).toEqual([
      expect.objectContaining({ traceId: TRACE }),
      expect.not.objectContaining({ traceId: expect.anything() }),
    ]);
  });
});
