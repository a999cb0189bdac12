import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FhirResource } from 'fhir/r4.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/start-sandbox.js';
import { HOUR, infusion, iso, observation, patient, T0 } from './support/chart.js';
import { bundle, ids, send } from './support/fhir-get.js';

const CHART: readonly FhirResource[] = [
  patient('p1'),
  patient('p2'),
  observation({ id: 'hb-old', atMs: T0 - 50 * HOUR }),
  observation({ id: 'hb-new', atMs: T0 - 2 * HOUR, encounter: 'e1' }),
  observation({ id: 'hb-local', atMs: T0 - 3 * HOUR, system: 'http://hospital.example/lab', code: '718-7' }),
  observation({ id: 'hb-bare', atMs: T0 - 4 * HOUR, system: '', code: '718-7' }),
  observation({ id: 'hr', atMs: T0 - HOUR, code: '8867-4', category: 'vital-signs', status: 'preliminary' }),
  observation({ id: 'other', patientId: 'p2', atMs: T0 - HOUR }),
  infusion('inf-long', T0 - 10 * HOUR, T0 - 2 * HOUR),
  infusion('inf-short', T0 - 5 * HOUR, T0 - 4 * HOUR),
  {
    resourceType: 'Encounter',
    id: 'e1',
    status: 'in-progress',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'IMP' },
    type: [{ coding: [{ system: 'http://snomed.info/sct', code: '309904001' }] }],
    subject: { reference: 'Patient/p1' },
    period: { start: iso(T0 - 60 * HOUR) },
  },
  {
    resourceType: 'Encounter',
    id: 'e0',
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
    subject: { reference: 'Patient/p1' },
    period: { start: '2026-01-05', end: '2026-01-06' },
  },
];

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ resources: CHART, now: () => T0 });
});
afterAll(() => sandbox.close());

describe('search', () => {
  const bound = (hours: number): string => encodeURIComponent(iso(T0 - hours * HOUR));
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ['finds one patient by bare id', 'Observation?patient=p2', ['other']],
    ['finds one patient by typed reference', 'Observation?subject=Patient/p2', ['other']],
    ['finds one patient by absolute reference', 'Observation?patient=http://x.example/fhir/Patient/p2', ['other']],
    ['a type modifier names the subject', 'Observation?subject:Patient=p2', ['other']],
    ['finds an unknown patient empty', 'Observation?patient=nobody', []],
    [
      'a code without system matches every system',
      'Observation?patient=p1&code=718-7&_sort=-date',
      ['hb-new', 'hb-local', 'hb-bare', 'hb-old'],
    ],
    [
      'a code with system matches that system only',
      'Observation?patient=p1&code=http://loinc.org%7C718-7&_sort=-date',
      ['hb-new', 'hb-old'],
    ],
    ['a code with an empty system matches codes without one', 'Observation?patient=p1&code=%7C718-7', ['hb-bare']],
    [
      'a system alone matches all its codes',
      'Observation?patient=p1&code=http://loinc.org%7C&_sort=date',
      ['hb-old', 'hb-new', 'hr'],
    ],
    [
      'a comma between codes is or',
      'Observation?patient=p1&code=8867-4,http://loinc.org%7C718-7&_sort=-date',
      ['hr', 'hb-new', 'hb-old'],
    ],
    ['an escaped comma belongs to the code', 'Observation?patient=p1&code=8867-4%5C,718-7', []],
    ['category', 'Observation?patient=p1&category=vital-signs', ['hr']],
    ['status', 'Observation?patient=p1&status=preliminary', ['hr']],
    ['encounter', 'Observation?encounter=Encounter/e1', ['hb-new']],
    ['encounter by bare id', 'Observation?encounter=e1', ['hb-new']],
    ['_id', 'Observation?_id=hr,other&_sort=_id', ['hr', 'other']],
    ['_id under another patient finds nothing', 'Observation?_id=other&patient=p1', []],
    ['date ge is inclusive', `Observation?patient=p1&date=ge${bound(2)}&_sort=-date`, ['hr', 'hb-new']],
    ['date gt is exclusive', `Observation?patient=p1&date=gt${bound(2)}&_sort=-date`, ['hr']],
    ['date le is inclusive', `Observation?patient=p1&date=le${bound(4)}&_sort=-date`, ['hb-bare', 'hb-old']],
    ['date lt is exclusive', `Observation?patient=p1&date=lt${bound(4)}&_sort=-date`, ['hb-old']],
    [
      'several dates must all hold',
      `Observation?patient=p1&date=ge${bound(4)}&date=le${bound(3)}&_sort=date`,
      ['hb-bare', 'hb-local'],
    ],
    [
      'dates after a comma are alternatives',
      `Observation?patient=p1&date=gt${bound(2)},lt${bound(4)}&_sort=date`,
      ['hb-old', 'hr'],
    ],
    ['a day means the whole day', 'Observation?patient=p1&date=2026-03-08', ['hb-old']],
    ['ne leaves the day out', 'Observation?patient=p1&date=ne2026-03-10&_sort=date', ['hb-old']],
    ['sa and eb compare whole ranges', `Observation?patient=p1&date=eb2026-03-10`, ['hb-old']],
    [
      'a period overlaps ge by its end',
      `MedicationAdministration?patient=p1&effective-time=ge${bound(3)}`,
      ['inf-long'],
    ],
    [
      'a period overlaps le by its start',
      `MedicationAdministration?patient=p1&effective-time=le${bound(6)}`,
      ['inf-long'],
    ],
    [
      'eq wants the whole period inside',
      'MedicationAdministration?patient=p1&effective-time=2026-03-10&_sort=effective-time',
      ['inf-long', 'inf-short'],
    ],
    [
      'sorts administrations by start',
      'MedicationAdministration?patient=p1&_sort=-effective-time',
      ['inf-short', 'inf-long'],
    ],
    ['an encounter without end is still going on', 'Encounter?patient=p1&date=ge2027-01-01', ['e1']],
    ['class', 'Encounter?patient=p1&class=AMB', ['e0']],
    ['class with system', 'Encounter?patient=p1&class=http://terminology.hl7.org/CodeSystem/v3-ActCode%7CIMP', ['e1']],
    ['type', 'Encounter?patient=p1&type=309904001', ['e1']],
    [
      'several sort keys',
      'Observation?code=718-7&status=final&_sort=_lastUpdated,-_id&_count=3',
      ['other', 'hb-old', 'hb-new'],
    ],
    ['names without case and accents', 'Patient?given=ali&_sort=_id', ['p1', 'p2']],
    ['_lastUpdated', 'Patient?_lastUpdated=lt2000-01-01', []],
  ];

  test.each(cases)('%s', async (_title, query, want) => {
    expect(ids(await bundle(`${sandbox.baseUrl}/${query}`))).toEqual(want);
  });

  test('answers a POST _search as the same GET', async () => {
    const body = new URLSearchParams({ patient: 'p1', code: 'http://loinc.org|718-7', _sort: '-date' });
    const { json } = await send(`${sandbox.baseUrl}/Observation/_search`, { method: 'POST', body });
    expect(json).toMatchObject({
      type: 'searchset',
      total: 2,
      entry: [{ resource: { id: 'hb-new' } }, { resource: { id: 'hb-old' } }],
    });
  });

  test('says where each match is', async () => {
    const found = await bundle(`${sandbox.baseUrl}/Observation?_id=hr`);
    expect(found.entry?.[0]).toMatchObject({ fullUrl: `${sandbox.baseUrl}/Observation/hr`, search: { mode: 'match' } });
  });

  test('counts without entries when only the count is asked', async () => {
    for (const query of ['_summary=count', '_count=0']) {
      const found = await bundle(`${sandbox.baseUrl}/Observation?patient=p1&${query}`);
      expect(found.total).toBe(5);
      expect(found.entry).toBeUndefined();
    }
  });
});

describe('bad call: a search this server cannot do is refused with an OperationOutcome', () => {
  const cases: readonly (readonly [string, string, number])[] = [
    ['an unknown parameter', 'Observation?patient=p1&colour=red', 400],
    ['a parameter of another type', 'MedicationAdministration?encounter=e1', 400],
    ['a chained parameter', 'Observation?patient.name=x', 400],
    ['an unsupported modifier', 'Observation?code:not=718-7', 400],
    ['an inclusion', 'Observation?_include=Observation:patient', 400],
    ['a date that is none', 'Observation?date=ge2026-02-30', 400],
    ['an approximate date', 'Observation?date=ap2026-02-03', 400],
    ['an empty value', 'Observation?code=', 400],
    ['an empty alternative', 'Observation?code=718-7,,8867-4', 400],
    ['a negative count', 'Observation?_count=-1', 400],
    ['a sort by what is no date', 'Observation?_sort=value-quantity', 400],
    ['an unknown total', 'Observation?_total=roughly', 400],
    ['an unknown type', 'Spaceship?patient=p1', 404],
    ['an unknown resource', 'Patient/nobody', 404],
    ['an operation', 'Patient/p1/$everything', 400],
    ['the bare base', '', 400],
  ];

  test.each(cases)('%s', async (_title, query, status) => {
    const answer = await send(query === '' ? sandbox.baseUrl : `${sandbox.baseUrl}/${query}`);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toMatch(/^application\/fhir\+json/);
    expect(answer.json).toMatchObject({ resourceType: 'OperationOutcome', issue: [{ severity: 'error' }] });
  });

  test('a stored time without milliseconds is that instant, not the whole second', async () => {
    sandbox.store.load([
      patient('p3'),
      { ...observation({ id: 'whole-second', patientId: 'p3' }), effectiveDateTime: '2026-03-10T08:00:00Z' },
    ]);
    const found = async (date: string): Promise<string[]> =>
      ids(await bundle(`${sandbox.baseUrl}/Observation?patient=p3&date=${date}`));
    expect(await found('ge2026-03-10T08:00:00.000Z')).toEqual(['whole-second']);
    expect(await found('ge2026-03-10T08:00:00.250Z')).toEqual([]);
  });

  test('another content type for a POST _search is 415, XML only is 406, an unknown method 405', async () => {
    const form = await send(`${sandbox.baseUrl}/Observation/_search`, {
      method: 'POST',
      body: '{}',
      headers: { 'Content-Type': 'application/json' },
    });
    const xml = await send(`${sandbox.baseUrl}/Patient/p1`, { headers: { Accept: 'application/fhir+xml' } });
    const patch = await send(`${sandbox.baseUrl}/Patient/p1`, { method: 'PATCH', body: '[]' });
    expect([form.status, xml.status, patch.status]).toEqual([415, 406, 405]);
  });
});
