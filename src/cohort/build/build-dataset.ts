import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ServiceError } from '../../errors/service-error.js';
import { canonicalSpecBytes } from '../../features/parse-feature-spec.js';
import type { ChartFacts, CohortSource, StageReport, WantedChart } from '../cohort-source.js';
import type { DatasetCard } from '../dataset-card.js';
import {
  assertIndexRule,
  DEFAULT_GAP_HOURS,
  DEFAULT_LANDMARK_HOURS,
  type IndexKind,
  type IndexRule,
} from '../plan/episodes.js';
import { planCohort, type CohortPlan, type PlannedEpisode } from '../plan/plan-cohort.js';
import { assemble } from './assemble.js';
import { loadFacts, saveFacts, type BuildFacts } from './build-facts.js';
import {
  buildFolder,
  folderAtomically,
  openBuildFolder,
  PART_DONE,
  sourceFingerprint,
  writeAtomically,
  type BuildFolder,
} from './build-folder.js';
import type { BuildOptions, BuildTimings, Part } from './build-options.js';
import type { ShardJob } from './map-shard.js';
import { mapShards } from './map-shards.js';
import { registered, type RegisteredSource } from './source-registry.js';
import { loadStageReport, saveStageReport } from './stage-report.js';

/** A build's result; a part of a dataset has no card until it is merged. */
export interface BuildResult {
  readonly card?: DatasetCard;
  readonly timings: BuildTimings;
}

const CHARTS_A_SHARD = 50;
const MAX_SHARDS = 1000;

/**
 * Builds a training set through the same mapping that serves. Stages: facts (small tables; every index and label is decided on
 * them), staging (the big tables, filtered to what some index may look back to), mapping (worker threads, shard by shard),
 * assembling. A build that was killed is taken up where it stopped, and the same files and options give the same bytes.
 * Throws ERR_DATASET for what does not fit, ERR_LEAKAGE naming the trap when a guard finds one.
 */
export async function buildDataset(options: BuildOptions): Promise<BuildResult> {
  const source = registered(options.source);
  const rule = indexRuleOf(options, source);
  assertSourceOptions(options, source);
  const folder = buildFolder(options.out);
  const fingerprint = await fingerprintOf(options, rule);
  const opened = await openBuildFolder(folder, fingerprint);
  if (opened === 'finished') {
    const card = JSON.parse(await readFile(join(options.out, 'dataset-card.json'), 'utf8')) as DatasetCard;
    return { card, timings: NO_TIMINGS };
  }
  await writeAtomically(folder.spec, canonicalSpecBytes(options.spec));
  const clock = stopwatch();
  const lazy = lazySource(source, options);
  try {
    options.onProgress?.({ stage: 'facts', words: 'reading who was transfused when, and what became of them' });
    const facts = await factsOf(folder, lazy, options.source, rule);
    const plan = planCohort(facts.charts, facts.totals, facts.about, rule);
    assertNotEmpty(plan);
    const factsSeconds = clock();

    const shardCount =
      options.shards ?? Math.min(MAX_SHARDS, Math.max(1, Math.ceil(chartsIn(plan.episodes) / CHARTS_A_SHARD)));
    const wanted = wantedCharts(plan.episodes, shardCount, options.part);
    const stage = await stageOf(folder, lazy, wanted, (words) => options.onProgress?.({ stage: 'staging', words }));
    const stagingSeconds = clock();

    const jobs = jobsOf(options, rule, folder, plan.episodes, wanted, plan.episodes.length);
    const episodesMapped = await map(jobs, options);
    const mappingSeconds = clock();

    const timings = (assemblingSeconds: number): BuildTimings => ({
      factsSeconds,
      stagingSeconds,
      mappingSeconds,
      assemblingSeconds,
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
      rowsStaged: Object.values(stage.rows).reduce((a, b) => a + b, 0),
      episodesMapped,
    });
    if (options.part) {
      await writeAtomically(join(options.out, PART_DONE), JSON.stringify({ ...options.part, shardCount }));
      return { timings: timings(0) };
    }
    options.onProgress?.({ stage: 'assembling', words: 'joining the shards' });
    const shards = jobs.map(({ target }) => target);
    const card = await assemble(options.out, folder.work, { facts, rule, spec: options.spec, shards, stage });
    return { card, timings: timings(clock()) };
  } finally {
    await lazy.close();
  }
}

const NO_TIMINGS: BuildTimings = {
  factsSeconds: 0,
  stagingSeconds: 0,
  mappingSeconds: 0,
  assemblingSeconds: 0,
  peakMemoryBytes: 0,
  rowsStaged: 0,
  episodesMapped: 0,
};

/** Throws ERR_DATASET for an index the source has no facts for. */
function indexRuleOf(options: BuildOptions, source: RegisteredSource): IndexRule {
  const kind = options.index ?? source.indexes[0] ?? 'landmark';
  if (!source.indexes.includes(kind)) {
    throw new ServiceError('ERR_DATASET', {
      detail: `${options.source} cannot be indexed by ${kind}: it has ${source.indexes.join(', ')}`,
    });
  }
  const landmarkHours = options.landmarkHours ?? source.landmarkHours ?? DEFAULT_LANDMARK_HOURS;
  const unfair = landmarkHours.find((hour) => source.landmarkHours?.includes(hour) === false);
  if (kind === 'landmark' && unfair !== undefined) {
    throw new ServiceError('ERR_DATASET', {
      detail: `${options.source} has only the landmark ${source.landmarkHours?.join(', ') ?? ''}: at hour ${unfair} its rows would be chosen by what came later`,
    });
  }
  const rule = { kind, gapHours: options.gapHours ?? DEFAULT_GAP_HOURS, landmarkHours };
  assertIndexRule(rule);
  return rule;
}

/** Throws ERR_DATASET for an option that would be ignored. */
function assertSourceOptions(
  { source: name, sourceOptions = {} }: BuildOptions,
  { options = [] }: RegisteredSource,
): void {
  const idle = Object.keys(sourceOptions).find((key) => !options.some((known) => known === key));
  if (idle !== undefined) throw new ServiceError('ERR_DATASET', { detail: `${idle} means nothing to ${name}` });
}

/** What must be the same for a build to be taken up, or for parts to belong together. */
async function fingerprintOf(options: BuildOptions, rule: IndexRule): Promise<string> {
  return JSON.stringify({
    format: 2,
    source: options.source,
    files: await sourceFingerprint(options.path, options.out),
    rule,
    ...(options.sourceOptions ? { sourceOptions: options.sourceOptions } : {}),
    spec: createHash('sha256').update(canonicalSpecBytes(options.spec)).digest('hex'),
    shards: options.shards ?? 'by size',
    part: options.part ?? 'whole',
  });
}

interface LazySource {
  get(): Promise<CohortSource>;
  close(): Promise<void>;
}

/** The source, opened when it is first needed: a build taken up after its staging never opens it. */
function lazySource(source: RegisteredSource, { path, sourceOptions = {} }: BuildOptions): LazySource {
  let opened: Promise<CohortSource> | undefined;
  return {
    get: () => (opened ??= source.open(path, sourceOptions)),
    close: async () => {
      (await opened?.catch(() => undefined))?.close();
    },
  };
}

async function factsOf(
  folder: BuildFolder,
  source: LazySource,
  name: BuildOptions['source'],
  rule: IndexRule,
): Promise<BuildFacts> {
  if (existsSync(folder.facts) && existsSync(folder.stagedReport)) return loadFacts(folder.facts);
  const open = await source.get();
  const { charts, totals } = await open.facts();
  if (!canIndex(charts, rule.kind)) {
    const others = registered(name).indexes.filter((kind) => canIndex(charts, kind));
    throw new ServiceError('ERR_DATASET', {
      detail: `${name}: nothing in these files can be indexed by ${rule.kind}${others.length === 0 ? '' : `: choose ${others.join(' or ')}`}`,
    });
  }
  const facts = { about: open.about, totals, charts };
  await saveFacts(folder.facts, facts);
  return facts;
}

/** Throws ERR_DATASET with the counts of every exclusion when it left nobody. */
function assertNotEmpty({ episodes, found, operatingRoomOnly, excluded }: CohortPlan): void {
  if (episodes.length > 0) return;
  const reasons = Object.entries({ 'operating-room-only': operatingRoomOnly, ...excluded })
    .filter(([, counts]) => counts.episodes > 0)
    .map(([reason, counts]) => `${reason} ${counts.episodes}`);
  throw new ServiceError('ERR_DATASET', {
    detail: `none of ${found.episodes} episodes is kept${reasons.length === 0 ? '' : `: ${reasons.join(', ')}`}`,
  });
}

function canIndex(charts: readonly ChartFacts[], kind: IndexKind): boolean {
  switch (kind) {
    case 'order-time':
      return charts.some(({ orders }) => orders.length > 0);
    case 'admin-start':
      return charts.some(({ transfusions }) => transfusions.length > 0);
    case 'landmark':
      return charts.some(({ icuStays }) => icuStays.length > 0);
  }
}

async function stageOf(
  folder: BuildFolder,
  source: LazySource,
  wanted: readonly WantedChart[],
  onProgress: (words: string) => void,
): Promise<StageReport> {
  if (existsSync(folder.stagedReport)) return loadStageReport(folder.stagedReport);
  const open = await source.get();
  const report = await folderAtomically(folder.staged, (staged) => open.stage({ wanted, folder: staged, onProgress }));
  await saveStageReport(folder.stagedReport, report);
  return report;
}

function chartsIn(episodes: readonly PlannedEpisode[]): number {
  return new Set(episodes.map(({ chartId }) => chartId)).size;
}

/** Charts by shard, dealt in order: chart i goes to shard i mod n. Those of other parts are left out. */
export function wantedCharts(
  episodes: readonly PlannedEpisode[],
  shardCount: number,
  part: Part | undefined,
): readonly WantedChart[] {
  const times = new Map<string, number[]>();
  for (const { chartId, indexMs } of episodes) {
    const own = times.get(chartId);
    if (own) own.push(indexMs);
    else times.set(chartId, [indexMs]);
  }
  return [...times]
    .map(([chartId, indexMs], order) => ({ chartId, shard: order % shardCount, indexMs }))
    .filter(({ shard }) => !part || shard % part.of === part.index - 1);
}

function jobsOf(
  { source, spec }: BuildOptions,
  rule: IndexRule,
  folder: BuildFolder,
  episodes: readonly PlannedEpisode[],
  wanted: readonly WantedChart[],
  totalEpisodes: number,
): readonly ShardJob[] {
  const shardOf = new Map(wanted.map(({ chartId, shard }) => [chartId, shard]));
  const byShard = new Map<number, PlannedEpisode[]>();
  for (const episode of episodes) {
    const shard = shardOf.get(episode.chartId);
    if (shard === undefined) continue;
    const list = byShard.get(shard);
    if (list) list.push(episode);
    else byShard.set(shard, [episode]);
  }
  return [...byShard]
    .sort(([a], [b]) => a - b)
    .map(([shard, own]) => ({
      source,
      index: rule.kind,
      staged: folder.staged,
      shard,
      target: join(folder.shards, String(shard).padStart(5, '0')),
      spec,
      totalEpisodes,
      episodes: own.map(({ episodeId, chartId, indexMs, products, isUnspecified, indexEvidence }) => ({
        episodeId,
        chartId,
        indexMs,
        products,
        isUnspecified,
        indexEvidence,
      })),
    }));
}

/** Maps the shards that are not there yet; returns the episodes mapped now. */
async function map(jobs: readonly ShardJob[], options: BuildOptions): Promise<number> {
  const missing = jobs.filter(({ target }) => !existsSync(target));
  const of = jobs.reduce((sum, { episodes }) => sum + episodes.length, 0);
  const toDo = missing.reduce((sum, { episodes }) => sum + episodes.length, 0);
  let done = of - toDo;
  await mapShards(missing, options.workers ?? availableParallelism(), (more) => {
    done += more;
    options.onProgress?.({ stage: 'mapping', words: `${done} of ${of} episodes`, done, of });
  });
  return toDo;
}

function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const seconds = (now - last) / 1000;
    last = now;
    return Math.round(seconds * 100) / 100;
  };
}
