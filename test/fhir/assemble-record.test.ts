import { afterEach, describe, expect, test } from '@jest/globals';
import type { FhirAuthorization, Prefetched } from '../../src/cds-hooks/hook-request.js';
import type { SourceKey } from '../../src/concepts/concept.js';
import { ServiceError } from '../../src/errors/service-error.js';
import { assembleRecord, type AssembleOptions } from '../../src/fhir/assemble-record.js';
import { createFhirBases } from '../../src/fhir/bases/fhir-bases.js';
import type { PatientRecord } from '../../src/record/patient-record.js';
import { startFhirStub, type FhirStub, type StubAnswer } from '../support/fhir-stub.js';
import { authorization, hookCall, labsData, options, patientData, smallChart, TOKEN } from './chart-calls.js';

let stub: FhirStub | undefined;
afterEach(async () => {
  await stub?.close();
  stub = undefined;
});

interface Situation {
  readonly prefetch?: Partial<Record<SourceKey, Prefetched>>;
  readonly others?: Prefetched;
  readonly answers?: Partial<Record<SourceKey, StubAnswer>>;
  readonly token?: FhirAuthorization;
  readonly given?: Partial<AssembleOptions>;
}

async function assemble({ prefetch = {}, others, answers, token, given }: Situation): Promise<PatientRecord> {
  if (answers) {
    stub = await startFhirStub(
      (request) => (request.source === undefined ? undefined : answers[request.source]) ?? smallChart(request),
    );
  }
  const call = hookCall({
    prefetch,
    ...(others ? { others } : {}),
    ...(stub ? { fhirServer: stub.baseUrl } : {}),
    ...(token ? { token } : {}),
  });
  const { record } = await assembleRecord(call, [], { ...options, ...given });
  return record;
}

async function faultOf(situation: Situation): Promise<ServiceError> {
  try {
    await assemble(situation);
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new Error('no fault');
}

describe('the chart cannot be read: 412 (req. 26)', () => {
  test('no prefetch and no FHIR server', async () => {
    const fault = await faultOf({});
    expect([fault.status, fault.code]).toEqual([412, 'ERR_CHART_UNAVAILABLE']);
    expect(fault.detail).toBe('the chart could not be read: patient (no-access), labs (no-access), vitals (no-access)');
  });

  test('the Patient alone', async () => {
    const fault = await faultOf({ prefetch: { labs: labsData } });
    expect(fault.detail).toBe('the chart could not be read: patient (no-access)');
    expect(fault.expression).toBe('prefetch.patient');
  });

  test('labs and vitals, by queries that failed at the client', async () => {
    const fault = await faultOf({
      prefetch: { patient: patientData, labs: { kind: 'failed' }, vitals: { kind: 'failed' } },
    });
    expect([fault.status, fault.code]).toEqual([412, 'ERR_CHART_UNAVAILABLE']);
  });

  // The deadline is short only where it is what the case is about: an answer of 401 may take a busy machine long.
  test.each<[string, StubAnswer, string, number]>([
    ['500', { status: 500 }, 'ERR_CHART_UNAVAILABLE', 15_000],
    ['401', { status: 401 }, 'ERR_FHIR_UNAUTHORIZED', 15_000],
    ['403', { status: 403 }, 'ERR_FHIR_UNAUTHORIZED', 15_000],
    ['no answer in time', { delayMs: 60_000 }, 'ERR_FHIR_TIMEOUT', 1500],
    ['a cut connection', { isCut: true }, 'ERR_CHART_UNAVAILABLE', 15_000],
  ])('fault: %s for labs and vitals', async (_, answer, code, deadlineMs) => {
    const perCallTimeoutMs = deadlineMs;
    const fault = await faultOf({ answers: { labs: answer, vitals: answer }, given: { deadlineMs, perCallTimeoutMs } });
    expect([fault.status, fault.code]).toEqual([412, code]);
    expect(fault.expression).toBe('prefetch.labs | prefetch.vitals');
  });

  test('scopes that show neither Patient nor Observations', async () => {
    const fault = await faultOf({ answers: {}, token: { ...authorization, scope: 'patient/Condition.rs' } });
    expect([fault.status, fault.code]).toEqual([412, 'ERR_FHIR_UNAUTHORIZED']);
    expect(stub?.requests.map(({ source }) => source)).toEqual(['conditions']);
  });

  test('a FHIR server that is not allowed', async () => {
    const fault = await faultOf({ answers: {}, given: { loopbackAllowed: false } });
    expect([fault.status, fault.code]).toEqual([412, 'ERR_FHIR_ORIGIN']);
    expect(fault.detail).toContain('none of the FHIR bases this client may name');
  });

  test('bad call: a token for a server on plain http, outside sandbox mode (req. 19)', async () => {
    const allowedBases = ['http://ehr.example.org/fhir'];
    const call = hookCall({ fhirServer: 'http://ehr.example.org/fhir' });
    const given = { ...options, allowedBases, mode: 'production' } as const;
    const fault: unknown = await assembleRecord(call, [], given).catch((thrown: unknown) => thrown);
    expect(fault).toMatchObject({ status: 412, code: 'ERR_FHIR_ORIGIN' });
    expect(fault instanceof ServiceError && fault.detail).toContain('name the server by https');
  });

  test('fault: a listed server whose name leads into a private network', async () => {
    const allowedBases = ['https://ehr.example.org/fhir'];
    const lookup = () => Promise.resolve([{ address: '10.0.0.7', family: 4 }]);
    const bases = createFhirBases({ lookup });
    const call = hookCall({ fhirServer: 'https://ehr.example.org/fhir' });
    const fault: unknown = await assembleRecord(call, [], { ...options, allowedBases, bases }).catch(
      (thrown: unknown) => thrown,
    );
    await bases.close();
    expect(fault).toMatchObject({ status: 412, code: 'ERR_FHIR_ORIGIN' });
    expect(fault instanceof ServiceError && fault.detail).toContain('HEMOLENS_FHIR_PRIVATE_NETWORKS=true');
    expect(fault instanceof ServiceError && fault.detail).not.toMatch(/10\.0\.0\.7|ehr\.example/);
  });

  test('fault: an unknown Patient', async () => {
    const fault = await faultOf({ answers: { patient: { status: 404 } } });
    expect([fault.status, fault.code]).toEqual([412, 'ERR_CHART_UNAVAILABLE']);
  });

  test('the fault says nothing about the patient, the server or the token', async () => {
    const body = { resourceType: 'OperationOutcome', issue: [{ severity: 'error', diagnostics: 'Jane Roe p1' }] };
    const fault = await faultOf({ answers: { patient: { status: 500, body } } });
    const shown = `${fault.message} ${fault.stack ?? ''} ${String(fault.cause)}`;
    for (const secret of ['Jane', 'Patient/p1', '127.0.0.1', TOKEN]) expect(shown).not.toContain(secret);
  });
});

describe('the chart can be read, with gaps: no fault', () => {
  test('a record that holds no data is no error', async () => {
    const record = await assemble({ prefetch: { patient: patientData }, others: { kind: 'empty' } });
    expect(record.values).toEqual([]);
    expect(record.coverage.labs).toEqual({ kind: 'covered', sinceMs: null, origin: 'prefetch' });
  });

  test('labs alone are enough, vitals alone too', async () => {
    const withLabs = await assemble({ prefetch: { patient: patientData, labs: labsData } });
    expect(withLabs.values).toHaveLength(1);
    expect(withLabs.coverage.vitals).toEqual({ kind: 'unavailable', reason: 'no-access' });
    const withVitals = await assemble({ prefetch: { patient: patientData, vitals: { kind: 'empty' } } });
    expect(withVitals.coverage.labs).toEqual({ kind: 'unavailable', reason: 'no-access' });
  });

  test('fault: 500 for everything but Patient and labs is said by the coverage', async () => {
    const broken: StubAnswer = { status: 500 };
    const record = await assemble({
      answers: {
        vitals: broken,
        bedside: broken,
        encounters: broken,
        administrations: broken,
        procedures: broken,
        conditions: broken,
        notes: broken,
      },
    });
    const lost = Object.entries(record.coverage).filter(([, { kind }]) => kind === 'unavailable');
    expect(lost.map(([key]) => key).sort()).toEqual([
      'administrations',
      'bedside',
      'conditions',
      'encounters',
      'notes',
      'procedures',
      'vitals',
    ]);
    expect(record.values.map(({ concept }) => concept)).toEqual(['hb']);
  });

  test('the record is the same by prefetch and by our own queries, but for where it came from', async () => {
    const fetched = await assemble({ answers: {} });
    const given = await assemble({
      prefetch: { patient: patientData, labs: labsData },
      others: { kind: 'empty' },
    });
    expect(given.values).toEqual(fetched.values.filter(({ concept }) => concept === 'hb'));
    expect(given.birthDate).toBe(fetched.birthDate);
  });
});
