import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { SandboxFault } from '../../src/sandbox/faults.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/start-sandbox.js';
import { infusion, observation, patient, T0 } from './support/chart.js';
import { bundle, ids, nextLink, send } from './support/fhir-get.js';

let sandbox: Sandbox;
beforeAll(async () => {
  const results = Array.from({ length: 30 }, (_, at) =>
    observation({ id: `o${at}`, code: at % 2 === 0 ? '718-7' : '8867-4' }),
  );
  sandbox = await startSandbox({ resources: [patient('p1'), ...results, infusion('i', T0 - 1000, T0)] });
});
afterAll(() => sandbox.close());
afterEach(() => sandbox.faults.clear());

const observations = (): string => `${sandbox.baseUrl}/Observation?patient=p1&_count=20`;

describe('fault: the server can be made to', () => {
  test.each([401, 403, 429, 500, 503])('answer %i with an OperationOutcome', async (status) => {
    sandbox.faults.set([{ kind: 'status', status }]);
    const answer = await send(observations());
    expect([answer.status, answer.json]).toMatchObject([status, { resourceType: 'OperationOutcome' }]);
    expect(answer.headers.has('www-authenticate')).toBe(status === 401);
  });

  test('answer late', async () => {
    sandbox.faults.set([{ kind: 'delay', ms: 60 }]);
    const started = performance.now();
    expect((await send(observations())).status).toBe(200);
    expect(performance.now() - started).toBeGreaterThan(55);
  });

  test('cut the connection before and within the body', async () => {
    for (const at of ['start', 'body'] as const) {
      sandbox.faults.set([{ kind: 'cut-connection', at }]);
      await expect(send(observations())).rejects.toThrow();
    }
  });

  test('send an HTML page', async () => {
    sandbox.faults.set([{ kind: 'html-page' }]);
    const answer = await send(observations());
    expect([answer.status, answer.headers.get('content-type'), answer.text.slice(0, 9)]).toEqual([
      502,
      'text/html;charset=UTF-8',
      '<!DOCTYPE',
    ]);
  });

  test('send JSON that ends too early', async () => {
    sandbox.faults.set([{ kind: 'broken-json' }]);
    const answer = await send(observations());
    expect([answer.status, answer.json]).toEqual([200, undefined]);
  });

  test('send the body slowly, and all of it', async () => {
    sandbox.faults.set([{ kind: 'slow-body', ms: 100 }]);
    const answer = await fetch(observations());
    const started = performance.now();
    expect(ids(JSON.parse(await answer.text()) as Awaited<ReturnType<typeof bundle>>)).toHaveLength(20);
    expect(performance.now() - started).toBeGreaterThan(50);
  });

  test('point its next link elsewhere', async () => {
    sandbox.faults.set([{ kind: 'foreign-next' }]);
    expect(new URL(nextLink(await bundle(observations())) ?? '').origin).toBe('https://elsewhere.example');
    sandbox.faults.set([{ kind: 'foreign-next', base: 'http://127.0.0.1:9/fhir' }]);
    expect(nextLink(await bundle(observations()))).toMatch(/^http:\/\/127\.0\.0\.1:9\/fhir\?_getpages=/);
  });

  test('mix an OperationOutcome into a searchset', async () => {
    sandbox.faults.set([{ kind: 'outcome-entry' }]);
    const page = await bundle(observations());
    expect(page.entry).toHaveLength(21);
    expect(page.entry?.at(-1)).toMatchObject({
      search: { mode: 'outcome' },
      resource: { resourceType: 'OperationOutcome', issue: [{ severity: 'error' }] },
    });
  });

  test('page without end', async () => {
    sandbox.faults.set([{ kind: 'endless-paging' }]);
    let next: string | undefined = observations();
    for (let page = 0; page < 12; page += 1) {
      expect(next).toBeDefined();
      const found = await bundle(next ?? '');
      expect(found.entry?.length).toBeGreaterThan(0);
      next = nextLink(found);
    }
    expect(next).toBeDefined();
  });
});

describe('a fault strikes', () => {
  const isStruck = async (query: string): Promise<boolean> =>
    (await send(`${sandbox.baseUrl}/${query}`)).status === 503;
  const fault = (where: Partial<SandboxFault>): SandboxFault => ({ ...where, kind: 'status', status: 503 });

  test('one resource type, in searches, reads and further pages', async () => {
    const next = nextLink(await bundle(observations())) ?? '';
    sandbox.faults.set([fault({ resourceType: 'Observation' })]);
    expect(await isStruck('Observation/o1')).toBe(true);
    expect((await send(next)).status).toBe(503);
    expect(await isStruck('Patient/p1')).toBe(false);
    expect(await isStruck('MedicationAdministration?patient=p1')).toBe(false);
  });

  test('one of two searches of the same type, by a code it names', async () => {
    sandbox.faults.set([fault({ code: '8867-4' })]);
    expect(await isStruck('Observation?patient=p1&code=718-7,http://loinc.org%7C8867-4')).toBe(true);
    expect(await isStruck('Observation?patient=p1&code=718-7')).toBe(false);
  });

  test('a POST search by the parameters of its body', async () => {
    sandbox.faults.set([fault({ code: '8867-4' })]);
    const answer = await send(`${sandbox.baseUrl}/Observation/_search`, {
      method: 'POST',
      body: new URLSearchParams({ code: '8867-4' }),
    });
    expect(answer.status).toBe(503);
  });

  test('further pages only', async () => {
    sandbox.faults.set([fault({ page: 'further' })]);
    const first = await bundle(observations());
    expect((await send(nextLink(first) ?? '')).status).toBe(503);
  });

  test('so many times and no more, and never after it was switched off', async () => {
    sandbox.faults.set([fault({ times: 2 })]);
    expect([await isStruck('Patient/p1'), await isStruck('Patient/p1'), await isStruck('Patient/p1')]).toEqual([
      true,
      true,
      false,
    ]);
    sandbox.faults.set([fault({})]);
    sandbox.faults.clear();
    expect(await isStruck('Patient/p1')).toBe(false);
  });

  test('before a write happens', async () => {
    sandbox.faults.set([fault({})]);
    await send(`${sandbox.baseUrl}/Observation/o1`, { method: 'DELETE' });
    sandbox.faults.clear();
    expect((await send(`${sandbox.baseUrl}/Observation/o1`)).status).toBe(200);
  });
});
