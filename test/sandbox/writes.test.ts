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

  test('an update that changes nothing makes no new version', async () => {
    const url = `${sandbox.baseUrl}/Observation/mine`;
    await sendJson(url, 'PUT', observation({ id: 'mine' }));
    const again = await sendJson(url, 'PUT', observation({ id: 'mine' }));
    expect([again.status, again.headers.get('etag')]).toEqual([200, 'W/"1"']);
  });

  test('an update that names the current version is done, one that names an old one is 409', async () => {
    const url = `${sandbox.baseUrl}/Observation/mine`;
    await sendJson(url, 'PUT', observation({ id: 'mine' }));
    const update = (status: 'amended' | 'corrected'): ReturnType<typeof send> =>
      send(url, {
        method: 'PUT',
        headers: { 'Content-Type': 'application/fhir+json', 'If-Match': 'W/"1"' },
        body: JSON.stringify(observation({ id: 'mine', status })),
      });
    expect([(await update('amended')).status, (await update('corrected')).status]).toEqual([200, 409]);
    expect((await send(url)).json).toMatchObject({ status: 'amended' });
  });

  test('a conditional create makes one resource, however often it is asked; several matches are 412', async () => {
    const named = { resourceType: 'Patient', identifier: [{ system: 'urn:x', value: '7' }] };
    const create = (): ReturnType<typeof send> =>
      send(`${sandbox.baseUrl}/Patient`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/fhir+json', 'If-None-Exist': 'identifier=urn:x%7C7' },
        body: JSON.stringify(named),
      });
    expect([(await create()).status, (await create()).status]).toEqual([201, 200]);
    await sendJson(`${sandbox.baseUrl}/Patient`, 'POST', named);
    expect((await create()).status).toBe(412);
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
        { response: { status: '201 Created', location: expect.stringMatching(/^Observation\/[^/]+\/_history\/1$/) } },
        { response: { status: '201 Created', location: expect.stringMatching(/^Patient\/[^/]+\/_history\/1$/) } },
        { response: { status: '200 OK' }, resource: { id: 'p1' } },
      ],
    });
    const made = [...sandbox.store.rows('Patient')].map(({ id }) => id).find((id) => id !== 'p1') ?? '';
    expect(ids(await bundle(`${sandbox.baseUrl}/Observation?patient=${made}`))).toHaveLength(1);
  });

  test('a conditional create in a transaction finds what is there, and its fullUrl stands for that', async () => {
    sandbox.store.load([{ resourceType: 'Patient', id: 'known', identifier: [{ system: 'urn:x', value: '7' }] }]);
    const { json } = await post(
      'transaction',
      {
        fullUrl: PATIENT_URN,
        resource: { resourceType: 'Patient' },
        request: { method: 'POST', url: 'Patient', ifNoneExist: 'identifier=urn:x%7C7' },
      },
      entry('POST', 'Observation', { ...unnamed, subject: { reference: PATIENT_URN } }),
    );
    expect(json).toMatchObject({
      entry: [{ response: { status: '200 OK' } }, { response: { status: '201 Created' } }],
    });
    expect(ids(await bundle(`${sandbox.baseUrl}/Observation?patient=known`))).toHaveLength(1);
  });

  test('a transaction with an old version changes nothing and is 409', async () => {
    await sendJson(`${sandbox.baseUrl}/Observation/mine`, 'PUT', observation({ id: 'mine' }));
    const { status } = await post('transaction', entry('PUT', 'Patient/p9', patient('p9')), {
      resource: observation({ id: 'mine', status: 'amended' }),
      request: { method: 'PUT', url: 'Observation/mine', ifMatch: 'W/"7"' },
    });
    expect([status, (await send(`${sandbox.baseUrl}/Patient/p9`)).status]).toEqual([409, 404]);
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
        { response: { status: '204 No Content' } },
      ],
    });
  });

  test.each([
    ['a collection', 'collection', []],
    ['an entry without request', 'transaction', [{ resource: patient('p2') }]],
    [
      'a conditional update',
      'transaction',
      [{ resource: patient('p2'), request: { method: 'PUT', url: 'Patient/p2', ifNoneMatch: 'W/"1"' } }],
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
