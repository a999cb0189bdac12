import { mimicMs } from '../cohort/sources/mimic-iv/mimic-time.js';
import { serverWords } from '../kit/fhir-server/inspect-fhir-server.js';
import { loadCharts, type LoadedChart } from '../kit/load/load-charts.js';
import { writeManifest } from '../kit/load/load-manifest.js';
import type { LoadReport } from '../kit/load/load-report.js';
import { mimicSource, situationSource, type LoadSource } from '../kit/load/load-sources.js';
import { isLoadName } from '../kit/load/load-tag.js';
import type { ChartMoment } from '../kit/load/mimic-charts.js';
import {
  EXIT,
  hasFlag,
  numberOption,
  textOption,
  UsageError,
  type Command,
  type CommandArguments,
  type Terminal,
} from './command.js';
import {
  FHIR_SERVER_HELP,
  FHIR_SERVER_OPTIONS,
  fhirTargetOf,
  findServer,
  printProblem,
} from './fhir-server-options.js';
import { inPackage } from './package-root.js';
import { progressBar } from './progress-bar.js';

const HELP = `hemolens kit load --fhir URL [--situation NAME|all | --mimic-iv DIR] [options]

Puts patients to try with on a FHIR R4 server: transaction Bundles of PUTs, tagged, with ids derived from the load's name, so that running
it again updates and nothing of the server's own is overwritten. \`hemolens kit unload\` takes them away again.

${FHIR_SERVER_HELP}
  --situation   a synthetic situation of fhir-fixtures/, or all (default), as if the order were signed now
  --mimic-iv    folder in MIMIC-IV's CSV layout (hosp/ and icu/)
  --patients    with --mimic-iv: only the first so many
  --as-of       with --mimic-iv: the charts as they stood at a time (2180-05-07T10:00:00-05:00; without zone, MIMIC's own)
  --as-of-order with --mimic-iv: each chart as it stood at the patient's order for blood of this number; the first is 0
  --tag         name of the load (default: says what is loaded); another name makes other patients
  --bundle-size entries a Bundle (default 500)
  --concurrency Bundles under way at a time (default 2)
  --manifest    file to write the loaded ids to
  --json        end with one line of JSON

Exit code 0: everything is in. 1: something is not; what is in stays, and running it again is harmless.`;

const MIMIC_ONLY = ['patients', 'as-of', 'as-of-order'] as const;

/** `hemolens kit load` */
export function kitLoadCommand(): Command {
  return {
    name: 'kit load',
    summary: 'put synthetic or MIMIC-IV patients on a FHIR server',
    help: HELP,
    options: {
      ...FHIR_SERVER_OPTIONS,
      situation: { type: 'string' },
      'mimic-iv': { type: 'string' },
      patients: { type: 'string' },
      'as-of': { type: 'string' },
      'as-of-order': { type: 'string' },
      tag: { type: 'string' },
      'bundle-size': { type: 'string' },
      concurrency: { type: 'string' },
      manifest: { type: 'string' },
      json: { type: 'boolean' },
    },
    run: async (args, terminal) => {
      const target = await fhirTargetOf(args);
      const wanted = wantedOf(args);
      const server = await findServer(target, 'kit load', terminal);
      if (!server) return EXIT.fault;
      terminal.err(`${target.fhirBase}: ${serverWords(server)}`);
      if (!server.declaresWrites) terminal.err('The server declares neither create nor update; trying all the same.');
      const source = await sourceOf(args, wanted.moment);
      try {
        const bar = progressBar('patients');
        const report = await loadCharts({
          ...target,
          source,
          tag: wanted.tag,
          bundleSize: wanted.bundleSize,
          concurrency: wanted.concurrency,
          onProgress: (patients, of, resources) =>
            terminal.progress(`${bar(Math.floor(patients), of)}, ${resources} resources`),
        });
        terminal.progress('');
        const manifest = textOption(args, 'manifest');
        if (manifest !== undefined) {
          const patients = report.patients.map(({ id }) => id);
          await writeManifest(manifest, {
            manifestVersion: 1,
            fhirBase: target.fhirBase,
            tag: wanted.tag,
            patients,
            resources: report.ids,
          });
        }
        printReport(report, target.fhirBase, wanted.tag, terminal);
        if (hasFlag(args, 'json')) terminal.out(jsonOf(report, target.fhirBase, wanted.tag));
        return report.outcome === 'complete' ? EXIT.ok : EXIT.fault;
      } finally {
        source.close();
      }
    },
  };
}

interface Wanted {
  readonly moment: ChartMoment;
  readonly tag: string;
  readonly bundleSize: number;
  readonly concurrency: number;
}

/** Everything about the call that can be wrong, before anything is asked of anybody. */
function wantedOf(args: CommandArguments): Wanted {
  if (args.positionals.length > 0) throw new UsageError('it takes options only');
  const isMimic = textOption(args, 'mimic-iv') !== undefined;
  if (isMimic && textOption(args, 'situation') !== undefined)
    throw new UsageError('give --situation or --mimic-iv, not both');
  const stray = MIMIC_ONLY.find((name) => !isMimic && textOption(args, name) !== undefined);
  if (stray !== undefined) throw new UsageError(`--${stray} goes with --mimic-iv`);
  const { moment, tag: usual } = momentOf(args, isMimic);
  const tag = textOption(args, 'tag') ?? usual;
  if (!isLoadName(tag)) throw new UsageError('--tag takes letters, digits, dots, hyphens and underscores, at most 64');
  const bundleSize = numberOption(args, 'bundle-size', 500);
  const concurrency = numberOption(args, 'concurrency', 2);
  if (bundleSize === 0 || concurrency === 0) throw new UsageError('--bundle-size and --concurrency must be 1 or more');
  return { moment, tag, bundleSize, concurrency };
}

/** The moment of the charts, and the load's name that goes with it: charts of two moments must not mix. */
function momentOf(args: CommandArguments, isMimic: boolean): { readonly moment: ChartMoment; readonly tag: string } {
  const [time, order] = [textOption(args, 'as-of'), textOption(args, 'as-of-order')];
  if (time !== undefined && order !== undefined) throw new UsageError('give --as-of or --as-of-order, not both');
  if (time !== undefined) {
    const atMs = /(Z|[+-]\d\d:\d\d)$/.test(time) ? Date.parse(time) : mimicMs(time.replace('T', ' '));
    if (atMs === undefined || Number.isNaN(atMs))
      throw new UsageError(`--as-of ${time}: no time like 2180-05-07T10:00:00-05:00`);
    return {
      moment: { kind: 'time', atMs },
      tag: `mimic-iv-${new Date(atMs).toISOString().replace(/\D/g, '').slice(0, 14)}`,
    };
  }
  if (order !== undefined) {
    const index = numberOption(args, 'as-of-order', 0);
    return { moment: { kind: 'order', index }, tag: `mimic-iv-order-${index}` };
  }
  return { moment: { kind: 'whole' }, tag: isMimic ? 'mimic-iv' : 'situations' };
}

function sourceOf(args: CommandArguments, moment: ChartMoment): Promise<LoadSource> {
  const directory = textOption(args, 'mimic-iv');
  if (directory !== undefined) return mimicSource(directory, moment, numberOption(args, 'patients', Infinity));
  return situationSource(inPackage('fhir-fixtures'), textOption(args, 'situation') ?? 'all', Date.now());
}

const MOST_PATIENTS_SHOWN = 30;

function printReport(
  report: LoadReport & { readonly charts: readonly LoadedChart[] },
  fhirBase: string,
  tag: string,
  terminal: Terminal,
): void {
  const { created, updated, retries, wallMs } = report;
  const again = retries === 0 ? '' : `, ${retries} sent again`;
  terminal.out(
    `loaded    ${created + updated} resources (${created} new, ${updated} updated) in ${(wallMs / 1000).toFixed(1)} s, ${report.bundles} ${report.bundles === 1 ? 'Bundle' : 'Bundles'}${again}`,
  );
  const types = Object.entries(report.byType).sort(([, a], [, b]) => b - a);
  terminal.out(`types     ${types.map(([type, n]) => `${type} ${n}`).join(', ') || 'none'}`);
  terminal.out(`patients  ${report.charts.length}`);
  for (const { id, label } of report.charts.slice(0, MOST_PATIENTS_SHOWN))
    terminal.out(`  ${id}  ${label ?? ''}`.trimEnd());
  const hidden = report.charts.length - MOST_PATIENTS_SHOWN;
  if (hidden > 0) terminal.out(`  and ${hidden} more; --json or --manifest lists all`);
  terminal.out(`to undo   hemolens kit unload --fhir ${fhirBase} --tag ${tag}`);
  const dangling = Object.entries(report.danglingReferences);
  if (dangling.length > 0)
    terminal.err(
      `References to what is not loaded: ${dangling.map(([type, n]) => `${type} ${n}`).join(', ')}; they stay as they are.`,
    );
  for (const { reference, status, said } of report.failures)
    terminal.err(`not taken: ${reference}: ${status}${said === undefined ? '' : `: ${said}`}`);
  if (report.failed > report.failures.length)
    terminal.err(`and ${report.failed - report.failures.length} more were not taken`);
  if (report.outcome === 'complete') return;
  if (report.problem) printProblem(report.problem, fhirBase, 'kit load', terminal);
  terminal.err(
    `${created + updated} of ${report.resources} resources went in. The same command again continues: what is in is only updated.`,
  );
}

function jsonOf(
  { ids, charts, ...report }: Awaited<ReturnType<typeof loadCharts>>,
  fhirBase: string,
  tag: string,
): string {
  return JSON.stringify({ fhirBase, tag, ...report, loaded: ids.length, patients: charts });
}
