import { afterEach, describe, expect, test } from '@jest/globals';
import { request } from 'node:http';
import { SandboxStore } from '../../src/sandbox/sandbox-store.js';
import { RESOURCE_TYPES } from '../../src/sandbox/search-parameters.js';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/start-sandbox.js';
import { HOUR, infusion, iso, observation, patient, T0 } from './support/chart.js';
import { bundle, ids, send, sendJson } from './support/fhir-get.js';

let sandbox: Sandbox | undefined;
const start = async (options: SandboxOptions): Promise<Sandbox> => {
  sandbox = await startSandbox(options);
  return sandbox;
};
afterEach(async () => {
  await sandbox?.close();
  sandbox = undefined;
});

describe('the sandbox', () => {
  test('never starts in production mode', async () => {
    await expect(startSandbox({ mode: 'production' })).rejects.toMatchObject({ code: 'ERR_CONFIG' });
  });

  test('fault: a port that is taken is named', async () => {
    const { baseUrl } = await start({});
    const port = Number(new URL(baseUrl).port);
    await expect(startSandbox({ port })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      detail: expect.stringContaining(String(port)),
    });
  });

  test('bad call: a resource of an unknown type is not loaded in silence', async () => {
    await expect(startSandbox({ resources: [{ resourceType: 'Claim' } as never] })).rejects.toMatchObject({
      code: 'ERR_DATASET',
    });
  });

  test('listens on the loopback address only', async () => {
    expect((await start({})).baseUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/fhir$/);
  });

  test('its CapabilityStatement lists exactly what it can search by', async () => {
    const { baseUrl } = await start({});
    const { json } = await send(`${baseUrl}/metadata`);
    expect(json).toMatchObject({
      resourceType: 'CapabilityStatement',
      fhirVersion: '4.0.1',
      kind: 'instance',
      status: 'active',
    });
    const observationEntry = (
      json as { rest: { resource: { type: string; searchParam: { name: string }[] }[] }[] }
    ).rest[0]?.resource.find(({ type }) => type === 'Observation');
    const names = observationEntry?.searchParam.map(({ name }) => name) ?? [];
    expect(names.sort()).toEqual(
      [...(RESOURCE_TYPES.get('Observation')?.parameters.keys() ?? []), '_id', '_lastUpdated'].sort(),
    );
    for (const name of names) expect((await send(`${baseUrl}/Observation?${name}=2026-01-01`)).status).toBe(200);
  });

  test('wants its token for everything but its CapabilityStatement', async () => {
    const { baseUrl } = await start({ resources: [patient('p1')], requireToken: 'opaque-1' });
    const withToken = (token: string): ReturnType<typeof send> =>
      send(`${baseUrl}/Patient/p1`, { headers: { Authorization: `Bearer ${token}` } });
    expect((await send(`${baseUrl}/metadata`)).status).toBe(200);
    expect((await send(`${baseUrl}/Patient/p1`)).status).toBe(401);
    expect((await withToken('opaque-2')).status).toBe(401);
    expect((await withToken('opaque-1')).status).toBe(200);
  });

  test('compresses for those who ask, and only for them', async () => {
    const { baseUrl } = await start({
      resources: Array.from({ length: 20 }, (_, at) => observation({ id: `o${at}` })),
    });
    const encodingFor = (accepted: string | undefined): Promise<string | undefined> =>
      new Promise((resolve, reject) => {
        const headers = accepted === undefined ? {} : { 'Accept-Encoding': accepted };
        request(`${baseUrl}/Observation`, { headers }, (answer) => {
          answer.resume();
          resolve(answer.headers['content-encoding']);
        })
          .on('error', reject)
          .end();
      });
    expect(
      await Promise.all(['gzip', 'deflate, gzip;q=0.5', undefined, 'identity', 'gzip;q=0', 'br'].map(encodingFor)),
    ).toEqual(['gzip', 'gzip', undefined, undefined, undefined, undefined]);
  });

  test('logs each request: when it began and ended, where it went, and names of headers without their values', async () => {
    const { baseUrl, requests } = await start({ resources: [patient('p1')] });
    await send(`${baseUrl}/Patient/p1?_format=json`, { headers: { Authorization: 'Bearer secret-value' } });
    await sendJson(`${baseUrl}/Observation`, 'POST', {});
    expect(requests).toMatchObject([
      { method: 'GET', url: '/fhir/Patient/p1?_format=json', resourceType: 'Patient', status: 200 },
      { method: 'POST', url: '/fhir/Observation', resourceType: 'Observation', status: 400 },
    ]);
    expect(requests[0]?.headerNames).toContain('authorization');
    expect(JSON.stringify(requests)).not.toContain('secret-value');
    expect(requests[0]?.endedMs).toBeGreaterThanOrEqual(requests[0]?.startedMs ?? NaN);
  });

  test('refuses raw characters in a URL as an unrelaxed Tomcat does, where it is told to', async () => {
    const strict = await start({ resources: [observation({ id: 'o' })], refuseRawCharacters: true });
    expect((await send(`${strict.baseUrl}/Observation?code=http://loinc.org|718-7`)).text).toMatch(/^<!doctype html>/);
    expect(ids(await bundle(`${strict.baseUrl}/Observation?code=http://loinc.org%7C718-7`))).toEqual(['o']);
  });

  test('with a chart clock serves searches and reads as the chart stood', async () => {
    let viewMs = T0;
    const { baseUrl } = await start({
      viewAt: () => viewMs,
      resources: [
        { ...patient('p1'), deceasedDateTime: iso(T0 + 5 * HOUR) } as ReturnType<typeof patient>,
        observation({ id: 'known', atMs: T0 - HOUR, issuedMs: T0 }),
        observation({ id: 'not-yet', atMs: T0 - HOUR, issuedMs: T0 + 1 }),
        infusion('running', T0 - HOUR, T0 + HOUR),
        {
          resourceType: 'DocumentReference',
          id: 'd',
          status: 'current',
          subject: { reference: 'Patient/p1' },
          date: iso(T0 + 1),
          content: [{ attachment: { url: 'Binary/b' } }],
        },
        { resourceType: 'Binary', id: 'b', contentType: 'text/plain', data: 'eA==' },
      ],
    });
    expect((await send(`${baseUrl}/Patient/p1`)).text).not.toContain('deceased');
    expect(ids(await bundle(`${baseUrl}/Observation?patient=p1`))).toEqual(['known']);
    expect((await send(`${baseUrl}/Observation/not-yet`)).status).toBe(404);
    expect((await send(`${baseUrl}/Binary/b`)).status).toBe(404);
    expect(
      ids(
        await bundle(`${baseUrl}/MedicationAdministration?patient=p1&status=in-progress&effective-time=gt2030-01-01`),
      ),
    ).toEqual(['running']);
    expect((await send(`${baseUrl}/MedicationAdministration/running`)).text).not.toMatch(/"dose"|"end"/);
    viewMs = T0 + 2 * HOUR;
    expect((await send(`${baseUrl}/Binary/b`)).status).toBe(200);
    expect(ids(await bundle(`${baseUrl}/MedicationAdministration?patient=p1&status=completed`))).toEqual(['running']);
  });
});

describe('diagnoses in the chart as it stood', () => {
  test('an ICU stay that is over hides its diagnoses while the admission it is part of goes on', () => {
    const store = new SandboxStore({ now: () => T0 });
    const subject = { reference: 'Patient/p1' };
    const stay = { resourceType: 'Encounter', status: 'finished', class: { code: 'IMP' }, subject } as const;
    store.load([
      {
        resourceType: 'Condition',
        id: 'c',
        subject,
        recordedDate: iso(T0 - HOUR),
        encounter: { reference: 'Encounter/icu' },
      },
      {
        ...stay,
        id: 'icu',
        period: { start: iso(T0 - 9 * HOUR), end: iso(T0 - 2 * HOUR) },
        partOf: { reference: 'Encounter/adm' },
      },
      { ...stay, id: 'adm', period: { start: iso(T0 - 20 * HOUR), end: iso(T0 + 20 * HOUR) } },
    ]);
    const row = store.get('Condition', 'c');
    if (!row) throw new Error('not loaded');
    expect(store.asItStood(row, T0)).toBeUndefined();
    expect(store.asItStood(row, T0 + 20 * HOUR)).toBe(row);
  });
});
