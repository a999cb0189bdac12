import { describe, expect, test } from '@jest/globals';
import type { FhirResource } from 'fhir/r4.js';
import { openMimicIv } from '../../../src/cohort/sources/mimic-iv/open-mimic-iv.js';
import { chartAsOf } from '../../../src/kit/load/chart-as-of.js';
import { mimicChartAsOf, wantedCharts } from '../../../src/kit/load/mimic-charts.js';
import { startSandbox } from '../../../src/sandbox/start-sandbox.js';
import { needs, sharedData } from '../../support/shared-data.js';

const AT = Date.parse('2026-05-01T12:00:00Z');
const subject = { reference: 'Patient/p' };
const adult = { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'IMP' };

/** Everything that changes with time, around noon of 1 May. */
const CHART: readonly FhirResource[] = [
  { resourceType: 'Patient', id: 'p', deceasedDateTime: '2026-05-03T00:00:00Z' },
  {
    resourceType: 'Encounter',
    id: 'before',
    status: 'finished',
    class: adult,
    subject,
    period: { start: '2026-04-01T00:00:00Z', end: '2026-04-09T00:00:00Z' },
  },
  {
    resourceType: 'Encounter',
    id: 'now',
    status: 'finished',
    class: adult,
    subject,
    period: { start: '2026-04-30T00:00:00Z', end: '2026-05-03T00:00:00Z' },
  },
  {
    resourceType: 'Encounter',
    id: 'stay',
    status: 'finished',
    class: adult,
    subject,
    partOf: { reference: 'Encounter/now' },
    period: { start: '2026-04-30T01:00:00Z', end: '2026-05-01T01:00:00Z' },
  },
  {
    resourceType: 'Condition',
    id: 'old',
    subject,
    encounter: { reference: 'Encounter/before' },
    recordedDate: '2026-04-09T00:00:00Z',
  },
  {
    resourceType: 'Condition',
    id: 'of-stay',
    subject,
    encounter: { reference: 'Encounter/stay' },
    recordedDate: '2026-05-01T01:00:00Z',
  },
  {
    resourceType: 'Observation',
    id: 'filed',
    status: 'final',
    code: {},
    subject,
    effectiveDateTime: '2026-05-01T11:00:00Z',
    issued: '2026-05-01T11:30:00Z',
  },
  {
    resourceType: 'Observation',
    id: 'drawn-only',
    status: 'final',
    code: {},
    subject,
    effectiveDateTime: '2026-05-01T11:00:00Z',
    issued: '2026-05-01T12:30:00Z',
  },
  {
    resourceType: 'MedicationAdministration',
    id: 'running',
    status: 'completed',
    subject,
    effectivePeriod: { start: '2026-05-01T11:00:00Z', end: '2026-05-01T13:00:00Z' },
    dosage: { dose: { value: 5 } },
  },
  {
    resourceType: 'DocumentReference',
    id: 'read',
    status: 'current',
    subject,
    date: '2026-05-01T10:00:00Z',
    content: [{ attachment: { url: 'Binary/read' } }],
  },
  {
    resourceType: 'DocumentReference',
    id: 'unwritten',
    status: 'current',
    subject,
    date: '2026-05-02T10:00:00Z',
    content: [{ attachment: { url: 'Binary/unwritten' } }],
  },
  { resourceType: 'Binary', id: 'read', contentType: 'text/plain' },
  { resourceType: 'Binary', id: 'unwritten', contentType: 'text/plain' },
];

/** What a sandbox serves whose chart clock stands at `atMs`, without the meta it adds. */
async function served(resources: readonly FhirResource[], atMs: number): Promise<readonly unknown[]> {
  const sandbox = await startSandbox({ resources, viewAt: () => atMs });
  try {
    const entry = resources.map(({ resourceType, id }) => ({
      request: { method: 'GET', url: `${resourceType}/${id ?? ''}` },
    }));
    const answer = await fetch(sandbox.baseUrl, {
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json' },
      body: JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry }),
    });
    const bundle = (await answer.json()) as { readonly entry: readonly { readonly resource?: object }[] };
    return bundle.entry.flatMap(({ resource }) => (resource === undefined ? [] : [{ ...resource, meta: undefined }]));
  } finally {
    await sandbox.close();
  }
}

describe('a chart as of a moment', () => {
  test('holds what was known then: nobody dead, what runs in progress, no result before it was filed', () => {
    const seen = new Map(
      chartAsOf(CHART, AT).map((resource) => [`${resource.resourceType}/${resource.id ?? ''}`, resource]),
    );
    expect(seen.get('Patient/p')).toEqual({ resourceType: 'Patient', id: 'p' });
    expect(seen.has('Observation/drawn-only')).toBe(false);
    expect(seen.get('MedicationAdministration/running')).toMatchObject({ status: 'in-progress' });
    // A diagnosis of a stay inside an admission is coded when the admission is over.
    expect(seen.has('Condition/of-stay')).toBe(false);
    expect(seen.has('Condition/old')).toBe(true);
    expect([...seen.keys()].filter((key) => key.startsWith('Binary'))).toEqual(['Binary/read']);
  });

  test('is what the sandbox serves at that moment, before, during and after', async () => {
    for (const atMs of [AT, AT - 3_600_000, AT + 3_600_000, AT + 30 * 86_400_000, 0]) {
      expect(chartAsOf(CHART, atMs).map((resource) => ({ ...resource, meta: undefined }))).toEqual(
        await served(CHART, atMs),
      );
    }
  });
});

describe('which MIMIC-IV charts are loaded', () => {
  const order = (subjectId: string, minutes: number) =>
    ({
      poeId: `${subjectId}-${minutes}`,
      subjectId,
      hadmId: 'h',
      product: 'rbc',
      transaction: 'New',
      orderMs: minutes * 60_000,
    }) as const;
  const source = { subjectIds: ['1', '2', '3'], bloodOrders: [order('3', 0), order('1', 5), order('3', 9)] };

  test('as of an order: patients that have so many, each at the moment of theirs', () => {
    expect(wantedCharts(source, { kind: 'order', index: 0 }).map(({ subjectId, atMs }) => [subjectId, atMs])).toEqual([
      ['1', 300_000],
      ['3', 0],
    ]);
    expect(wantedCharts(source, { kind: 'order', index: 1 }, 5).map(({ subjectId }) => subjectId)).toEqual(['3']);
  });

  test('as of a time, or whole: the first patients', () => {
    expect(wantedCharts(source, { kind: 'time', atMs: 7 }, 2)).toEqual([
      { subjectId: '1', atMs: 7 },
      { subjectId: '2', atMs: 7 },
    ]);
    expect(wantedCharts(source, { kind: 'whole' })).toHaveLength(3);
  });

  const demo = sharedData('mimic-iv-demo-2.2');
  (demo === undefined ? test.skip : test)(
    needs('mimic-iv-demo-2.2', 'a real chart as of its first order is what the sandbox serves then'),
    async () => {
      const real = await openMimicIv(demo ?? '');
      try {
        const [wanted] = wantedCharts(real, { kind: 'order', index: 0 }, 3).slice(1);
        if (!wanted) throw new Error('no orders');
        const { resources } = await real.chart(wanted.subjectId);
        const seen = await mimicChartAsOf(real, wanted);
        expect(seen.length).toBeGreaterThan(10);
        expect(seen.map((resource) => ({ ...resource, meta: undefined }))).toEqual(
          await served(resources, wanted.atMs ?? 0),
        );
      } finally {
        real.close();
      }
    },
    120_000,
  );
});
