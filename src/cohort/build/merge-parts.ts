import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ServiceError } from '../../errors/service-error.js';
import { parseFeatureSpec } from '../../features/parse-feature-spec.js';
import type { DatasetCard } from '../dataset-card.js';
import type { IndexRule } from '../plan/episodes.js';
import { assemble } from './assemble.js';
import { loadFacts } from './build-facts.js';
import { BUILD_MARK, buildFolder, PART_DONE, type BuildFolder } from './build-folder.js';
import { loadStageReport, sumStageReports } from './stage-report.js';

/**
 * Joins the parts that several jobs built (`--shard 1/3`, `2/3`, `3/3`) into one dataset, the same bytes as one job would
 * have made. Throws ERR_DATASET naming the part that is missing, unfinished, doubled or of another build.
 */
export async function mergeParts(parts: readonly string[], out: string): Promise<DatasetCard> {
  if (existsSync(out) && !existsSync(mergeMark(out))) {
    throw new ServiceError('ERR_DATASET', { detail: `${out} exists already: nothing is overwritten` });
  }
  const opened = await Promise.all(parts.map(openPart));
  const [first] = opened;
  if (!first) throw new ServiceError('ERR_DATASET', { detail: 'no part was given' });
  for (const { folder, build } of opened) {
    if (build !== first.build) {
      throw new ServiceError('ERR_DATASET', {
        detail: `${folder.out} was built of other files or with other options than ${first.folder.out}`,
      });
    }
  }
  assertComplete(opened);
  const reports = await Promise.all(opened.map(({ folder }) => loadStageReport(folder.stagedReport)));
  const shards = await Promise.all(
    opened.map(async ({ folder }) => (await readdir(folder.shards)).map((name) => join(folder.shards, name))),
  );
  const { work } = buildFolder(out);
  await mkdir(work, { recursive: true });
  // A merge that was killed is begun anew: its parts are still there.
  await writeFile(mergeMark(out), '');
  return assemble(out, work, {
    facts: await loadFacts(first.folder.facts),
    rule: first.rule,
    spec: parseFeatureSpec(JSON.parse(await readFile(first.folder.spec, 'utf8'))),
    shards: shards.flat().sort(byName),
    stage: sumStageReports(reports),
  });
}

/** Says that what lies in the folder is a merge in progress. */
function mergeMark(out: string): string {
  return join(buildFolder(out).work, 'merge');
}

interface OpenPart {
  readonly folder: BuildFolder;
  /** What must be the same in all parts. */
  readonly build: string;
  readonly rule: IndexRule;
  readonly index: number;
  readonly of: number;
}

async function openPart(out: string): Promise<OpenPart> {
  const folder = buildFolder(out);
  if (!existsSync(join(out, PART_DONE))) {
    throw new ServiceError('ERR_DATASET', { detail: `${out} is not a finished part (no ${PART_DONE})` });
  }
  const { shardCount } = JSON.parse(await readFile(join(out, PART_DONE), 'utf8')) as { readonly shardCount: number };
  const { part, ...build } = JSON.parse(await readFile(join(folder.work, BUILD_MARK), 'utf8')) as {
    readonly part: { readonly index: number; readonly of: number };
    readonly rule: IndexRule;
  };
  return { folder, build: JSON.stringify({ ...build, shardCount }), rule: build.rule, ...part };
}

function assertComplete(parts: readonly OpenPart[]): void {
  const of = parts[0]?.of ?? 0;
  const found = parts.map(({ index }) => index);
  const twice = found.find((index, at) => found.indexOf(index) !== at);
  if (twice !== undefined) throw new ServiceError('ERR_DATASET', { detail: `part ${twice}/${of} was given twice` });
  const missing = Array.from({ length: of }, (_, at) => at + 1).filter((index) => !found.includes(index));
  if (missing.length > 0) {
    throw new ServiceError('ERR_DATASET', {
      detail: `part ${missing.map((index) => `${index}/${of}`).join(', ')} is missing`,
    });
  }
}

/** Shards by number, as one job would have them. */
function byName(a: string, b: string): number {
  const name = (path: string): string => path.slice(-5);
  return name(a) < name(b) ? -1 : 1;
}
