import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceKey } from '../../concepts/concept.js';
import { ServiceError } from '../../errors/service-error.js';
import type { FeatureSpec } from '../../features/feature-spec.js';
import { CONCEPT_STATES, type FeatureTensors } from '../../features/feature-tensors.js';
import { mapFeatures } from '../../features/map-features.js';
import type { BloodProduct, PatientRecord } from '../../record/patient-record.js';
import type { SourceName } from '../cohort-source.js';
import { columnSources } from '../column-sources.js';
import { checkFiling } from '../guards/check-filing.js';
import { checkMapping, isMappingChecked } from '../guards/check-mapping.js';
import { checkNoteTexts, checkRawValues } from '../guards/check-row.js';
import type { GuardTally } from '../guards/leak.js';
import type { IndexKind } from '../plan/episodes.js';
import { folderAtomically } from './build-folder.js';
import { rowDigest, type MappedEpisode } from './episode-rows.js';
import { registered } from './source-registry.js';
import { writeShard } from './write-shard.js';

/** What a worker needs to know of an episode. */
export interface ShardEpisode {
  readonly episodeId: string;
  readonly chartId: string;
  readonly indexMs: number;
  readonly products: readonly BloodProduct[];
  readonly isUnspecified: boolean;
  readonly indexEvidence: readonly string[];
}

/** One shard's work. */
export interface ShardJob {
  readonly source: SourceName;
  readonly index: IndexKind;
  readonly staged: string;
  readonly shard: number;
  readonly target: string;
  readonly spec: FeatureSpec;
  readonly episodes: readonly ShardEpisode[];
  /** Episodes of the whole dataset: decides how many are looked at by the costlier guards. */
  readonly totalEpisodes: number;
}

/** `shard.json`: what mapping found, to be added up over shards. */
export interface ShardReport {
  readonly episodes: readonly EpisodeReport[];
  readonly rejections: Readonly<Record<string, number>>;
  readonly unitsCharted: Readonly<Record<string, number>>;
  readonly withoutFilingTime: number;
  readonly guards: Readonly<Record<string, number>>;
  /** Sources seen to feed each column. */
  readonly columnSources: readonly (readonly SourceKey[])[];
}

export interface EpisodeReport {
  readonly episodeId: string;
  readonly tabularSha256: string;
  /** Any vital sign or haemoglobin in the 48 h before: less than that is no chart to learn from. */
  readonly isScoreable: boolean;
}

const SCOREABLE_BY = ['hr', 'sbp', 'dbp', 'map', 'rr', 'spo2', 'temp', 'hb'];
const OBSERVED = CONCEPT_STATES.indexOf('observed');
/** One episode in so many tells which columns a source feeds; all of a small dataset. */
const SOURCE_SAMPLE_EVERY = 40;
const SMALL_DATASET = 200;

/**
 * Maps one shard: reads its charts, maps every episode through the mapping that serves, runs the guards on each, writes the
 * tensor files and `shard.json` under `target`. Throws ERR_LEAKAGE naming the trap, or ERR_DATASET.
 */
export async function mapShard(job: ShardJob, onEpisode: (done: number) => void = () => undefined): Promise<void> {
  await folderAtomically(job.target, async (folder) => {
    const found = await mapEpisodes(job, onEpisode);
    if (found.mapped.length !== job.episodes.length) {
      throw new ServiceError('ERR_DATASET', {
        detail: `shard ${job.shard}: ${job.episodes.length - found.mapped.length} of ${job.episodes.length} episodes have no chart among the staged`,
      });
    }
    await writeShard(folder, job.spec, found.mapped);
    await writeFile(join(folder, 'shard.json'), JSON.stringify(found.report));
  });
}

async function mapEpisodes(
  { source, index, staged, shard, spec, episodes, totalEpisodes }: ShardJob,
  onEpisode: (done: number) => void,
): Promise<{ readonly mapped: readonly MappedEpisode[]; readonly report: ShardReport }> {
  const ofChart = new Map<string, ShardEpisode[]>();
  for (const episode of episodes) {
    const own = ofChart.get(episode.chartId);
    if (own) own.push(episode);
    else ofChart.set(episode.chartId, [episode]);
  }
  const mapped: MappedEpisode[] = [];
  const reports: EpisodeReport[] = [];
  const guards: GuardTally = new Map();
  const rejections = new Map<string, number>();
  const unitsCharted = new Map<string, number>();
  const feeding: Set<SourceKey>[] = spec.tabular.map(() => new Set());
  let withoutFilingTime = 0;
  for await (const chart of registered(source).readShard(staged, shard)) {
    checkFiling(chart, guards);
    withoutFilingTime += chart.withoutFilingTime;
    addAll(rejections, chart.rejections ?? {});
    addAll(unitsCharted, chart.unitsCharted ?? {});
    for (const { reason, concept, count } of chart.record.rejections)
      add(rejections, `${reason} ${concept ?? ''}`.trim(), count);
    for (const episode of ofChart.get(chart.chartId) ?? []) {
      const record = recordAt(chart.record, episode, index);
      const tensors = mapFeatures(record, spec, { predictionTimeMs: episode.indexMs });
      checkRawValues(spec, tensors.tabular, guards);
      checkNoteTexts(source, tensors.notes, guards);
      if (isMappingChecked(episode.episodeId, totalEpisodes)) {
        checkMapping(mapFeatures, { ...episode, record, tensors }, spec, guards);
      }
      if (isSourceSample(episode.episodeId, totalEpisodes)) addSources(feeding, spec, record, episode.indexMs);
      mapped.push({ episodeId: episode.episodeId, tensors });
      reports.push({
        episodeId: episode.episodeId,
        tabularSha256: rowDigest(episode.episodeId, tensors.tabular),
        isScoreable: isScoreable(spec, tensors),
      });
      onEpisode(mapped.length);
    }
  }
  return {
    mapped,
    report: {
      episodes: reports,
      rejections: Object.fromEntries(rejections),
      unitsCharted: Object.fromEntries(unitsCharted),
      withoutFilingTime,
      guards: Object.fromEntries(guards),
      columnSources: feeding.map((found) => [...found].sort()),
    },
  };
}

/**
 * The chart as it is mapped at an index. At order time the orders are those signed then; when a product begins, its own row and
 * whatever begins with or after it is taken out: how much was given is not known yet.
 */
export function recordAt(record: PatientRecord, episode: ShardEpisode, index: IndexKind): PatientRecord {
  const { products, isUnspecified, episodeId, indexMs } = episode;
  if (index === 'landmark') return { ...record, orders: [] };
  const orders = [{ products, ...(isUnspecified ? { unspecified: true as const } : {}), reference: episodeId }];
  if (index === 'order-time') return { ...record, orders };
  return {
    ...record,
    orders,
    administrations: record.administrations.filter(({ kind, startMs }) => kind !== 'blood' || startMs < indexMs),
  };
}

function isScoreable(spec: FeatureSpec, { states }: FeatureTensors): boolean {
  return spec.states.some((key, index) => SCOREABLE_BY.includes(key) && states[index] === OBSERVED);
}

function isSourceSample(episodeId: string, total: number): boolean {
  if (total <= SMALL_DATASET) return true;
  return createHash('sha256').update(`sources ${episodeId}`).digest().readUInt32LE(0) % SOURCE_SAMPLE_EVERY === 0;
}

function addSources(
  feeding: Set<SourceKey>[],
  spec: FeatureSpec,
  record: PatientRecord,
  predictionTimeMs: number,
): void {
  columnSources(spec, [{ record, predictionTimeMs }]).forEach((sources, column) => {
    for (const source of sources) feeding[column]?.add(source);
  });
}

function addAll(counts: Map<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [key, count] of Object.entries(more)) add(counts, key, count);
}

function add(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}
