import { afterEach, describe, expect, test } from '@jest/globals';
import type { Coding, DocumentReference, Patient } from 'fhir/r4.js';
import { ServiceError } from '../../src/errors/service-error.js';
import { assembleRecord } from '../../src/fhir/assemble-record.js';
import type { GatherOptions } from '../../src/fhir/gather-chart.js';
import type { PatientRecord } from '../../src/record/patient-record.js';
import { base64, patient, searchset } from '../support/fhir-resources.js';
import { startFhirStub, type FhirStub, type StubAnswer } from '../support/fhir-stub.js';
import { hookCall, labsData, options, smallChart } from './chart-calls.js';

const CONFIDENTIALITY = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
const ACT_CODE = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
let stub: FhirStub | undefined;
afterEach(async () => {
  await stub?.close();
  stub = undefined;
});

function noteOf(id: string, label?: Coding, given: Partial<DocumentReference> = {}): DocumentReference {
  return {
    resourceType: 'DocumentReference',
    id,
    status: 'current',
    ...(label ? { meta: { security: [label] } } : {}),
    subject: { reference: 'Patient/p1' },
    date: '2031-05-10T09:00:00Z',
    content: [{ attachment: { contentType: 'text/plain', data: base64(`Text of ${id}.`) } }],
    ...given,
  };
}

/** The record with these notes, prefetched or on the server; `Binary` answers are `binary`. */
async function recordWith(
  notes: readonly DocumentReference[],
  {
    road = 'prefetch',
    binary = {},
    given = {},
  }: { road?: 'prefetch' | 'fhir'; binary?: StubAnswer; given?: Partial<GatherOptions> } = {},
): Promise<PatientRecord> {
  stub = await startFhirStub((request) =>
    request.path.startsWith('Binary')
      ? binary
      : request.source === 'notes'
        ? { body: searchset(notes) }
        : smallChart(request),
  );
  const inPrefetch = { notes: { kind: 'data', resource: searchset(notes) } } as const;
  const call = hookCall({ fhirServer: stub.baseUrl, prefetch: road === 'prefetch' ? inPrefetch : {} });
  const { record } = await assembleRecord(call, [], {
    ...options,
    deadlineMs: 30_000,
    perCallTimeoutMs: 30_000,
    ...given,
  });
  return record;
}

const withheld = ({ rejections }: PatientRecord): number =>
  rejections.find(({ reason }) => reason === 'restricted')?.count ?? 0;

describe('notes under a security label', () => {
  test.each([
    ['confidentiality restricted', CONFIDENTIALITY, 'R'],
    ['confidentiality very restricted', CONFIDENTIALITY, 'V'],
    ['42 CFR Part 2', ACT_CODE, '42CFRPart2'],
    ['substance use', ACT_CODE, 'SUD'],
    ['substance use (ETH)', ACT_CODE, 'ETH'],
    ['psychiatry', ACT_CODE, 'PSY'],
  ])('%s: not read, on either road; counted', async (_, system, code) => {
    for (const road of ['prefetch', 'fhir'] as const) {
      const record = await recordWith([noteOf('open'), noteOf('closed', { system, code })], { road });
      expect(record.notes.map(({ text }) => text)).toEqual(['Text of open.']);
      expect(withheld(record)).toBe(1);
      expect(record.coverage.notes.kind).toBe('covered');
      await stub?.close();
    }
  });

  test.each([
    ['confidentiality normal', CONFIDENTIALITY, 'N'],
    ['an R of another system', 'http://example.org/labels', 'R'],
    ['an integrity label', 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', 'HRELIABLE'],
  ])('%s: read', async (_, system, code) => {
    const record = await recordWith([noteOf('open', { system, code })]);
    expect(record.notes).toHaveLength(1);
    expect(withheld(record)).toBe(0);
  });

  test("the document's own securityLabel counts as well", async () => {
    const securityLabel = [{ coding: [{ system: CONFIDENTIALITY, code: 'R' }] }];
    expect(withheld(await recordWith([noteOf('a', undefined, { securityLabel }), noteOf('b')]))).toBe(1);
  });

  test('a labelled Binary is not read, though its document has no label; the text it brought is dropped', async () => {
    const content = [{ attachment: { contentType: 'text/plain', url: 'Binary/b1' } }];
    const meta = { security: [{ system: CONFIDENTIALITY, code: 'R' }] };
    const body = { resourceType: 'Binary', id: 'b1', meta, contentType: 'text/plain', data: base64('secret') };
    const record = await recordWith([noteOf('d', undefined, { content })], { binary: { body } });
    expect(record.notes).toEqual([]);
    expect(withheld(record)).toBe(1);
  });

  test('a labelled document whose text lies in a Binary: that is not even asked for', async () => {
    const content = [{ attachment: { contentType: 'text/plain', url: 'Binary/b1' } }];
    await recordWith([noteOf('d', { system: CONFIDENTIALITY, code: 'R' }, { content })]);
    expect(stub?.requests.some(({ path }) => path.startsWith('Binary'))).toBe(false);
  });

  test('when all notes are withheld, notes are a source that was not read, not a patient without notes', async () => {
    const record = await recordWith([noteOf('d', { system: CONFIDENTIALITY, code: 'R' })]);
    expect(record.coverage.notes).toEqual({ kind: 'unavailable', reason: 'restricted' });
  });

  test('withheld notes take no places from those that may be read', async () => {
    const label = { system: CONFIDENTIALITY, code: 'R' };
    const newer = ['r1', 'r2'].map((id) => noteOf(id, label, { date: '2031-05-10T11:00:00Z' }));
    const record = await recordWith([...newer, noteOf('open')], { given: { maxNotes: 1 } });
    expect(record.notes).toHaveLength(1);
  });

  test('where the site reads them, they are read', async () => {
    const notes = [noteOf('d', { system: ACT_CODE, code: 'SUD' })];
    const record = await recordWith(notes, { given: { restrictedNotesRead: true } });
    expect(record.notes).toHaveLength(1);
    expect(withheld(record)).toBe(0);
  });
});

describe('a patient of several records (Patient.link)', () => {
  const linked = (...types: readonly ('replaced-by' | 'replaces' | 'refer' | 'seealso')[]): Patient => ({
    ...patient(),
    link: types.map((type, n) => ({ type, other: { reference: `Patient/other-${n}` } })),
  });
  async function assemble(found: Patient, road: 'prefetch' | 'fhir'): Promise<PatientRecord> {
    stub = await startFhirStub((request) => (request.source === 'patient' ? { body: found } : smallChart(request)));
    const given = { patient: { kind: 'data', resource: found }, labs: labsData } as const;
    const call = road === 'prefetch' ? hookCall({ prefetch: given }) : hookCall({ fhirServer: stub.baseUrl });
    return (await assembleRecord(call, [], { ...options, deadlineMs: 30_000, perCallTimeoutMs: 30_000 })).record;
  }

  test.each(['prefetch', 'fhir'] as const)('fault: one that was replaced is refused, by %s', async (road) => {
    const error: unknown = await assemble(linked('seealso', 'replaced-by'), road).catch((thrown: unknown) => thrown);
    if (!(error instanceof ServiceError)) throw new Error('not refused');
    expect([error.status, error.code, error.expression]).toEqual([412, 'ERR_PATIENT_MERGED', 'context.patientId']);
    expect(error.message).not.toContain('other-');
  });

  test.each(['prefetch', 'fhir'] as const)(
    'the others are counted, by %s; their charts are not asked for',
    async (road) => {
      const record = await assemble(linked('replaces', 'refer', 'seealso'), road);
      expect(record.rejections).toContainEqual({ reason: 'linked-record', count: 3 });
      expect(stub?.requests.some(({ path }) => path.includes('other-'))).toBe(false);
    },
  );

  test('a patient without links has nothing counted', async () => {
    expect((await assemble(patient(), 'prefetch')).rejections).toEqual([]);
  });
});
