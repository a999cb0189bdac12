import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { existsSync } from 'node:fs';
import { loadConfig } from '../config/config.js';
import { discoverOrderSign } from '../sandbox/ehr-client.js';
import { loadResources } from '../sandbox/load-resources.js';
import { materialise } from '../sandbox/relative-time.js';
import { startSandbox, type Sandbox } from '../sandbox/start-sandbox.js';
import { EXIT, hasFlag, textOption, UsageError, type Command } from './command.js';
import { printCards } from './print-cards.js';
import type { StartService } from './serve.js';

const HELP = `hemolens assess REQUEST.json [--service URL] [--fhir URL] [--json]

Sends one order-sign request from a file and prints the card. Relative times ({{t0-2h}}) are set from now. Without --service a
service is started for the one call. A folder fhir-server/ beside the file is served to it, as in fhir-fixtures/.

  --service  a running Hemolens
  --fhir     FHIR base to name in the request (default: the request's own, then the folder beside it)
  --json     print the response as one line of JSON

Exit code 0: answered 200. 1: refused; the OperationOutcome is printed.`;

/** `hemolens assess` */
export function assessCommand(startService: StartService): Command {
  return {
    name: 'assess',
    summary: 'send one order-sign request from a file and print the card',
    help: HELP,
    options: { service: { type: 'string' }, fhir: { type: 'string' }, json: { type: 'boolean' } },
    async run(args, terminal) {
      const [file] = args.positionals;
      if (file === undefined || args.positionals.length > 1) throw new UsageError('give one request file');
      const now = Date.now();
      const request = await readRequest(file, now);
      const sandbox = await chartBeside(file, now, textOption(args, 'fhir'));
      const given = textOption(args, 'service');
      const own =
        given === undefined
          ? await startService(
              loadConfig(
                {},
                { mode: 'sandbox', port: 0, store: 'memory', logLevel: 'warn', openFhirServerAllowed: true },
              ),
            )
          : undefined;
      try {
        const url = (given ?? own?.url ?? '').replace(/\/+$/, '');
        const fhirServer = textOption(args, 'fhir') ?? sandbox?.baseUrl;
        const { status, response } = await post(url, {
          ...request,
          ...(fhirServer === undefined ? {} : { fhirServer }),
        });
        if (hasFlag(args, 'json') || status !== 200) terminal.out(JSON.stringify(response));
        else printCards(terminal, response);
        return status === 200 ? EXIT.ok : EXIT.fault;
      } finally {
        await own?.close();
        await sandbox?.close();
      }
    },
  };
}

async function readRequest(file: string, t0Ms: number): Promise<object> {
  const content = await readFile(file, 'utf8').then(
    (text) => materialise(JSON.parse(text), t0Ms),
    () => {
      throw new UsageError(`${file} cannot be read`);
    },
  );
  if (typeof content === 'object' && content !== null) return content;
  throw new UsageError(`${file} is not a hook request`);
}

async function chartBeside(file: string, now: number, fhir: string | undefined): Promise<Sandbox | undefined> {
  const folder = join(dirname(file), 'fhir-server');
  if (fhir !== undefined || !existsSync(folder)) return undefined;
  return startSandbox({ resources: await loadResources(folder, now) });
}

async function post(url: string, body: object): Promise<{ status: number; response: unknown }> {
  const { id } = await discoverOrderSign(url);
  const answer = await fetch(`${url}/cds-services/${id}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, response: await answer.json() };
}
