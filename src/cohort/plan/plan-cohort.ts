import type { ChartFacts, SourceAbout, SourceTotals } from '../cohort-source.js';
import type { EXCLUSIONS } from './eligibility.js';
import { exclusionOf, type Exclusion } from './eligibility.js';
import { episodesOf, type Episode, type IndexRule } from './episodes.js';
import { outcomeOf, withoutTime, type Outcome } from './labels.js';
import { assignGroups, assignPatients, assignPeriods, type Assignment, type SplitName } from './splits.js';

/** An episode that is kept, with its labels, flags and splits: one row of `episodes.parquet`. */
export interface PlannedEpisode extends Episode {
  readonly outcome: Outcome;
  readonly isFirstOfPatient: boolean;
  readonly isFirstOfAdmission: boolean;
  /** Episodes kept of the same patient: their weight is one over it, where rows of a patient shall count once. */
  readonly patientEpisodes: number;
  readonly fold: number;
  readonly split: SplitName;
  readonly temporalSplit: SplitName | null;
  readonly hospitalFold: number | null;
  readonly period: string | null;
  readonly hospital: string | null;
  readonly subset: string | null;
}

/** Patients, admissions (or charts without any) and episodes. */
export interface Counts {
  readonly patients: number;
  readonly admissions: number;
  readonly episodes: number;
}

export interface CohortPlan {
  readonly rule: IndexRule;
  readonly totals: SourceTotals;
  /** Charts, events and episodes before anything is left out, those of operating room rows alone among them. */
  readonly found: Counts & { readonly charts: number; readonly events: number; readonly signings: number };
  /** Episodes made only of operating or recovery room rows, which no index can rest on. */
  readonly operatingRoomOnly: Counts;
  readonly excluded: Readonly<Record<Exclusion, Counts>>;
  /** Ascending by chart, then time. */
  readonly episodes: readonly PlannedEpisode[];
}

/**
 * Decides every index, label, exclusion and split from facts alone; no chart is read. Pure.
 * `charts` ascending by chart id.
 */
export function planCohort(
  charts: readonly ChartFacts[],
  totals: SourceTotals,
  about: Pick<SourceAbout, 'deathsSeen' | 'sameDayDeath' | 'clockOffsetMs' | 'keepsEveryRecord'>,
  rule: IndexRule,
): CohortPlan {
  const labelRule = { ...about, clockOffsetMs: about.clockOffsetMs ?? 0 };
  const all: Candidate[] = [];
  const operatingRoomOnly: Placed[] = [];
  let chartsFound = 0;
  for (const chart of charts) {
    const found = episodesOf(chart, rule);
    const { chartId, patientId } = chart;
    operatingRoomOnly.push(...found.operatingRoomOnly.map(({ admissionId }) => ({ chartId, patientId, admissionId })));
    if (found.episodes.length + found.operatingRoomOnly.length > 0) chartsFound += 1;
    for (const episode of found.episodes) {
      const outcome = outcomeOf(chart, episode, labelRule);
      if (about.keepsEveryRecord) {
        const isUnknown = 'kind' in outcome || chart.impossibleOutcome !== undefined;
        all.push({ chart, episode, outcome: isUnknown ? withoutTime(chart, episode) : outcome });
        continue;
      }
      const exclusion = exclusionOf(chart, episode, outcome, rule.kind === 'admin-start');
      all.push({ chart, episode, ...('kind' in outcome ? {} : { outcome }), ...(exclusion ? { exclusion } : {}) });
    }
  }
  return {
    rule,
    totals,
    found: {
      ...countsOf([...all.map(({ episode }) => episode), ...operatingRoomOnly]),
      charts: chartsFound,
      events: charts.reduce((sum, { transfusions }) => sum + transfusions.length, 0),
      signings: charts.reduce(
        (sum, { orders }) => sum + orders.filter(({ transaction }) => transaction !== 'discontinue').length,
        0,
      ),
    },
    operatingRoomOnly: countsOf(operatingRoomOnly),
    excluded: excludedCounts(all),
    episodes: planned(
      all.filter(({ exclusion }) => exclusion === undefined),
      splitsOf(charts),
    ),
  };
}

interface Candidate {
  readonly chart: ChartFacts;
  readonly episode: Episode;
  readonly outcome?: Outcome;
  readonly exclusion?: Exclusion;
}

interface Splits {
  readonly patients: ReadonlyMap<string, Assignment>;
  readonly periods: ReadonlyMap<string, SplitName>;
  readonly hospitals: ReadonlyMap<string, number>;
}

/**
 * Dealt over every chart of the source, not over the rows that an index keeps of it: whatever the index, a patient is in the
 * same fold, so that landmarks and episodes of one source can be trained on together. Strata: ever transfused or ordered for,
 * and dead in hospital, dead later, or no death on record.
 */
function splitsOf(charts: readonly ChartFacts[]): Splits {
  const people = new Map<string, { readonly death: number; readonly isTransfused: boolean }>();
  for (const { patientId, admissions, deathDay, transfusions, orders } of charts) {
    const other = people.get(patientId);
    const death = admissions.some((one) => one.isDeadAtDischarge) ? 2 : deathDay === undefined ? 0 : 1;
    const isTransfused = transfusions.length > 0 || orders.some(({ transaction }) => transaction !== 'discontinue');
    people.set(patientId, {
      death: Math.max(other?.death ?? 0, death),
      isTransfused: other?.isTransfused === true || isTransfused,
    });
  }
  const strata = new Map(
    [...people].map(([patient, { death, isTransfused }]) => [patient, `${death} ${isTransfused}`]),
  );
  return {
    patients: assignPatients(strata),
    periods: assignPeriods(charts.flatMap(({ period }) => (period === undefined ? [] : [period]))),
    hospitals: assignGroups(charts.flatMap(({ hospital }) => (hospital === undefined ? [] : [hospital]))),
  };
}

function planned(kept: readonly Candidate[], { patients, periods, hospitals }: Splits): PlannedEpisode[] {
  const ofPatient = new Map<string, Candidate[]>();
  for (const candidate of kept) {
    const list = ofPatient.get(candidate.episode.patientId);
    if (list) list.push(candidate);
    else ofPatient.set(candidate.episode.patientId, [candidate]);
  }
  const firstOfPatient = new Set([...ofPatient.values()].map(firstEpisode));
  const firstOfAdmission = firstsOfAdmissions(kept);
  return kept.flatMap(({ chart, episode, outcome }) => {
    const own = patients.get(episode.patientId);
    if (!outcome || !own) return [];
    return [
      {
        ...episode,
        outcome,
        ...own,
        isFirstOfPatient: firstOfPatient.has(episode.episodeId),
        isFirstOfAdmission: firstOfAdmission.has(episode.episodeId),
        patientEpisodes: ofPatient.get(episode.patientId)?.length ?? 1,
        temporalSplit: periods.get(chart.period ?? '') ?? null,
        hospitalFold: hospitals.get(chart.hospital ?? '') ?? null,
        period: chart.period ?? null,
        hospital: chart.hospital ?? null,
        subset: chart.subset ?? null,
      },
    ];
  });
}

function firstEpisode(own: readonly Candidate[]): string {
  const sorted = [...own].sort(
    (a, b) =>
      a.chart.chartOrder - b.chart.chartOrder ||
      a.episode.indexMs - b.episode.indexMs ||
      (a.episode.episodeId < b.episode.episodeId ? -1 : 1),
  );
  return sorted[0]?.episode.episodeId ?? '';
}

/** An episode outside any admission is the first of its own. */
function firstsOfAdmissions(kept: readonly Candidate[]): ReadonlySet<string> {
  const seen = new Set<string>();
  return new Set(
    kept.flatMap(({ episode: { chartId, admissionId, episodeId } }) => {
      if (admissionId === null) return [episodeId];
      const key = `${chartId} ${admissionId}`;
      if (seen.has(key)) return [];
      seen.add(key);
      return [episodeId];
    }),
  );
}

function excludedCounts(all: readonly Candidate[]): Record<Exclusion, Counts> {
  const of = (key: Exclusion): Counts =>
    countsOf(all.filter(({ exclusion }) => exclusion === key).map(({ episode }) => episode));
  return {
    'impossible-outcome': of('impossible-outcome'),
    'age-unknown': of('age-unknown'),
    'under-18': of('under-18'),
    'before-icu-data': of('before-icu-data'),
    'after-discharge': of('after-discharge'),
    'dead-before-index': of('dead-before-index'),
    'comfort-care': of('comfort-care'),
  } satisfies Record<keyof typeof EXCLUSIONS, Counts>;
}

type Placed = Pick<Episode, 'chartId' | 'patientId' | 'admissionId'>;

/** An episode outside any admission counts as one of its chart. */
function countsOf(episodes: readonly Placed[]): Counts {
  return {
    patients: new Set(episodes.map(({ patientId }) => patientId)).size,
    admissions: new Set(episodes.map(({ admissionId, chartId }) => admissionId ?? chartId)).size,
    episodes: episodes.length,
  };
}
