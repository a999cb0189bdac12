import type { ChartFacts, SourceAbout } from '../cohort-source.js';
import type { episodesOf, IndexRule } from '../plan/episodes.js';
import type { PlannedEpisode } from '../plan/plan-cohort.js';
import { leak, looked, type GuardTally } from './leak.js';

/**
 * Columns that are written when all is over, or that hold the outcome in other words; no source may read them. `*` stands for
 * any table or column.
 */
const FORBIDDEN_COLUMNS: readonly RegExp[] = [
  /\.activeupondischarge$/i,
  /^apachePatientResult\./i,
  /^apachePredVar\.(diedinhospital|dischargelocation|day1\w+|oobventday1|oobintubday1)$/i,
  /\.(unitdischargelocation|hospitaldischargelocation|discharge_location|dischargeweight)$/i,
  /^(drgcodes|procedures_icd|hcpcsevents)\./i,
  /\.(los|last_careunit)$/i,
];

/** Guard: no column is read that is only known after the stay. Throws ERR_LEAKAGE `forbidden-column`. */
export function checkColumnsRead({ columnsRead }: Pick<SourceAbout, 'columnsRead'>, tally: GuardTally): void {
  for (const column of columnsRead) {
    if (FORBIDDEN_COLUMNS.some((pattern) => pattern.test(column))) {
      throw leak('forbidden-column', `${column} is only known after the stay`);
    }
  }
  looked(tally, 'forbidden-column', columnsRead.length);
}

/**
 * Guard: when a chart is indexed does not depend on what became of the patient: without any death it has the same indexes.
 * Throws ERR_LEAKAGE `outcome-dependent-index`.
 */
export function checkIndex(
  indexer: typeof episodesOf,
  charts: readonly ChartFacts[],
  rule: IndexRule,
  tally: GuardTally,
): void {
  for (const chart of charts) {
    const ids = (facts: ChartFacts): string =>
      JSON.stringify(indexer(facts, rule).episodes.map(({ indexMs }) => indexMs));
    if (ids(chart) !== ids(asIfAlive(chart))) {
      throw leak('outcome-dependent-index', 'an index moves when the death is taken away');
    }
  }
  looked(tally, 'outcome-dependent-index', charts.length);
}

function asIfAlive(chart: ChartFacts): ChartFacts {
  const { chartId, patientId, chartOrder, icuStays, transfusions, orders } = chart;
  const admissions = chart.admissions.map(({ admissionId, startMs, endMs }) => ({
    admissionId,
    startMs,
    ...(endMs === undefined ? {} : { endMs }),
    isDeadAtDischarge: false,
  }));
  return { chartId, patientId, chartOrder, icuStays, transfusions, orders, admissions };
}

/** Guards of the planned rows: no index rests on operating room charting, and no patient is in two folds. */
export function checkPlan(charts: readonly ChartFacts[], episodes: readonly PlannedEpisode[], tally: GuardTally): void {
  const theatre = new Set(
    charts.flatMap(({ transfusions }) =>
      transfusions.flatMap(({ place, evidence }) => (place === 'bedside' ? [] : [evidence])),
    ),
  );
  const parts = new Map<string, string>();
  for (const { indexEvidence, patientId, fold, split } of episodes) {
    if (indexEvidence.some((evidence) => theatre.has(evidence))) {
      throw leak(
        'index-is-operating-room-charting',
        'an index rests on a row charted on arrival from the operating room',
      );
    }
    const part = `${fold} ${split}`;
    if ((parts.get(patientId) ?? part) !== part)
      throw leak('patient-in-two-folds', 'one patient is in two folds or splits');
    parts.set(patientId, part);
  }
  looked(tally, 'index-is-operating-room-charting', episodes.length);
  looked(tally, 'patient-in-two-folds', parts.size);
}
