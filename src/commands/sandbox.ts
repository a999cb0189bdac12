import type { FhirResource } from 'fhir/r4.js';
import { openMimicIv } from '../cohort/sources/mimic-iv/open-mimic-iv.js';
import { loadFixtures, loadResources } from '../sandbox/load-resources.js';
import { startSandbox } from '../sandbox/start-sandbox.js';
import { EXIT, numberOption, textOption, UsageError, type Command, type Terminal } from './command.js';
import { inPackage } from './package-root.js';
import { untilStopped } from './until-stopped.js';

const HELP = `hemolens sandbox [--load WHAT] [--patients N] [--port N]

Starts the embedded FHIR R4 server, in memory, on 127.0.0.1. For trying and testing, never for production.

  --load      mimic-iv=DIR  real patients of a folder in MIMIC-IV's CSV layout
              fixtures      the synthetic situations (default)
              PATH          FHIR JSON, NDJSON, or a folder of such files
  --patients  with mimic-iv: only the first so many patients
  --port      port to listen on (default 8080; 0: any free one)

Stops on SIGINT or SIGTERM.`;

/** `hemolens sandbox` */
export function sandboxCommand(): Command {
  return {
    name: 'sandbox',
    summary: 'embedded FHIR R4 server with synthetic or MIMIC-IV patients',
    help: HELP,
    options: { load: { type: 'string' }, patients: { type: 'string' }, port: { type: 'string' } },
    async run(args, terminal) {
      const load = textOption(args, 'load') ?? 'fixtures';
      const resources = await resourcesOf(load, numberOption(args, 'patients', Infinity), terminal);
      const sandbox = await startSandbox({ port: numberOption(args, 'port', 8080), resources });
      terminal.err(`FHIR server on ${sandbox.baseUrl} with ${resources.length} resources`);
      await untilStopped();
      await sandbox.close();
      return EXIT.ok;
    },
  };
}

async function resourcesOf(load: string, patients: number, terminal: Terminal): Promise<readonly FhirResource[]> {
  if (load === 'fixtures') {
    const situations = await loadFixtures(inPackage('fhir-fixtures'), Date.now());
    return situations.flatMap((situation) => situation.resources);
  }
  const [kind, directory] = load.split('=', 2);
  if (directory === undefined) return loadResources(load, Date.now());
  if (kind !== 'mimic-iv' || directory === '') throw new UsageError(`--load ${load}: only mimic-iv=DIR is known`);
  const source = await openMimicIv(directory);
  try {
    const resources: FhirResource[] = [];
    const subjects = source.subjectIds.slice(0, patients);
    for (const [index, subjectId] of subjects.entries()) {
      for (const resource of (await source.chart(subjectId)).resources) resources.push(resource);
      terminal.progress(`${index + 1} of ${subjects.length} patients`);
    }
    terminal.progress('');
    return resources;
  } finally {
    source.close();
  }
}
