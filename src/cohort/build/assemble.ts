import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LOSABLE_SOURCES } from '../column-sources.js';
import { conceptByKey } from '../../concepts/dictionary.js';
import { ServiceError } from '../../errors/service-error.js';
import type { FeatureSpec } from '../../features/feature-spec.js';
import { canonicalSpecBytes } from '../../features/parse-feature-spec.js';
import type { StageReport } from '../cohort-source.js';
import type { DatasetCard } from '../dataset-card.js';
import { checkColumnsRead, checkIndex, checkPlan } from '../guards/check-plan.js';
import type { GuardTally } from '../guards/leak.js';
import { episodesOf, type IndexRule } from '../plan/episodes.js';
import { planCohort } from '../plan/plan-cohort.js';
import { reportFiles } from '../report/report-files.js';
import type { BuildFacts } from './build-facts.js';
import { clearWork, DONE, writeAtomically } from './build-folder.js';
import { describeDataset } from './describe-dataset.js';
import { joinShards } from './join-shards.js';
import type { ShardReport } from './map-shard.js';
import { writeEpisodes } from './write-episodes.js';

/** What the shards and the stagings of all parts left. */
export interface Pieces {
  readonly facts: BuildFacts;
  readonly rule: IndexRule;
  readonly spec: FeatureSpec;
  /** Folders of the mapped shards, in order. */
  readonly shards: readonly string[];
  readonly stage: StageReport;
}

/**
 * Makes the dataset of its pieces: plans again with what only the big tables told (comfort care), joins the shards in the
 * plan's order, writes the cards, and `DONE` last. Throws ERR_LEAKAGE when a guard of the plan finds something.
 */
export async function assemble(out: string, work: string, pieces: Pieces): Promise<DatasetCard> {
  const { facts, rule, spec, stage } = pieces;
  const charts = facts.charts.map((chart) => {
    const comfortCareMs = stage.comfortCareMs?.get(chart.chartId);
    return comfortCareMs === undefined ? chart : { ...chart, comfortCareMs };
  });
  const plan = planCohort(charts, facts.totals, facts.about, rule);
  const planGuards: GuardTally = new Map();
  checkColumnsRead(facts.about, planGuards);
  checkIndex(episodesOf, charts, rule, planGuards);
  checkPlan(charts, plan.episodes, planGuards);

  const target = join(work, 'final');
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  const shards = await Promise.all(
    pieces.shards.map(async (folder) => JSON.parse(await readFile(join(folder, 'shard.json'), 'utf8')) as ShardReport),
  );
  const episodes = new Map(
    shards.flatMap((shard) => shard.episodes.map((report) => [report.episodeId, report] as const)),
  );
  const ids = plan.episodes.map(({ episodeId }) => episodeId);
  const lost = ids.filter((id) => !episodes.has(id)).length;
  if (lost > 0 || episodes.size !== shards.reduce((sum, shard) => sum + shard.episodes.length, 0)) {
    throw new ServiceError('ERR_DATASET', {
      detail: `the shards do not hold every episode once (${lost} of ${ids.length} are missing): build the part again in a new folder`,
    });
  }
  const figures = await joinShards(pieces.shards, target, ids, spec);
  const episodesSha256 = await writeEpisodes(join(target, 'episodes.parquet'), facts.about, plan, episodes);
  const card = describeDataset({
    about: facts.about,
    plan,
    spec,
    stage,
    shards,
    episodes,
    episodesSha256,
    figures,
    planGuards,
  });
  await writeFile(join(target, 'feature-spec.json'), canonicalSpecBytes(spec));
  await writeFile(join(target, 'columns.json'), json({ columns: describeColumns(spec, shards) }));
  await writeFile(join(target, 'dataset-card.json'), json(card));
  for (const [name, content] of reportFiles(card)) await writeFile(join(target, name), content);
  await rm(join(target, 'duckdb'), { recursive: true, force: true });
  for (const name of (await readdir(target)).sort()) await rename(join(target, name), join(out, name));
  await writeAtomically(join(out, DONE), `${createHash('sha256').update(json(card)).digest('hex')}\n`);
  await clearWork(work);
  return card;
}

interface DescribedColumn {
  readonly name: string;
  readonly concept: string;
  readonly kind: string;
  readonly group: string;
  /** Sources whose loss empties the column, as seen in a sample of episodes. */
  readonly sources: readonly string[];
}

function describeColumns(spec: FeatureSpec, shards: readonly ShardReport[]): DescribedColumn[] {
  return spec.tabular.map(({ name, concept, kind }, index) => ({
    name,
    concept,
    kind,
    group: conceptByKey(concept).group,
    sources: LOSABLE_SOURCES.filter((source) =>
      shards.some(({ columnSources }) => columnSources[index]?.includes(source)),
    ),
  }));
}

function json(content: unknown): string {
  return `${JSON.stringify(content, null, 2)}\n`;
}
