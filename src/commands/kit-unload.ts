import { fhirServerAccess } from '../kit/fhir-server/fhir-server-access.js';
import { serverWords, type FhirR4Server } from '../kit/fhir-server/inspect-fhir-server.js';
import { inDeletionOrder } from '../kit/load/deletion-order.js';
import { findLoaded } from '../kit/load/find-loaded.js';
import { readManifest } from '../kit/load/load-manifest.js';
import { isLoadName } from '../kit/load/load-tag.js';
import { unloadFromFhirServer, type UnloadReport } from '../kit/load/unload-from-fhir-server.js';
import {
  EXIT,
  hasFlag,
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
  type FhirTarget,
} from './fhir-server-options.js';
import { progressBar } from './progress-bar.js';

const HELP = `hemolens kit unload --fhir URL [--tag NAME | --manifest FILE] [--json]

Deletes what \`hemolens kit load\` put on a FHIR server: found by its tag or listed in a manifest, deleted by id in Bundles, what refers to
others first. Nothing else is touched.

${FHIR_SERVER_HELP}
  --tag         only the load of this name (default: everything the kit loaded)
  --manifest    only what this file lists; needs no search by tag
  --json        end with one line of JSON

Exit code 0: nothing of it is left. 1: something stayed, and why is printed.`;

/** `hemolens kit unload` */
export function kitUnloadCommand(): Command {
  return {
    name: 'kit unload',
    summary: 'delete what kit load put on a FHIR server',
    help: HELP,
    options: {
      ...FHIR_SERVER_OPTIONS,
      tag: { type: 'string' },
      manifest: { type: 'string' },
      json: { type: 'boolean' },
    },
    run: async (args, terminal) => {
      const target = await fhirTargetOf(args);
      const tag = textOption(args, 'tag');
      if (args.positionals.length > 0) throw new UsageError('it takes options only');
      if (tag !== undefined && textOption(args, 'manifest') !== undefined)
        throw new UsageError('give --tag or --manifest, not both');
      if (tag !== undefined && !isLoadName(tag)) throw new UsageError('--tag is no name that kit load gives');
      const server = await findServer(target, 'kit unload', terminal);
      if (!server) return EXIT.fault;
      terminal.err(`${target.fhirBase}: ${serverWords(server)}`);
      const listed = await listedBy(args, target, server, terminal);
      if (!listed) return EXIT.fault;
      const bar = progressBar('resources');
      const report = await unloadFromFhirServer({
        ...target,
        references: inDeletionOrder(listed.references),
        onProgress: (done, of) => terminal.progress(bar(done, of)),
      });
      terminal.progress('');
      printReport(report, listed, target.fhirBase, terminal);
      if (hasFlag(args, 'json'))
        terminal.out(JSON.stringify({ fhirBase: target.fhirBase, ...report, unread: listed.unread }));
      return report.outcome === 'complete' && listed.unread.length === 0 ? EXIT.ok : EXIT.fault;
    },
  };
}

interface Listed {
  readonly references: readonly string[];
  /** Types that could not be searched by tag. */
  readonly unread: readonly string[];
}

/** What is to go; undefined where it could not be found out, and that has been printed. */
async function listedBy(
  args: CommandArguments,
  target: FhirTarget,
  server: FhirR4Server,
  terminal: Terminal,
): Promise<Listed | undefined> {
  const path = textOption(args, 'manifest');
  if (path !== undefined) {
    const manifest = await readManifest(path);
    if (manifest.fhirBase !== target.fhirBase) terminal.err(`The manifest was written for ${manifest.fhirBase}.`);
    return { references: manifest.resources, unread: [] };
  }
  const access = fhirServerAccess(target.fhirBase, target.connection);
  try {
    const found = await findLoaded(access, server, textOption(args, 'tag'));
    if (found.kind === 'found') return found;
    printProblem(found, target.fhirBase, 'kit unload', terminal);
    return undefined;
  } finally {
    access.agent.destroy();
  }
}

const MOST_SHOWN = 20;

function printReport(report: UnloadReport, { references, unread }: Listed, fhirBase: string, terminal: Terminal): void {
  const gone = report.alreadyGone === 0 ? '' : `, ${report.alreadyGone} had been before`;
  terminal.out(`gone      ${report.deleted} of ${references.length} resources${gone}`);
  for (const { reference, status, said } of report.kept.slice(0, MOST_SHOWN))
    terminal.err(`not deleted: ${reference}: ${status}${said === undefined ? '' : `: ${said}`}`);
  if (report.kept.length > MOST_SHOWN) terminal.err(`and ${report.kept.length - MOST_SHOWN} more`);
  if (report.kept.some(({ status }) => status.startsWith('409')))
    terminal.err(
      'What is still referred to has resources of others hanging on it: delete those first, then run this again.',
    );
  if (unread.length > 0) {
    const types =
      unread.length > 8 ? `${unread.slice(0, 8).join(', ')} and ${unread.length - 8} more` : unread.join(', ');
    terminal.err(
      `The server could not be searched by tag for ${types}; with a --manifest of the load no search is needed.`,
    );
  }
  if (report.problem) {
    printProblem(report.problem, fhirBase, 'kit unload', terminal);
    terminal.err('The same command again continues.');
  }
}
