import { readFile } from 'node:fs/promises';
import { buildDataset } from '../cohort/build/build-dataset.js';
import type { BuildProgress, Part } from '../cohort/build/build-options.js';
import type { SourceOptions } from '../cohort/build/source-registry.js';
import { SOURCE_NAMES } from '../cohort/cohort-source.js';
import { INDEX_KINDS } from '../cohort/plan/episodes.js';
import { ICU_BASELINE_ID, icuBaselineSpec } from '../cohort/sources/challenge-2012/icu-baseline-spec.js';
import { fullFeatureSpec } from '../features/build-feature-spec.js';
import type { FeatureSpec } from '../features/feature-spec.js';
import { parseFeatureSpec } from '../features/parse-feature-spec.js';
import {
  EXIT,
  hasFlag,
  numberOption,
  requiredOption,
  textOption,
  UsageError,
  type Command,
  type CommandArguments,
} from './command.js';

const HELP = `hemolens cohort build --source ${SOURCE_NAMES.join('|')} --path DIR --out DIR
    [--index ${INDEX_KINDS.join('|')}] [--gap-hours 24] [--landmarks 6,24,48,72,96,120] [--spec full]
    [--intake-shift 0|60|120] [--every-record] [--shards N] [--shard i/n] [--workers N]

Builds a training set for death within 7 days through the same feature mapping that serves, from any source: episodes.parquet,
tabular.parquet, series.parquet, notes.parquet, states.parquet, feature-spec.json, columns.json, the dataset card and the
attrition table (JSON, Markdown, SVG), and DONE last. The same files and options give the same bytes. A build that was cut
short goes on where it stopped when it is called again.

  --source     dataset layout
  --path       folder of the published files (read, never written)
  --out        folder to make; a finished dataset is never overwritten
  --index      what the prediction time is (default order-time; eicu admin-start; challenge-2012 landmark)
  --gap-hours  products this far apart begin a new episode (default 24; 0: every signing or product is one)
  --landmarks  hours after ICU admission, for --index landmark
  --spec       full, icu-baseline, or the path of a feature-spec.json (default full)
  --intake-shift  eICU: minutes a volume of blood began before it was charted (default 60; 0 and 120 for sensitivity)
  --every-record  challenge-2012: every record of every set-? (folder or .tar.gz) in the folder, and of record files lying in
               it; nobody is left out, for prediction and for death in hospital. Without Outcomes-?.txt all labels are null
  --shards     pieces the work is cut into; the result does not depend on it
  --shard      build only the i-th of n parts, for several jobs; join them with \`hemolens cohort merge\`
  --workers    threads that map (default: as many as processors)

Exit code 1: a file is missing, cut short or does not fit its layout, or a leakage guard found something; the message names it.`;

/** `hemolens cohort build` */
export function cohortBuildCommand(): Command {
  return {
    name: 'cohort build',
    summary: 'build a training set',
    help: HELP,
    options: {
      source: { type: 'string' },
      path: { type: 'string' },
      out: { type: 'string' },
      index: { type: 'string' },
      'gap-hours': { type: 'string' },
      landmarks: { type: 'string' },
      spec: { type: 'string' },
      'intake-shift': { type: 'string' },
      'every-record': { type: 'boolean' },
      shards: { type: 'string' },
      shard: { type: 'string' },
      workers: { type: 'string' },
    },
    async run(args, terminal) {
      const source = oneOf(args, 'source', SOURCE_NAMES);
      if (source === undefined) throw new UsageError('--source is required');
      const index = oneOf(args, 'index', INDEX_KINDS);
      const landmarkHours = textOption(args, 'landmarks')?.split(',').map(Number);
      const intakeShift = oneOf(args, 'intake-shift', ['0', '60', '120'] as const);
      const part = partOption(args);
      const number = (name: string): number | undefined =>
        textOption(args, name) === undefined ? undefined : numberOption(args, name, 0);
      const [gapHours, shards, workers] = [number('gap-hours'), number('shards'), number('workers')];
      if (shards === 0) throw new UsageError('--shards needs a whole number, 1 or more');
      const { card, timings } = await buildDataset({
        source,
        path: requiredOption(args, 'path'),
        out: requiredOption(args, 'out'),
        spec: await specOption(args),
        ...(index === undefined ? {} : { index }),
        ...(gapHours === undefined ? {} : { gapHours }),
        ...(landmarkHours === undefined ? {} : { landmarkHours }),
        ...sourceOptions(intakeShift, hasFlag(args, 'every-record')),
        ...(shards === undefined ? {} : { shards }),
        ...(part === undefined ? {} : { part }),
        ...(workers === undefined ? {} : { workers }),
        onProgress: progressBar((text) => {
          terminal.progress(text);
        }),
      });
      terminal.progress('');
      const counts = card && { counts: card.counts, attrition: card.attrition, tabularSha256: card.tabularSha256 };
      terminal.out(JSON.stringify({ ...counts, timings }, null, 2));
      return EXIT.ok;
    },
  };
}

const SHIFTS = { '0': 0, '60': 60, '120': 120 } as const;

function sourceOptions(
  intakeShift: keyof typeof SHIFTS | undefined,
  everyRecord: boolean,
): { readonly sourceOptions?: SourceOptions } {
  const given: SourceOptions = {
    ...(intakeShift === undefined ? {} : { intakeShiftMinutes: SHIFTS[intakeShift] }),
    ...(everyRecord ? { everyRecord } : {}),
  };
  return Object.keys(given).length === 0 ? {} : { sourceOptions: given };
}

const BAR_WIDTH = 24;

/** Words of the stage; while mapping a bar with rate and time left. */
function progressBar(show: (text: string) => void): (progress: BuildProgress) => void {
  let startedMs = 0;
  let before = 0;
  return ({ stage, words, done, of }) => {
    if (done === undefined || of === undefined) {
      show(`${stage}: ${words}`);
      return;
    }
    if (startedMs === 0) {
      startedMs = performance.now();
      before = done;
    }
    const seconds = (performance.now() - startedMs) / 1000;
    const rate = seconds > 0 ? (done - before) / seconds : 0;
    const left = rate > 0 ? Math.ceil((of - done) / rate) : 0;
    const filled = of === 0 ? BAR_WIDTH : Math.round((BAR_WIDTH * done) / of);
    const bar = '#'.repeat(filled).padEnd(BAR_WIDTH, '.');
    show(`${stage} [${bar}] ${done}/${of} episodes, ${Math.round(rate)} a second, ${left} s left`);
  };
}

function oneOf<T extends string>(args: CommandArguments, name: string, allowed: readonly T[]): T | undefined {
  const text = textOption(args, name);
  if (text === undefined) return undefined;
  const found = allowed.find((one) => one === text);
  if (found === undefined) throw new UsageError(`--${name} is one of ${allowed.join(', ')}`);
  return found;
}

function partOption(args: CommandArguments): Part | undefined {
  const text = textOption(args, 'shard');
  if (text === undefined) return undefined;
  const [, index, of] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const part = { index: Number(index), of: Number(of) };
  if (!(part.index >= 1 && part.index <= part.of)) throw new UsageError('--shard is i/n with i from 1 to n');
  return part;
}

async function specOption(args: CommandArguments): Promise<FeatureSpec> {
  const text = textOption(args, 'spec') ?? 'full';
  if (text === 'full') return fullFeatureSpec();
  if (text === ICU_BASELINE_ID) return icuBaselineSpec();
  const content = await readFile(text, 'utf8').catch(() => {
    throw new UsageError('--spec is full, icu-baseline or the path of a feature-spec.json');
  });
  return parseFeatureSpec(JSON.parse(content));
}
