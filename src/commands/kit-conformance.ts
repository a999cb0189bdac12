import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FhirResource } from 'fhir/r4.js';
import type { ClientIdentity } from '../kit/conformance/client-tokens.js';
import { reportHtml } from '../kit/conformance/report-html.js';
import { reportText } from '../kit/conformance/report-text.js';
import { rulesFor, runConformance } from '../kit/conformance/run-conformance.js';
import { readClientKey } from '../kit/fire/client-key.js';
import { loadFixture, loadResources } from '../sandbox/load-resources.js';
import { materialise } from '../sandbox/relative-time.js';
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
import { inPackage } from './package-root.js';

/** A synthetic ICU patient with results of every kind, and an order for red cells. */
const DEFAULT_SITUATION = 'fhir-fixtures/bleeding-and-unstable';

const HELP = `hemolens kit conformance --service URL [--key FILE --issuer URL] [--json] [--html FILE] [--only N,N] …

Asks any CDS service with an order-sign hook whether it keeps the requirements of CDS Hooks 2.0.1 (and of the 3.0 ballot), and says what
it saw. Brings its own FHIR server with a synthetic patient, on 127.0.0.1. Sends about 60 calls; changes nothing at the service but the
feedback it sends. A breach of a MUST is a failure, of a SHOULD a warning.

  --service       base of the service: the address before /cds-services
  --id            id of the service (default: the first with hook order-sign)
  --key           private key that signs each call (hemolens kit key makes one): PEM or JWK, EC P-384 (ES384) or RSA (RS384); needs --issuer
  --issuer        iss of the tokens, as the service knows it
  --kid, --jku    header of the tokens (default kid: the JWK's, else its thumbprint)
  --origin        web origin whose pages may call the service, for the rules about CORS
  --request       file with your own order-sign request; its chart is served from fhir-server/ beside it or by --fhir. For services that
                  are not about blood products
  --fhir          your FHIR server with that patient, asked without a token through the suite's own
  --fhir-port     port of the suite's FHIR server (default: any free one)
  --fhir-address  address under which the service reaches that port, where it runs on another machine (a tunnel)
  --only          requirement numbers or rule ids, separated by commas
  --html          write the report as a web page to this file
  --json          print the report as one line of JSON

Exit code 0: no failure. 1: failures, or no call could be made. 2: wrong usage.`;

/** `hemolens kit conformance` */
export function kitConformanceCommand(): Command {
  const text = { type: 'string' } as const;
  return {
    name: 'kit conformance',
    summary: 'ask any CDS service whether it keeps the requirements of CDS Hooks',
    help: HELP,
    options: {
      ...{ service: text, id: text, key: text, issuer: text, kid: text, jku: text, origin: text, request: text },
      ...{ fhir: text, 'fhir-port': text, 'fhir-address': text, only: text, html: text, json: { type: 'boolean' } },
    },
    async run(args, terminal) {
      if (args.positionals.length > 0) throw new UsageError('the service is given with --service');
      const serviceUrl = urlOption(args, 'service') ?? requiredOption(args, 'service');
      const report = await runConformance({
        serviceUrl,
        ...(await orderOption(args)),
        serviceId: textOption(args, 'id'),
        fhirTarget: urlOption(args, 'fhir'),
        fhirAddress: urlOption(args, 'fhir-address'),
        origin: originOption(args),
        only: onlyOption(args),
        client: await clientOption(args),
        fhirPort: numberOption(args, 'fhir-port', 0),
        onProgress: (done, of, title) => {
          terminal.progress(`${done} of ${of}: ${title}`);
        },
      });
      terminal.progress('');
      const file = textOption(args, 'html');
      if (file !== undefined) {
        await writeFile(file, reportHtml(report));
        terminal.err(`report written to ${file}`);
      }
      terminal.out(hasFlag(args, 'json') ? JSON.stringify(report) : reportText(report));
      return report.totals.fail > 0 || report.message !== undefined ? EXIT.fault : EXIT.ok;
    },
  };
}

function urlOption(args: CommandArguments, name: string): string | undefined {
  const text = textOption(args, name);
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new UsageError(`--${name} needs an http or https address without query, not '${text}'`);
  }
  if (name === 'service' && /\/cds-services\/?$/.test(url.pathname)) {
    throw new UsageError('--service takes the address before /cds-services');
  }
  return text.replace(/\/+$/, '');
}

function originOption(args: CommandArguments): string | undefined {
  const text = urlOption(args, 'origin');
  if (text !== undefined && new URL(text).origin !== text) {
    throw new UsageError(`--origin needs an origin such as ${new URL(text).origin}`);
  }
  return text;
}

function onlyOption(args: CommandArguments): readonly string[] | undefined {
  const text = textOption(args, 'only');
  if (text === undefined) return undefined;
  const only = text.split(',').map((item) => item.trim());
  const unknown = only.find((item) => rulesFor([item]).length === 0);
  if (unknown !== undefined) throw new UsageError(`--only ${unknown}: no rule has this number or id`);
  return only;
}

async function clientOption(args: CommandArguments): Promise<ClientIdentity | undefined> {
  const [file, issuer] = [textOption(args, 'key'), textOption(args, 'issuer')];
  if ((file === undefined) !== (issuer === undefined)) throw new UsageError('--key and --issuer go together');
  if (file === undefined || issuer === undefined) return undefined;
  return { key: await readClientKey(file), issuer, kid: textOption(args, 'kid'), jku: textOption(args, 'jku') };
}

/** The order that is signed and the chart behind it. */
async function orderOption(
  args: CommandArguments,
): Promise<{ readonly hookRequest: unknown; readonly resources: readonly FhirResource[] }> {
  const now = Date.now();
  const file = textOption(args, 'request');
  if (file === undefined) {
    if (textOption(args, 'fhir') !== undefined) throw new UsageError('--fhir needs --request, with a patient it holds');
    return loadFixture(inPackage(DEFAULT_SITUATION), now);
  }
  const content = await readFile(file, 'utf8').catch(() => {
    throw new UsageError(`--request ${file} cannot be read`);
  });
  const folder = join(dirname(file), 'fhir-server');
  const resources = existsSync(folder) ? await loadResources(folder, now) : [];
  try {
    return { hookRequest: materialise(JSON.parse(content), now), resources };
  } catch {
    throw new UsageError(`--request ${file} is not JSON`);
  }
}
