import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CardFeedback } from '../../src/cds-hooks/feedback.js';
import { ServiceError } from '../../src/errors/service-error.js';
import { TEST_SERVICE } from '../support/catalogue.js';
import { issueOf, type Answer } from '../support/cds-client.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PATH = `/cds-services/${TEST_SERVICE}/feedback`;
const ORIGIN = 'https://ehr.example.org';
const CANARY = 'CANARY7x';
const CARD = '9368d37b-283f-44a0-93ea-547cebab93ed';
const item = (changes: Record<string, unknown> = {}) => ({
  card: CARD,
  outcome: 'overridden',
  overrideReason: { reason: { code: 'action-completed' }, userComment: `${CANARY} bled` },
  outcomeTimestamp: '2026-03-02T09:00:00Z',
  ...changes,
});

let app: TestApp;
let saved: { client: unknown; items: readonly CardFeedback[] }[] = [];
let isKnown = true;
let isStoreUp = true;
beforeAll(async () => {
  app = await startTestApp({
    corsOrigins: [ORIGIN],
    verifyClientJwt: () =>
      isKnown
        ? Promise.resolve({ id: 'ehr', tenant: 't-1' })
        : Promise.reject(new ServiceError('ERR_UNAUTHENTICATED', { detail: 'authentication is required' })),
    saveFeedback: (client, items) => {
      if (!isStoreUp) return Promise.reject(new ServiceError('ERR_STORE', { detail: 'feedback could not be kept' }));
      saved.push({ client, items });
      return Promise.resolve({ kept: items.length, repeated: 0, unknownCards: items.length });
    },
  });
});
afterAll(() => app.close());
beforeEach(() => {
  saved = [];
  isKnown = true;
  isStoreUp = true;
});

const send = (body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  app.client.send(PATH, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

describe('POST /cds-services/{id}/feedback', () => {
  it('keeps every item for the client that sent it and answers 200 without a body (req. 56, 58, 59)', async () => {
    const answer = await send({ feedback: [item(), item({ card: CARD.toUpperCase() })] });
    expect(answer).toMatchObject({ status: 200, text: '' });
    expect(saved).toMatchObject([
      { client: { id: 'ehr', tenant: 't-1' }, items: [{ cardId: CARD }, { cardId: CARD, outcome: 'overridden' }] },
    ]);
  });

  it('feedback on cards that are not known is taken and counted (req. 58)', async () => {
    expect((await send({ feedback: [item()] })).status).toBe(200);
    expect(app.lines().findLast(({ event }) => event === 'feedback.received')).toMatchObject({
      items: 1,
      kept: 1,
      unknownCards: 1,
      refused: 0,
    });
  });

  it('keeps the items that fit and warns of the others, by element (req. 59)', async () => {
    const answer = await send({ feedback: [item(), item({ outcome: CANARY }), item({ card: 7 })] });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      resourceType: 'OperationOutcome',
      issue: [
        { severity: 'warning', code: 'invalid', expression: ['feedback[1].outcome'] },
        { severity: 'warning', code: 'invalid', expression: ['feedback[2].card'] },
      ],
    });
    expect(answer.text).not.toContain(CANARY);
    expect(saved[0]?.items).toHaveLength(1);
  });

  it('bad call: nothing that fits is nothing kept', async () => {
    expect(await send({ feedback: [{}] })).toMatchObject({
      status: 200,
      body: { issue: [{ severity: 'warning' }] },
    });
    expect(saved).toEqual([]);
  });

  it.each([[{}], [[]], [{ feedback: [] }], [{ feedback: 'x' }]])('bad call: the envelope %j is 400', async (body) => {
    const answer = await send(body);
    expect(answer.status).toBe(400);
    expect(issueOf(answer)).toMatchObject({ errorCode: 'ERR_REQUEST_INVALID', expression: 'feedback' });
  });

  it('bad call: asks for the same credentials as a call, before its body is read (req. 60, 62)', async () => {
    isKnown = false;
    const answer = await app.client.send(PATH, { method: 'POST', body: 'not json' });
    expect(answer.status).toBe(401);
    expect(saved).toEqual([]);
  });

  it('bad call: for a service that is not known is 404', async () => {
    const answer = await app.client.send('/cds-services/another/feedback', { method: 'POST', body: '{}' });
    expect(answer.status).toBe(404);
    expect(issueOf(answer).errorCode).toBe('ERR_SERVICE_UNKNOWN');
  });

  it('bad call: any other method is 405', async () => {
    const answer = await app.client.send(PATH);
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('POST, OPTIONS');
  });

  it('fault: a store that fails is 500: feedback is never lost in silence', async () => {
    isStoreUp = false;
    expect(issueOf(await send({ feedback: [item()] })).errorCode).toBe('ERR_STORE');
  });

  it('a browser on a listed origin may ask beforehand, and can read a fault (req. 73)', async () => {
    const preflight = await app.client.send(PATH, {
      method: 'OPTIONS',
      headers: { Origin: ORIGIN, 'Access-Control-Request-Method': 'POST' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-methods')).toBe('POST, OPTIONS');
    expect(preflight.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    const fault = await send({}, { Origin: ORIGIN });
    expect(fault.headers.get('access-control-allow-origin')).toBe(ORIGIN);
  });

  it('free text goes to no log', () => {
    expect(JSON.stringify(app.lines())).not.toContain(CANARY);
  });
});

describe('a service that keeps no feedback', () => {
  it('does not offer it: the address is unknown (req. 56)', async () => {
    const without = await startTestApp();
    expect((await without.client.send(PATH, { method: 'POST', body: '{}' })).status).toBe(404);
    await without.close();
  });
});
