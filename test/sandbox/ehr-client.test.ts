import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import { json } from 'node:stream/consumers';
import type { ServiceRequest } from 'fhir/r4.js';
import { parseHookRequest } from '../../src/cds-hooks/parse-hook-request.js';
import { prefetchTemplates } from '../../src/cds-hooks/prefetch-template.js';
import { signOrders, type SignOrders } from '../../src/sandbox/ehr-client.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/start-sandbox.js';
import { observation, patient } from './support/chart.js';

const DRAFT: ServiceRequest = {
  resourceType: 'ServiceRequest',
  id: 'draft-1',
  status: 'draft',
  intent: 'order',
  subject: { reference: 'Patient/p1' },
};
const TEMPLATES: Readonly<Record<string, string>> = {
  patient: 'Patient/{{context.patientId}}',
  labs: 'Observation?patient={{context.patientId}}&code=718-7,http://loinc.org%7C2160-0&_sort=-date&_count=2',
  notes: 'DocumentReference?patient={{context.patientId}}&status=current',
  admission: 'Encounter/{{context.encounterId}}',
};

let sandbox: Sandbox;
let service: Server;
let serviceUrl = '';
let received: { path: string; body: unknown }[] = [];
let answer = { status: 200, text: '{"cards":[]}' };
let discovered: unknown = {
  services: [
    { hook: 'patient-view', id: 'other' },
    { hook: 'order-sign', id: 'risk', prefetch: TEMPLATES },
  ],
};

beforeAll(async () => {
  service = createServer((request, response) => {
    if (request.method === 'GET') return void response.end(JSON.stringify(discovered));
    void json(request).then((body) => {
      received.push({ path: request.url ?? '', body });
      response.writeHead(answer.status).end(answer.text);
    });
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const address = service.address();
  serviceUrl = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
});
afterAll(() => new Promise((resolve) => service.close(resolve)));
beforeEach(async () => {
  received = [];
  sandbox = await startSandbox({ resources: [patient('p1'), ...[1, 2, 3].map((at) => observation({ id: `o${at}` }))] });
});
afterEach(() => sandbox.close());

const sign = (more: Partial<SignOrders> = {}): ReturnType<typeof signOrders> =>
  signOrders({ serviceUrl, fhirBase: sandbox.baseUrl, patientId: 'p1', draftOrders: [DRAFT], ...more });

describe('the EHR that signs orders', () => {
  test('sends each template as its FHIR server answers it, next links and all', async () => {
    const { request, status, response, timing } = await sign();
    expect([status, response]).toEqual([200, { cards: [] }]);
    expect(received).toEqual([{ path: '/cds-services/risk', body: request }]);
    expect(Object.keys(request.prefetch ?? {}).sort()).toEqual(['labs', 'notes', 'patient']);
    expect(request.prefetch).toMatchObject({
      patient: { resourceType: 'Patient', id: 'p1' },
      labs: {
        entry: [{ resource: { id: 'o3' } }, { resource: { id: 'o2' } }],
        link: [{ relation: 'self' }, { relation: 'next' }],
      },
      notes: { resourceType: 'Bundle', total: 0 },
    });
    expect(request).toMatchObject({
      hook: 'order-sign',
      fhirServer: sandbox.baseUrl,
      context: { patientId: 'p1', draftOrders: { type: 'collection', entry: [{ resource: DRAFT }] } },
    });
    expect(timing.hookMs).toBeGreaterThan(0);
  });

  test('puts no bound on dates', async () => {
    await sign();
    expect(sandbox.requests.every(({ url }) => !url.includes('date=le'))).toBe(true);
    expect(sandbox.requests).toHaveLength(3);
  });

  test('runs a template whose token it knows', async () => {
    sandbox.store.load([
      {
        resourceType: 'Encounter',
        id: 'e1',
        status: 'in-progress',
        class: { code: 'IMP' },
        subject: { reference: 'Patient/p1' },
      },
    ]);
    const { request } = await sign({ encounterId: 'e1' });
    expect(request.prefetch).toMatchObject({ admission: { id: 'e1' } });
    expect(request.context).toMatchObject({ encounterId: 'e1' });
  });

  test('prefetches nothing or only some keys when told so', async () => {
    expect((await sign({ prefetch: 'none' })).request).not.toHaveProperty('prefetch');
    expect(sandbox.requests).toHaveLength(0);
    expect(Object.keys((await sign({ prefetch: ['labs'] })).request.prefetch ?? {})).toEqual(['labs']);
  });

  test('a read that finds nothing is null; a query that fails has no key', async () => {
    sandbox.faults.set([
      { kind: 'status', status: 500, resourceType: 'Observation' },
      { kind: 'cut-connection', resourceType: 'DocumentReference' },
    ]);
    const { request } = await sign({ patientId: 'nobody' });
    expect(request.prefetch).toEqual({ patient: null });
  });

  test('gives its token to the service and uses it itself', async () => {
    await sandbox.close();
    sandbox = await startSandbox({ resources: [patient('p1')], requireToken: 'opaque' });
    const { request } = await sign({ accessToken: 'opaque', scope: 'patient/Patient.rs' });
    expect(request.fhirAuthorization).toMatchObject({
      access_token: 'opaque',
      token_type: 'Bearer',
      scope: 'patient/Patient.rs',
      patient: 'p1',
    });
    expect(request.prefetch).toMatchObject({ patient: { id: 'p1' } });
  });

  test('tells no FHIR server when it gives no access', async () => {
    const { request } = await sign({ namesFhirServer: false, accessToken: 'opaque' });
    expect(request).not.toHaveProperty('fhirServer');
    expect(request).not.toHaveProperty('fhirAuthorization');
  });

  test('returns a refusal with its body, and undefined for a body that is no JSON', async () => {
    answer = { status: 412, text: '{"resourceType":"OperationOutcome"}' };
    expect(await sign()).toMatchObject({ status: 412, response: { resourceType: 'OperationOutcome' } });
    answer = { status: 502, text: '<html>' };
    expect(await sign()).toMatchObject({ status: 502, response: undefined });
    answer = { status: 200, text: '{"cards":[]}' };
  });

  test('what it sends passes the request check of this service', async () => {
    const discovery = discovered;
    discovered = { services: [{ hook: 'order-sign', id: 'risk', prefetch: Object.fromEntries(prefetchTemplates()) }] };
    const { request } = await sign({ accessToken: 'opaque' });
    discovered = discovery;
    const parsed = parseHookRequest(JSON.parse(JSON.stringify(request)));
    expect([...parsed.prefetch].filter(([, { kind }]) => kind === 'absent' || kind === 'failed')).toEqual([]);
    expect(parsed.prefetch.get('labs')?.kind).toBe('data');
    expect(parsed.prefetch.get('conditions')?.kind).toBe('empty');
  });

  test('bad call: a service without an order-sign hook is refused', async () => {
    const discovery = discovered;
    discovered = { services: [] };
    await expect(sign()).rejects.toMatchObject({ code: 'ERR_CONFIG' });
    discovered = discovery;
  });
});
