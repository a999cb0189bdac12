/**
 * `node --import tsx bench/mimic-size/build.ts --clone DIR [--clone DIR ...] --out DIR [--index order-time] [--json]`: builds the
 * training set of each clone (`make-clone.ts`) in a process of its own, and says what each stage took, what memory it peaked at, how
 * that grows with size, and what it comes to at the full size of MIMIC-IV 3.1. Needs `npm run build`.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import type { BuildTimings } from '../../src/cohort/build/build-options.js';

const run = promisify(execFile);

interface CloneMark {
  readonly scale: number;
  readonly tables: readonly { readonly table: string; readonly rows: number; readonly bytes: number }[];
}

interface Measured {
  readonly scale: number;
  /** Rows of all tables of the clone. */
  readonly rows: number;
  readonly episodes: number;
  readonly timings: BuildTimings;
  readonly seconds: number;
  readonly tabularSha256: string;
}

const STAGES = ['factsSeconds', 'stagingSeconds', 'mappingSeconds', 'assemblingSeconds'] as const;

const { values } = parseArgs({
  options: {
    clone: { type: 'string', multiple: true },
    out: { type: 'string' },
    index: { type: 'string', default: 'order-time' },
    json: { type: 'boolean', default: false },
  },
});
const { clone: clones = [], out, index, json } = values;
if (clones.length === 0 || out === undefined) {
  console.error('usage: build.ts --clone DIR [--clone DIR ...] --out DIR [--index order-time] [--json]');
  process.exit(2);
}
if (!existsSync('dist/cli.js')) {
  console.error('run `npm run build` first');
  process.exit(2);
}

await mkdir(out, { recursive: true });
const measured: Measured[] = [];
for (const clone of clones) measured.push(await measure(clone, join(out, 'dataset')));
const report = { index, processors: availableParallelism(), measured, full: projected(measured) };
if (json) console.log(JSON.stringify(report, null, 2));
else print(report);

async function measure(clone: string, target: string): Promise<Measured> {
  const mark = JSON.parse(await readFile(join(clone, 'DONE'), 'utf8')) as CloneMark;
  await rm(target, { recursive: true, force: true });
  const args = ['dist/cli.js', 'cohort', 'build', '--source', 'mimic-iv', '--path', clone, '--out', target];
  const { stdout } = await run(process.execPath, [...args, '--index', index], { maxBuffer: 1 << 26 });
  const built = JSON.parse(stdout) as { counts: { episodes: number }; timings: BuildTimings; tabularSha256: string };
  const { timings } = built;
  const one = {
    scale: mark.scale,
    rows: mark.tables.reduce((sum, { rows }) => sum + rows, 0),
    episodes: built.counts.episodes,
    timings,
    seconds: STAGES.reduce((sum, stage) => sum + timings[stage], 0),
    tabularSha256: built.tabularSha256,
  };
  process.stderr.write(`1/${Math.round(1 / one.scale)}: ${one.seconds.toFixed(1)} s\n`);
  return one;
}

/** Straight line through the measurements by least squares, and its value at scale 1. */
function projected(rows: readonly Measured[]): Readonly<Record<string, number>> | undefined {
  if (rows.length < 2) return undefined;
  const at = (value: (row: Measured) => number): number => {
    const n = rows.length;
    const meanX = rows.reduce((sum, { scale }) => sum + scale, 0) / n;
    const meanY = rows.reduce((sum, row) => sum + value(row), 0) / n;
    const slope =
      rows.reduce((sum, row) => sum + (row.scale - meanX) * (value(row) - meanY), 0) /
      rows.reduce((sum, { scale }) => sum + (scale - meanX) ** 2, 0);
    return meanY + slope * (1 - meanX);
  };
  return {
    ...Object.fromEntries(STAGES.map((stage) => [stage, at(({ timings }) => timings[stage])])),
    minutes: at(({ seconds }) => seconds) / 60,
    peakGiB: at(({ timings }) => timings.peakMemoryBytes) / 2 ** 30,
    episodes: at(({ episodes }) => episodes),
  };
}

function print({ measured: rows, full, processors }: typeof report): void {
  const cells = (texts: readonly string[]): string => texts.map((text) => text.padStart(12)).join('');
  const head = [
    'size',
    'rows',
    'episodes',
    'facts s',
    'staging s',
    'mapping s',
    'joining s',
    'all s',
    'rows/s',
    'peak GiB',
  ];
  console.log(cells(head));
  for (const { scale, rows: all, episodes, timings, seconds } of rows) {
    console.log(
      cells([
        `1/${Math.round(1 / scale)}`,
        String(all),
        String(episodes),
        ...STAGES.map((stage) => timings[stage].toFixed(1)),
        seconds.toFixed(1),
        String(Math.round(all / seconds)),
        (timings.peakMemoryBytes / 2 ** 30).toFixed(2),
      ]),
    );
  }
  if (!full) return;
  const figure = (key: string): string => (full[key] ?? NaN).toFixed(key === 'episodes' ? 0 : 1);
  console.log(
    `full size by a straight line through these, ${processors} processors: facts ${figure('factsSeconds')} s + staging ${figure('stagingSeconds')} s + mapping ${figure('mappingSeconds')} s + joining ${figure('assemblingSeconds')} s = ${figure('minutes')} min, ${figure('peakGiB')} GiB, ${figure('episodes')} episodes`,
  );
}
