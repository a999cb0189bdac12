import { describe, expect, it } from '@jest/globals';
import type { AppDeps } from '../../src/app.js';
import { ServiceError } from '../../src/errors/service-error.js';
import { TEST_SERVICE } from '../support/catalogue.js';
import { fhirAuthorization, hookBody, hookContext } from '../support/hook-body.js';
import { startTestApp } from '../support/test-app.js';

/** A word that stands for patient data and secrets wherever a client can put one. */
const CANARY = 'CANARY7x';
const PATH = `/cds-services/${TEST_SERVICE}`;
const HEADERS = {
  'Content-Type': 'application/json',
  Authorization: `Bearer ${CANARY}`,
  'X-Request-Id': CANARY,
  'User-Agent': CANARY,
  Origin: `https://${CANARY}.example`,
  Cookie: `session=${CANARY}`,
};

const fullOfCanaries = hookBody({
  fhirServer: `https://${CANARY}.example/fhir`,
  fhirAuthorization: fhirAuthorization({ access_token: CANARY, subject: CANARY, patient: CANARY }),
  context: hookContext({
    userId: `Practitioner/${CANARY}`,
    patientId: CANARY,
    draftOrders: {
      resourceType: 'Bundle',
      entry: [
        { resource: { resourceType: 'ServiceRequest', id: CANARY, code: { text: CANARY }, note: [{ text: CANARY }] } },
      ],
    },
  }),
  prefetch: {
    patient: { resourceType: 'Patient', id: CANARY, name: [{ family: CANARY }] },
    labs: {
      resourceType: 'Bundle',
      entry: [{ resource: { resourceType: 'Observation', id: CANARY, valueString: CANARY } }],
    },
  },
  extension: { [CANARY]: { [CANARY]: CANARY } },
});

const throwing = (error: unknown): Partial<AppDeps> => ({
  assessOrder: () => {
    throw error;
  },
});
const cause = Object.assign(new Error(`cause ${CANARY}`), {
  response: { body: CANARY },
  config: { headers: { Authorization: CANARY } },
});

describe('patient data and secrets reach no log line and no fault (req. 31, 69)', () => {
  const call = (body: unknown): RequestInit => ({ method: 'POST', headers: HEADERS, body: JSON.stringify(body) });
  const raw = (body: string): RequestInit => ({ method: 'POST', headers: HEADERS, body });

  it.each<[string, number, string, RequestInit, Partial<AppDeps>]>([
    ['in a good call', 200, PATH, call(fullOfCanaries), {}],
    ['in an address', 404, `/${CANARY}?patient=${CANARY}`, { headers: HEADERS }, {}],
    ['in the id of a service', 404, `/cds-services/${CANARY}`, call({}), {}],
    ['in a broken address', 400, `/cds-services/${CANARY}%E0%A4%A`, call({}), {}],
    ['in a query', 200, `/cds-services?name=${CANARY}`, { headers: HEADERS }, {}],
    ['in text that is not JSON', 400, PATH, raw(CANARY), {}],
    ['in JSON cut short', 400, PATH, raw(JSON.stringify(fullOfCanaries).slice(0, -3)), {}],
    ['in JSON with a stray character', 400, PATH, raw(`{"name": ${CANARY}}`), {}],
    ['in a hook', 400, PATH, call(hookBody({ hook: CANARY })), {}],
    ['in a hookInstance', 400, PATH, call(hookBody({ hookInstance: CANARY })), {}],
    [
      'in a patientId of the wrong form',
      400,
      PATH,
      call(hookBody({ context: hookContext({ patientId: `${CANARY} ${CANARY}` }) })),
      {},
    ],
    ['in a userId of the wrong form', 400, PATH, call(hookBody({ context: hookContext({ userId: CANARY }) })), {}],
    [
      'in a fhirServer of the wrong form',
      400,
      PATH,
      call(hookBody({ fhirServer: `https://${CANARY}:${CANARY}@x` })),
      {},
    ],
    [
      'in a token of the wrong form',
      400,
      PATH,
      call(
        hookBody({
          fhirServer: 'https://x.example',
          fhirAuthorization: fhirAuthorization({ access_token: `${CANARY} x` }),
        }),
      ),
      {},
    ],
    ['in prefetch of the wrong form', 400, PATH, call(hookBody({ prefetch: { labs: CANARY } })), {}],
    ['in a content type', 415, PATH, { ...call({}), headers: { ...HEADERS, 'Content-Type': `text/${CANARY}` } }, {}],
    ['in a content encoding', 415, PATH, { ...call({}), headers: { ...HEADERS, 'Content-Encoding': CANARY } }, {}],
    ['in a body over the limit', 413, PATH, raw(CANARY.repeat(1000)), { maxBodyBytes: 1024 }],
    ['in an unforeseen error', 500, PATH, call(fullOfCanaries), throwing(new Error(`lactate of ${CANARY}`, { cause }))],
    [
      'in an unforeseen error of another class',
      500,
      PATH,
      call(fullOfCanaries),
      throwing(Object.assign(new RangeError(CANARY), { name: CANARY, code: CANARY })),
    ],
    ['in something thrown that is no error', 500, PATH, call(fullOfCanaries), throwing({ message: CANARY })],
    [
      'in the cause of a fault of the FHIR server',
      502,
      PATH,
      call(fullOfCanaries),
      throwing(new ServiceError('ERR_FHIR_UPSTREAM', { detail: 'search Observation', cause })),
    ],
    [
      'in the cause of a fault of the store',
      500,
      PATH,
      call(fullOfCanaries),
      throwing(new ServiceError('ERR_STORE', { detail: 'not kept', cause })),
    ],
    [
      'in what a refused client said',
      401,
      PATH,
      call(fullOfCanaries),
      {
        verifyClientJwt: () =>
          Promise.reject(new ServiceError('ERR_UNAUTHENTICATED', { detail: 'authentication is required', cause })),
      },
    ],
    [
      'in a malformed card',
      500,
      PATH,
      call(fullOfCanaries),
      {
        assessOrder: () =>
          Promise.resolve({
            cards: [
              {
                uuid: CANARY,
                summary: CANARY,
                indicator: 'info',
                detail: CANARY,
                source: { label: CANARY, topic: { system: CANARY, code: CANARY, display: CANARY } },
              },
            ],
          }),
      },
    ],
  ])('%s', async (_, status, path, init, deps) => {
    const app = await startTestApp(deps);
    const answer = await app.client.send(path, init);
    await app.close();
    expect(answer.status).toBe(status);
    if (status !== 200) expect(answer.text).not.toContain(CANARY);
    expect(JSON.stringify([...answer.headers])).not.toContain(CANARY);
    const lines = app.lines();
    expect(lines.map(({ event }) => event)).toContain('http.request');
    expect(JSON.stringify(lines)).not.toContain(CANARY);
    if (status >= 500) expect(lines.map(({ event }) => event)).toContain('http.fault');
  });

  it('but the hook call can be followed: its hookInstance is on its line', async () => {
    const app = await startTestApp();
    await app.client.call(TEST_SERVICE, fullOfCanaries);
    await app.close();
    expect(app.lines().find(({ event }) => event === 'http.request')).toMatchObject({
      hookInstance: 'd1577c69-dfbe-44ad-ba6d-3e05e953b2ea',
      route: 'service',
      method: 'POST',
      status: 200,
    });
  });
});
