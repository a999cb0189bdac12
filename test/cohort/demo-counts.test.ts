import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { ChartFacts, CohortSource } from '../../src/cohort/cohort-source.js';
import { quoted } from '../../src/cohort/csv/csv-file.js';
import { episodesOf, type Episode, type IndexKind } from '../../src/cohort/plan/episodes.js';
import { outcomeOf } from '../../src/cohort/plan/labels.js';
import { planCohort } from '../../src/cohort/plan/plan-cohort.js';
import { openEicu } from '../../src/cohort/sources/eicu/open-eicu.js';
import { openMimicIvCohort } from '../../src/cohort/sources/mimic-iv/mimic-cohort.js';
import { needs, sharedData } from '../support/shared-data.js';

const rule = (kind: IndexKind, gapHours = 24) => ({ kind, gapHours, landmarkHours: [24] }) as const;

interface Found {
  readonly chart: ChartFacts;
  readonly episode: Episode;
  readonly died7d: boolean | null;
}

/** Every episode before anybody is left out, with its main label; one that the death came before has none. */
function episodes(
  source: CohortSource,
  charts: readonly ChartFacts[],
  kind: IndexKind,
  gapHours?: number,
): readonly Found[] {
  const labels = { ...source.about, clockOffsetMs: source.about.clockOffsetMs ?? 0 };
  return charts.flatMap((chart) =>
    episodesOf(chart, rule(kind, gapHours)).episodes.map((episode) => {
      const outcome = outcomeOf(chart, episode, labels);
      return { chart, episode, died7d: 'kind' in outcome ? null : outcome.died7d };
    }),
  );
}

/** `[rows, events]` of the first episode of each patient, or of each chart. */
function firsts(found: readonly Found[], keyOf: (one: Found) => string): readonly [number, number] {
  const inOrder = [...found].sort(
    (a, b) => a.chart.chartOrder - b.chart.chartOrder || a.episode.indexMs - b.episode.indexMs,
  );
  const first = new Map<string, Found>();
  for (const one of inOrder) if (!first.has(keyOf(one))) first.set(keyOf(one), one);
  return [first.size, [...first.values()].filter(({ died7d }) => died7d === true).length];
}

const patientsOf = (found: readonly Found[]): number => new Set(found.map(({ chart }) => chart.patientId)).size;
const died = (found: readonly Found[]): readonly Found[] => found.filter(({ died7d }) => died7d === true);

const MIMIC = 'mimic-iv-demo-2.2';
const mimicDemo = sharedData(MIMIC);

(mimicDemo === undefined ? describe.skip : describe)(needs(MIMIC, 'counts of the MIMIC-IV demo'), () => {
  let source: CohortSource;
  let charts: readonly ChartFacts[];
  beforeAll(async () => {
    source = await openMimicIvCohort(mimicDemo ?? '');
    charts = (await source.facts()).charts;
  });
  afterAll(() => {
    source.close();
  });

  test('369 order rows of 38 patients: 328 new, 21 changed, 20 discontinued', () => {
    const orders = charts.flatMap((chart) => chart.orders);
    const of = (transaction: string): number => orders.filter((order) => order.transaction === transaction).length;
    expect([orders.length, of('new'), of('change'), of('discontinue')]).toEqual([369, 328, 21, 20]);
    expect(charts.filter((chart) => chart.orders.length > 0)).toHaveLength(38);
  });

  test('137 of 318 distinct order times lie outside an ICU stay; of the 304 signed, 131', () => {
    const times = (isCounted: (transaction: string) => boolean): readonly boolean[] => {
      const inIcu = new Map(
        charts.flatMap((chart) =>
          chart.orders
            .filter(({ transaction }) => isCounted(transaction))
            .map(({ orderMs }): [string, boolean] => [
              `${chart.chartId} ${orderMs}`,
              chart.icuStays.some(({ startMs, endMs = Infinity }) => startMs <= orderMs && orderMs < endMs),
            ]),
        ),
      );
      return [...inIcu.values()];
    };
    const all = times(() => true);
    const signed = times((transaction) => transaction !== 'discontinue');
    expect([all.length, all.filter((isIn) => !isIn).length]).toEqual([318, 137]);
    expect([signed.length, signed.filter((isIn) => !isIn).length]).toEqual([304, 131]);
  });

  test('240 products given to 37 patients in 58 episodes: 52 with an index, 6 charted by the operating room alone', () => {
    expect(charts.flatMap(({ transfusions }) => transfusions)).toHaveLength(240);
    expect(charts.filter(({ transfusions }) => transfusions.length > 0)).toHaveLength(37);
    const given = charts.map((chart) => episodesOf(chart, rule('admin-start')));
    expect(given.flatMap((one) => one.episodes)).toHaveLength(52);
    expect(given.flatMap((one) => one.operatingRoomOnly)).toHaveLength(6);
  });

  test('deaths within 7 days: 5 after the first order, 9 patients after any', () => {
    const found = episodes(source, charts, 'order-time');
    expect(found).toHaveLength(124);
    expect(firsts(found, ({ chart }) => chart.patientId)).toEqual([38, 5]);
    expect(patientsOf(died(found))).toBe(9);
    expect(patientsOf(died(episodes(source, charts, 'order-time', 0)))).toBe(9);
  });
});

const EICU = 'eicu-demo-2.0.1';
const eicuDemo = sharedData(EICU);

(eicuDemo === undefined ? describe.skip : describe)(needs(EICU, 'counts of the eICU demo'), () => {
  let source: CohortSource;
  let charts: readonly ChartFacts[];
  let all: readonly ChartFacts[];
  let totals: Awaited<ReturnType<CohortSource['facts']>>['totals'];
  beforeAll(async () => {
    source = await openEicu(eicuDemo ?? '');
    const facts = await source.facts();
    all = facts.charts;
    totals = facts.totals;
    charts = all.filter(({ transfusions }) => transfusions.length > 0);
  });
  afterAll(() => {
    source.close();
  });

  test('261 patients, 297 unit stays and 139 hospitals with any transfusion', async () => {
    expect(new Set(charts.map(({ patientId }) => patientId)).size).toBe(261);
    expect(new Set(charts.map(({ hospital }) => hospital)).size).toBe(139);
    const ids = charts.flatMap(({ transfusions }) => transfusions.map(({ evidence }) => `('${evidence}')`));
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const rows = [
      ['intakeOutput', 'intakeoutputid'],
      ['infusiondrug', 'infusiondrugid'],
      ['treatment', 'treatmentid'],
    ].map(
      ([table = '', id = '']) =>
        `SELECT '${table}/' || ${id} AS evidence, patientunitstayid AS stay
           FROM read_csv(${quoted(join(eicuDemo ?? '', `${table}.csv.gz`))}, all_varchar = true, header = true)`,
    );
    const reader = await connection.runAndReadAll(
      `SELECT count(DISTINCT stay) FROM (${rows.join(' UNION ALL ')}) SEMI JOIN (VALUES ${ids.join(', ')}) e(evidence) USING (evidence)`,
    );
    expect(Number(reader.getRows()[0]?.[0])).toBe(297);
    connection.closeSync();
    instance.closeSync();
  });

  test('35 patients dead within 7 days of any product; 37 of 376 episodes', () => {
    expect(patientsOf(died(episodes(source, charts, 'admin-start', 0)))).toBe(35);
    const found = episodes(source, charts, 'admin-start');
    expect([died(found).length, found.length]).toEqual([37, 376]);
  });

  test('first of a patient 26 of 260, first of an admission 28 of 277, and one charted after discharge', () => {
    const found = episodes(source, charts, 'admin-start');
    const late = found.filter(({ chart, episode }) =>
      chart.admissions.every(({ endMs = Infinity }) => endMs <= episode.indexMs),
    );
    expect(late).toHaveLength(1);
    const inTime = found.filter((one) => !late.includes(one));
    expect(firsts(inTime, ({ chart }) => chart.patientId)).toEqual([260, 26]);
    expect(firsts(inTime, ({ chart }) => chart.chartId)).toEqual([277, 28]);
    const { excluded } = planCohort(all, totals, source.about, rule('admin-start'));
    expect(excluded['after-discharge'].episodes).toBe(1);
    expect(excluded['before-icu-data'].episodes).toBe(51);
  });
});
