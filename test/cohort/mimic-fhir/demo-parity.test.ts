import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChartFacts, SourceChart, TransfusionEvent } from '../../../src/cohort/cohort-source.js';
import { checkFiling } from '../../../src/cohort/guards/check-filing.js';
import type { GuardTally } from '../../../src/cohort/guards/leak.js';
import { EXPORT_DIFFERENCES } from '../../../src/cohort/sources/mimic-fhir/export-differences.js';
import { openFhirExport } from '../../../src/cohort/sources/mimic-fhir/fhir-cohort.js';
import { readStagedFhir } from '../../../src/cohort/sources/mimic-fhir/staged-charts.js';
import { openMimicIvCohort } from '../../../src/cohort/sources/mimic-iv/mimic-cohort.js';
import { openMimicIv } from '../../../src/cohort/sources/mimic-iv/open-mimic-iv.js';
import { fullFeatureSpec } from '../../../src/features/build-feature-spec.js';
import { differingNames, tensorDifferences } from '../../../src/features/compare-tensors.js';
import { mapFeatures } from '../../../src/features/map-features.js';
import { FORMULA_PARTS } from '../../../src/features/tabular/derived-columns.js';
import type { BloodOrder, PatientRecord } from '../../../src/record/patient-record.js';
import { demoExport, demoTables, ofDemo } from './demo.js';
import { NEUTRALISED, withOnly, type Pair } from './neutralised.js';

const HOUR_MS = 3_600_000;
const spec = fullFeatureSpec();
const isHere = demoExport !== undefined && demoTables !== undefined;
/** Names of whole tensors. */
const TENSORS = /^(tabular|states|series\..*)$/;
const ORDERS: readonly BloodOrder[] = [{ products: ['rbc'], reference: 'ServiceRequest/made-up' }];

(isHere ? describe : describe.skip)(ofDemo('MIMIC-IV demo: its export beside its tables'), () => {
  let exported: readonly ChartFacts[];
  let tabled: readonly ChartFacts[];
  let staged: string;
  const tableRecords = new Map<string, PatientRecord>();
  const charts: SourceChart[] = [];
  const indexes = new Map<string, readonly number[]>();
  let rejections: Readonly<Record<string, number>>;

  beforeAll(async () => {
    const source = await openFhirExport(demoExport ?? '');
    exported = (await source.facts()).charts;
    const cohort = await openMimicIvCohort(demoTables ?? '');
    tabled = (await cohort.facts()).charts;
    cohort.close();
    for (const chart of exported) {
      const orders = tabled.find(({ chartId }) => chartId === chart.chartId)?.orders ?? [];
      const times = [
        ...chart.transfusions.map(({ startMs }) => startMs),
        ...orders.map(({ orderMs }) => orderMs),
        // Six hours into every stay, so that patients who were not transfused are compared too.
        ...[...chart.admissions, ...chart.icuStays].map(({ startMs }) => startMs + 6 * HOUR_MS),
      ];
      indexes.set(chart.chartId, [...new Set(times)]);
    }
    staged = mkdtempSync(join(tmpdir(), 'mimic-fhir-'));
    const wanted = [...indexes].map(([chartId, indexMs], order) => ({ chartId, shard: order % 2, indexMs }));
    rejections = (await source.stage({ wanted, folder: staged })).rejections;
    const tables = await openMimicIv(demoTables ?? '');
    for (const subjectId of tables.subjectIds) {
      const chart = await tables.chart(subjectId);
      tableRecords.set(chart.patientId, chart.record(ORDERS));
    }
    tables.close();
    for (const shard of [0, 1]) for await (const chart of readStagedFhir(staged, shard)) charts.push(chart);
  }, 600_000);
  afterAll(() => {
    rmSync(staged, { recursive: true });
  });

  test('240 blood products were given to 37 patients', () => {
    expect(exported.flatMap(({ transfusions }) => transfusions)).toHaveLength(240);
    expect(exported.filter(({ transfusions }) => transfusions.length > 0)).toHaveLength(37);
  });

  test('stays, deaths and transfusions are those of the tables, but for what the export lacks', () => {
    const pushes = tabled
      .flatMap(({ transfusions }) => transfusions)
      .filter(({ startMs }) => !startsOf(exported).has(startMs));
    expect(pushes.length).toBeGreaterThan(0);
    const wanted = tabled.map((chart) => comparable(asExported(chart, new Set(pushes))));
    expect(exported.map(comparable)).toEqual(wanted);
    expect(exported.filter(({ period }) => period !== undefined)).toEqual([]);
    expect(exported.flatMap(({ admissions }) => admissions).filter(({ deathMs }) => deathMs !== undefined)).toEqual([]);
  });

  test('every fact of the records has a filing time of its own, and none is known before it', () => {
    const tally: GuardTally = new Map();
    for (const chart of charts) checkFiling(chart, tally);
    expect(charts).toHaveLength(exported.length);
    expect(tally.get('administration-filed-after-index')).toBe(3420);
    expect(rejections['Encounter: dead at discharge without a death time (counted by date)']).toBe(15);
  });

  test('labs, vital signs, bedside charting, diagnoses and notes are not supported, and so is no comfort care known', () => {
    for (const { record } of charts) {
      const lacking = Object.entries(record.coverage).filter(([, { kind }]) => kind === 'unavailable');
      expect(lacking.map(([key]) => key)).toEqual(['labs', 'vitals', 'bedside', 'conditions', 'notes']);
    }
    expect(exported.filter(({ comfortCareMs }) => comfortCareMs !== undefined)).toEqual([]);
  });

  /** Names that differ at every so many index times, and at how many of them. */
  function differing(
    neutralise: (pair: Pair) => Pair,
    every: number,
  ): { readonly calls: number; readonly names: ReadonlyMap<string, number> } {
    const names = new Map<string, number>();
    let calls = 0;
    for (const { chartId, record } of charts) {
      const csvRecord = tableRecords.get(chartId);
      if (!csvRecord) throw new Error('a chart the tables do not have');
      const { csv, fhir } = neutralise({ csv: csvRecord, fhir: { ...record, orders: ORDERS } });
      const times = indexes.get(chartId) ?? [];
      for (const predictionTimeMs of times.filter((_, order) => order % every === 0)) {
        calls += 1;
        const [a, b] = [mapFeatures(csv, spec, { predictionTimeMs }), mapFeatures(fhir, spec, { predictionTimeMs })];
        const tensors = tensorDifferences(a, b);
        for (const name of tensors.length === 0 ? [] : [...tensors, ...differingNames(a, b, spec)]) {
          names.set(name, (names.get(name) ?? 0) + 1);
        }
      }
    }
    return { calls, names };
  }

  test('with every difference of the table taken away, all features are the same bit for bit', () => {
    const { calls, names } = differing((pair) => withOnly(undefined, pair), 1);
    expect(calls).toBeGreaterThan(900);
    expect([...names]).toEqual([]);
  }, 60_000);

  test('as they are, features differ in no column or state but those of the table', () => {
    const { names } = differing((pair) => pair, 2);
    const explained = EXPORT_DIFFERENCES.flatMap(({ concepts }) => concepts);
    expect(unexplained(names, explained)).toEqual([]);
    const same = spec.states.filter((key) => !explained.includes(key));
    expect(same).toEqual(['resp_support', 'rrt_24h', 'product', 'age', 'sex']);
  }, 60_000);

  test.each(EXPORT_DIFFERENCES.filter(({ concepts }) => concepts.length > 0))(
    '$name changes the concepts it says and no other',
    ({ name, concepts }) => {
      const { names } = differing((pair) => withOnly(name, pair), 3);
      expect(names.size).toBeGreaterThan(0);
      expect(unexplained(names, concepts)).toEqual([]);
    },
    60_000,
  );

  test('every difference that features can show has its way of being taken away', () => {
    const shown = EXPORT_DIFFERENCES.filter(({ concepts }) => concepts.length > 0).map(({ name }) => name);
    expect(Object.keys(NEUTRALISED).sort()).toEqual([...shown].sort());
  });
});

/** Columns and states that have nothing to do with these concepts; whole tensors are left out. */
function unexplained(names: ReadonlyMap<string, number>, concepts: readonly string[]): readonly string[] {
  return [...names.keys()].filter(
    (name) => !TENSORS.test(name) && !conceptsOf(name).some((concept) => concepts.includes(concept)),
  );
}

/** Concepts behind a column or state. */
function conceptsOf(name: string): readonly string[] {
  if (name.startsWith('state of ')) return [name.slice('state of '.length)];
  const column = spec.tabular.find((one) => one.name === name);
  if (!column) return [];
  return column.kind === 'derived' ? (FORMULA_PARTS[column.formula] ?? []) : [column.concept];
}

function startsOf(charts: readonly ChartFacts[]): ReadonlySet<number> {
  return new Set(charts.flatMap(({ transfusions }) => transfusions.map(({ startMs }) => startMs)));
}

/** Facts of the tables as the export has them: no orders; pushes a minute later; of the birth date the year. */
function asExported(chart: ChartFacts, pushes: ReadonlySet<TransfusionEvent>): ChartFacts {
  return {
    ...chart,
    birthDate: chart.birthDate?.slice(0, 4) ?? '',
    orders: [],
    transfusions: chart.transfusions.map((given) =>
      pushes.has(given) ? { ...given, startMs: given.startMs + 60_000 } : given,
    ),
  };
}

/** In one order, without references, times of death and years: the references are each source's own, the rest the export lacks. */
function comparable(chart: ChartFacts): unknown {
  const byStart = <T extends { readonly startMs: number }>(list: readonly T[]): readonly T[] =>
    [...list].sort((a, b) => a.startMs - b.startMs || (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return {
    ...chart,
    period: '',
    admissions: byStart(chart.admissions.map((admission) => ({ ...admission, deathMs: 0 }))),
    icuStays: byStart(chart.icuStays),
    transfusions: byStart(chart.transfusions.map((given) => ({ ...given, evidence: '' }))),
  };
}
