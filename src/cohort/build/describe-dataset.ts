import { createHash } from 'node:crypto';
import { canonicalSpecBytes } from '../../features/parse-feature-spec.js';
import type { FeatureSpec } from '../../features/feature-spec.js';
import type { SourceAbout, StageReport } from '../cohort-source.js';
import type { DatasetCard } from '../dataset-card.js';
import type { IndexKind } from '../plan/episodes.js';
import type { CohortPlan, PlannedEpisode } from '../plan/plan-cohort.js';
import type { DatasetFigures } from './join-shards.js';
import type { EpisodeReport, ShardReport } from './map-shard.js';

const INDEX_WORDS: Readonly<Record<IndexKind, string>> = {
  'order-time': 'a blood product order is signed (new or changed; a discontinued order is no signing)',
  'admin-start': 'the first product of an episode begins (operating and recovery room rows are never the index)',
  landmark: 'a fixed number of hours after ICU admission, in stays that last that long',
};

const LABEL =
  'death in (t0, t0 + 7 days]: by the time of death where it lies in the admission of the index, else by calendar days (date of death − date of t0 ≤ 7); day-7 deaths known by date alone are ambiguous and no event in the sensitivity label';
const LABEL_IN_HOSPITAL = `${LABEL}. This source sees in-hospital deaths only: patients discharged alive within 7 days count as survivors and are flagged`;
const LABEL_DAYS =
  'death on day 3 to 9 after ICU admission (2 < Survival ≤ 9), at hour 48; day 2 has no label and counts as an event in the sensitivity label; earlier or impossible survivals are left out';

/** Puts the dataset card together. Pure. */
export function describeDataset(found: {
  readonly about: SourceAbout;
  readonly plan: CohortPlan;
  readonly spec: FeatureSpec;
  readonly stage: StageReport;
  readonly shards: readonly ShardReport[];
  readonly episodes: ReadonlyMap<string, EpisodeReport>;
  readonly episodesSha256: string;
  readonly figures: DatasetFigures;
  readonly planGuards: ReadonlyMap<string, number>;
}): DatasetCard {
  const { about, plan, spec, shards, figures } = found;
  const { episodes } = plan;
  const { title, version, citation, licence, deathsSeen, caveats } = about;
  return {
    datasetVersion: 2,
    source: { name: about.source, title, version, citation, licence, deathsSeen, caveats },
    index: {
      kind: plan.rule.kind,
      words: INDEX_WORDS[plan.rule.kind],
      gapHours: plan.rule.gapHours,
      landmarkHours: plan.rule.kind === 'landmark' ? plan.rule.landmarkHours : [],
    },
    label: about.labelWords ?? labelWords(about),
    featureSpec: {
      id: spec.id,
      sha256: createHash('sha256').update(canonicalSpecBytes(spec)).digest('hex'),
      columns: spec.tabular.length,
      seriesConcepts: spec.series.concepts.length,
    },
    counts: {
      ...countsOf(episodes, found.episodes),
      ...(about.keepsEveryRecord ? { inHospital: inHospital(episodes) } : {}),
    },
    attrition: {
      totals: plan.totals,
      found: plan.found,
      operatingRoomOnly: plan.operatingRoomOnly,
      excluded: plan.excluded,
      kept: {
        patients: distinct(episodes.map(({ patientId }) => patientId)),
        admissions: distinct(episodes.map(({ admissionId, chartId }) => admissionId ?? chartId)),
        episodes: episodes.length,
      },
    },
    states: shares(figures.states, episodes.length),
    distributions: figures.distributions,
    constantColumns: figures.constantColumns,
    rowsStaged: sorted(found.stage.rows),
    unitsCharted: summed(shards.map(({ unitsCharted }) => unitsCharted)),
    rejections: summed([
      found.stage.rejections,
      found.stage.rejectionsOfWanted ?? {},
      ...shards.map(({ rejections }) => rejections),
    ]),
    withoutFilingTime: shards.reduce((sum, { withoutFilingTime }) => sum + withoutFilingTime, 0),
    guards: summed([Object.fromEntries(found.planGuards), ...shards.map(({ guards }) => guards)]),
    tabularSha256: createHash('sha256')
      .update(episodes.map(({ episodeId }) => found.episodes.get(episodeId)?.tabularSha256 ?? '').join('\n'))
      .digest('hex'),
    episodesSha256: found.episodesSha256,
  };
}

function labelWords({ sameDayDeath, deathsSeen }: SourceAbout): string {
  if (sameDayDeath === 'unlabelled') return LABEL_DAYS;
  return deathsSeen === 'any' ? LABEL : LABEL_IN_HOSPITAL;
}

function inHospital(episodes: readonly PlannedEpisode[]): { readonly n: number; readonly events: number } {
  const known = episodes.filter(({ outcome }) => outcome.diedInHospital !== null);
  return { n: known.length, events: known.filter(({ outcome }) => outcome.diedInHospital === true).length };
}

function countsOf(
  episodes: readonly PlannedEpisode[],
  reports: ReadonlyMap<string, EpisodeReport>,
): DatasetCard['counts'] {
  const isScoreable = ({ episodeId }: PlannedEpisode): boolean => reports.get(episodeId)?.isScoreable === true;
  const events = (rows: readonly PlannedEpisode[]): { readonly n: number; readonly events: number } => ({
    n: rows.filter(({ outcome }) => outcome.died7d !== null).length,
    events: rows.filter(({ outcome }) => outcome.died7d === true).length,
  });
  const where = (test: (row: PlannedEpisode) => boolean): number => episodes.filter(test).length;
  const first = episodes.filter(({ isFirstOfPatient }) => isFirstOfPatient);
  return {
    episodes: episodes.length,
    patients: distinct(episodes.map(({ patientId }) => patientId)),
    admissions: distinct(episodes.map(({ admissionId, chartId }) => admissionId ?? chartId)),
    scoreable: where(isScoreable),
    outsideIcu: where(({ stayId }) => stayId === null),
    ambiguous: where(({ outcome }) => outcome.ambiguous),
    unlabelled: where(({ outcome }) => outcome.died7d === null),
    dischargedBefore7d: where(({ outcome }) => outcome.lostBefore7d),
    deathsWithin6h: where(({ outcome }) => outcome.diedWithin6h === true),
    events: {
      'all episodes': events(episodes),
      'all episodes, sensitivity label': {
        n: where(({ outcome }) => outcome.died7dSensitivity !== null),
        events: where(({ outcome }) => outcome.died7dSensitivity === true),
      },
      'first of a patient': events(first),
      'first of a patient, scoreable': events(first.filter(isScoreable)),
      'first of an admission': events(episodes.filter(({ isFirstOfAdmission }) => isFirstOfAdmission)),
      'in the ICU': events(episodes.filter(({ stayId }) => stayId !== null)),
      'outside the ICU': events(episodes.filter(({ stayId }) => stayId === null)),
    },
    splits: Object.fromEntries(
      (['train', 'tuning', 'held_out'] as const).map((split) => [
        split,
        events(episodes.filter((row) => row.split === split)),
      ]),
    ),
  };
}

function distinct(ids: readonly string[]): number {
  return new Set(ids).size;
}

function shares(
  states: DatasetFigures['states'],
  of: number,
): Readonly<Record<string, readonly [number, number, number]>> {
  const share = (n: number): number => (of === 0 ? 0 : Math.round((10_000 * n) / of) / 10_000);
  return Object.fromEntries(
    Object.entries(states).map(([key, [observed, absent, unavailable]]) => [
      key,
      [share(observed), share(absent), share(unavailable)] as const,
    ]),
  );
}

function summed(parts: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const total: Record<string, number> = {};
  for (const part of parts) for (const [key, n] of Object.entries(part)) total[key] = (total[key] ?? 0) + n;
  return sorted(total);
}

function sorted(counts: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}
