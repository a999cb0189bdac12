import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { without } from '../../src/sandbox/resource-json.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/start-sandbox.js';
import { observation, patient } from './support/chart.js';
import { bundle, ids, send, sendJson } from './support/fhir-get.js';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());
beforeEach(() => {
  sandbox.store.clear();
  sandbox.store.load([patient('p1')]);
});

const unnamed = without(observation({ id: 'x' }), 'id');

describe('writes', () => {
  test('a create gets an id, a version and a place', async () => {
    const made = await sendJson(`${sandbox.baseUrl}/Observation`, 'POST', unnamed);
    expect(made.status).toBe(201);
    expect(made.headers.get('etag')).toBe('W/"1"');
    const place = made.headers.get('location')?.replace('/_history/1', '') ?? '';
    expect((await send(place)).json).toMatchObject({ resourceType: 'Observation', meta: { versionId: '1' } });
  });

  test('an update with a new id creates, the next one makes version 2', async () => {
    const url = `${sandbox.baseUrl}/Observation/mine`;
    expect((await sendJson(url, 'PUT', observation({ id: 'mine' }))).status).toBe(201);
    const second = await sendJson(url, 'PUT', observation({ id: 'mine', status: 'amended' }));
    expect([second.status, second.headers.get('etag')]).toEqual([200, 'W/"2"']);
    expect(ids(await bundle(`${sandbox.baseUrl}/Observation?patient=p1&status=amended`))).toEqual(['mine']);
    expect(ids(await bundle(`${sandbox.baseUrl}/Observation?patient=p1&status=final`))).toEqual([]);
  });

  test('what was deleted is 410, no longer found, and comes back with a higher version', async () => {
    const url = `${sandbox.baseUrl}/Observation/mine`;
    await sendJson(url, 'PUT', observation({ id: 'mine' }));
    expect((await send(url, { method: 'DELETE' })).status).toBe(200);
    expect((await send(url)).status).toBe(410);
    expect(ids(await bundle(`${sandbox.baseUrl}/Observation?patient=p1`))).toEqual([]);
    await sendJson(url, 'PUT', observation({ id: 'mine' }));
    expect((await send(url)).json).toMatchObject({ meta: { versionId: '3' } });
  });

  test('a caller cannot change what is stored by changing its own object', async () => {
    const mine = observation({ id: 'mine' });
    sandbox.store.load([mine]);
    mine.status = 'cancelled';
    expect((await send(`${sandbox.baseUrl}/Observation/mine`)).json).toMatchObject({ status: 'final' });
  });

  test('bad call: what cannot be written is refused and not stored', async () => {
    const url = `${sandbox.baseUrl}/Observation`;
    const answers = [
      await send(url, {
        method: 'POST',
        body: '{"resourceType":',
        headers: { 'Content-Type': 'application/fhir+json' },
      }),
      await send(url, { method: 'POST', body: JSON.stringify(unnamed), headers: { 'Content-Type': 'text/plain' } }),
      await sendJson(url, 'POST', patient('p3')),
      await sendJson(url, 'POST', { ...unnamed, subject: { reference: 'Patient/nobody' } }),
      await sendJson(`${url}/a`, 'PUT', observation({ id: 'b' })),
      await send(`${sandbox.baseUrl}/Patient/p1`, { method: 'PUT' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([400, 415, 400, 400, 400, 415]);
    expect(answers.every(({ json }) => JSON.stringify(json).includes('OperationOutcome'))).toBe(true);
    expect(sandbox.store.counts()).toEqual(new Map([['Patient', 1]]));
  });

  test('bad call: a Patient that others refer to cannot be deleted', async () => {
    sandbox.store.load([observation({ id: 'o' })]);
    expect((await send(`${sandbox.baseUrl}/Patient/p1`, { method: 'DELETE' })).status).toBe(409);
    await send(`${sandbox.baseUrl}/Observation/o`, { method: 'DELETE' });
    expect((await send(`${sandbox.baseUrl}/Patient/p1`, { method: 'DELETE' })).status).toBe(200);
  });
});

describe('transaction and batch', () => {
  const entry = (method: string, url: string, resource?: object, fullUrl?: string): object => ({
    request: { method, url },
    ...(resource && { resource }),
    ...(fullUrl !== undefined && { fullUrl }),
  });
  const post = (type: string, ...entries: object[]): ReturnType<typeof send> =>
    sendJson(sandbox.baseUrl, 'POST', { resourceType: 'Bundle', type, entry: entries });
  const PATIENT_URN = 'urn:uuid:0f0e0d0c-0000-4000-8000-000000000001';

  test('references between entries become references to what was created, in any order', async () => {
    const { status, json } = await post(
      'transaction',
      entry(
        'POST',
        'Observation',
        { ...unnamed, subject: { reference: PATIENT_URN } },
        'urn:uuid:0f0e0d0c-0000-4000-8000-000000000002',
      ),
      entry('POST', 'Patient', { resourceType: 'Patient' }, PATIENT_URN),
      entry('GET', 'Patient/p1'),
    );
    expect(status).toBe(200);
    expect(json).toMatchObject({
      type: 'transaction-response',
      entry: [
        { response: { status: '201 Created' }, resource: { resourceType: 'Observation' } },
        { response: { status: '201 Created' }, resource: { resourceType: 'Patient' } },
        { response: { status: '200 OK' }, resource: { id: 'p1' } },
      ],
    });
    const made = [...sandbox.store.rows('Patient')].map(({ id }) => id).find((id) => id !== 'p1') ?? '';
    expect(ids(await bundle(`${sandbox.baseUrl}/Observation?patient=${made}`))).toHaveLength(1);
  });

  test('a transaction is all or nothing', async () => {
    const { status, json } = await post(
      'transaction',
      entry('PUT', 'Patient/p9', patient('p9')),
      entry('PUT', 'Observation/o9', { ...observation({ id: 'o9' }), subject: { reference: 'Patient/nobody' } }),
    );
    expect(status).toBe(400);
    expect(json).toMatchObject({ resourceType: 'OperationOutcome' });
    expect(sandbox.store.counts()).toEqual(new Map([['Patient', 1]]));
  });

  test('a batch does what it can and says what it could not', async () => {
    const { json } = await post(
      'batch',
      entry('PUT', 'Observation/o1', observation({ id: 'o1' })),
      entry('GET', 'Observation/none'),
      entry('POST', 'Spaceship', {}),
      entry('GET', 'Observation?patient=p1'),
      entry('DELETE', 'Observation/o1'),
    );
    expect(json).toMatchObject({
      type: 'batch-response',
      entry: [
        { response: { status: '201 Created', etag: 'W/"1"' } },
        { response: { status: '404 Not Found', outcome: { resourceType: 'OperationOutcome' } } },
        { response: { status: '404 Not Found' } },
        { resource: { type: 'searchset', total: 1 } },
        { response: { status: '200 OK' } },
      ],
    });
  });

  test.each([
    ['a collection', 'collection', []],
    ['an entry without request', 'transaction', [{ resource: patient('p2') }]],
    [
      'a conditional create',
      'transaction',
      [{ resource: patient('p2'), request: { method: 'POST', url: 'Patient', ifNoneExist: 'identifier=1' } }],
    ],
    ['a patch', 'transaction', [{ request: { method: 'PATCH', url: 'Patient/p1' } }]],
    ['one resource twice', 'transaction', [entry('PUT', 'Patient/p2', patient('p2')), entry('DELETE', 'Patient/p2')]],
  ])('bad call: %s is refused', async (_title, type, entries) => {
    const { status, json } = await post(type, ...entries);
    expect([status, json]).toMatchObject([400, { resourceType: 'OperationOutcome' }]);
    expect(sandbox.store.counts()).toEqual(new Map([['Patient', 1]]));
  });

  test('a transaction deletes before it writes', async () => {
    sandbox.store.load([observation({ id: 'o1' })]);
    const { status } = await post('transaction', entry('GET', 'Observation/o1'), entry('DELETE', 'Observation/o1'));
    expect(status).toBe(200);
    expect((await send(`${sandbox.baseUrl}/Observation/o1`)).status).toBe(410);
  });
});
