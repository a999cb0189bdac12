import { existsSync, readFileSync } from 'node:fs';
import type { OrderCoding } from '../orders/blood-product-table.js';
import { compareResponses } from '../kit/exchanges/compare-responses.js';
import { recordExchange, writeExchange } from '../kit/exchanges/record-exchange.js';
import { differenceWords } from '../kit/exchanges/replay-report.js';
import { steadyResponse } from '../kit/exchanges/steady-response.js';
import { FIRED_PRODUCTS, ORDER_TYPES } from '../kit/fire/blood-order.js';
import type { CdsConnection } from '../kit/fire/cds-connection.js';
import { fireOrder, prepareOrder, type FiredOrder, type OrderToFire } from '../kit/fire/fire-order.js';
import { isAnswered, requestLines, responseLines, shownRequest } from '../kit/fire/fire-report.js';
import { parsePrefetchChoice } from '../kit/fire/prefetch-keys.js';
import {
  EXIT,
  hasFlag,
  numberOption,
  requiredOption,
  textOption,
  UsageError,
  type Command,
  type CommandArguments,
  type Terminal,
} from './command.js';
import { fhirAccess, SERVICE_HELP, SERVICE_OPTIONS, serviceConnection } from './kit-options.js';
import { inPackage } from './package-root.js';
import { printCards } from './print-cards.js';

const HELP = `hemolens kit fire --service URL --fhir URL --patient ID --product rbc|platelets|plasma|cryo

Signs one blood product order as an EHR would: finds the order-sign service, fills its prefetch from the FHIR server, calls it,
and prints what was sent and answered. Access tokens and client tokens are never printed.

${SERVICE_HELP}
  --fhir         the EHR's FHIR base (R4): prefetch is read from it, and the service is told of it
  --patient      id of the Patient
  --product      rbc, platelets, plasma or cryo
  --prefetch     full (default): every key. partial: the first half of the keys in the order of the discovery page, so that the
                 service must read the rest over FHIR. none. Or keys with commas between: patient,labs
  --encounter    id of the Encounter (default: the patient's encounter in progress on the FHIR server, if there is one)
  --user         Practitioner/ID or PractitionerRole/ID (default Practitioner/hemolens-kit)
  --units        units ordered (default 1)
  --order-code   SYSTEM|CODE of the site in place of the SNOMED CT code
  --order-type   ServiceRequest (default) or MedicationRequest
  --token-file   file with an access token for the FHIR server; used for the prefetch and handed to the service
  --scope        what is said of that token's scope (default patient/*.rs)
  --no-fhir-server  do not tell the service of the FHIR server
  --fill-only    build and print the request, do not send it
  --record FILE  write the exchange to a new file, de-identified, for \`hemolens kit replay\`
    --keep-notes        with the texts of clinical notes, as they are
    --keep-identities   with everything but tokens: for synthetic patients only
  --json         print one line of JSON

What a recorded file is free of: access and client tokens and the address of the FHIR server; names, addresses, telecoms, identifiers,
narrative, comments, the names of everybody who took part, note texts, all extensions but a store time and "why there is no data"; ids
are replaced by pseudonyms whose key nobody keeps, all times are moved by the same number of whole days, ages over 89 become 90. What
it keeps: codes and their display texts, texts of concepts, short results in words, values and the distances between times. It is no
guarantee: a display text may say something about a person, a local code system names the hospital, rare values can be recognised.
Recording calls the service a second time, with the request of the file and no FHIR server: that answer is what replays compare with.

Exit code 0: answered 200 with a list of cards (it may be empty). 1: anything else.`;

/** `hemolens kit fire` */
export function kitFireCommand(): Command {
  return {
    name: 'kit fire',
    summary: 'sign an order as an EHR would, at any CDS service and FHIR server',
    help: HELP,
    options: {
      ...SERVICE_OPTIONS,
      ...Object.fromEntries(
        [
          ...['fhir', 'patient', 'product', 'prefetch', 'encounter', 'user', 'units', 'order-code', 'order-type'],
          ...['token-file', 'scope', 'record'],
        ].map((name) => [name, { type: 'string' as const }]),
      ),
      ...Object.fromEntries(
        ['no-fhir-server', 'fill-only', 'keep-notes', 'keep-identities', 'json'].map((name) => [
          name,
          { type: 'boolean' as const },
        ]),
      ),
    },
    async run(args, terminal) {
      if (args.positionals.length > 0)
        throw new UsageError(`${args.positionals.join(' ')}: kit fire takes options only`);
      const file = textOption(args, 'record');
      checkRecording(args, file);
      const order = await orderOf(args);
      const prepared = await prepareOrder(order);
      if (prepared.kind === 'not-fired') return refused(terminal, prepared.says);
      const isJson = hasFlag(args, 'json');
      if (hasFlag(args, 'fill-only')) {
        if (!isJson) for (const line of requestLines(prepared, order.connection)) terminal.err(line);
        terminal.out(JSON.stringify(shownRequest(prepared.request), undefined, isJson ? 0 : 1));
        return EXIT.ok;
      }
      if (!isJson) for (const line of requestLines(prepared, order.connection)) terminal.out(line);
      const fired = await fireOrder(prepared, order);
      if (fired.kind === 'no-answer') return refused(terminal, fired.says);
      if (isJson) terminal.out(JSON.stringify(asJson(fired)));
      else print(terminal, fired, order.connection);
      const isRecorded = file === undefined || (await record(terminal, args, file, fired, order.connection));
      return isAnswered(fired) && isRecorded ? EXIT.ok : EXIT.fault;
    },
  };
}

function checkRecording(args: CommandArguments, file: string | undefined): void {
  if (file !== undefined && hasFlag(args, 'fill-only'))
    throw new UsageError('--record needs an answer: leave out --fill-only');
  if (file !== undefined && existsSync(file))
    throw new UsageError(`--record ${file}: it is there already; choose another name`);
  for (const name of ['keep-notes', 'keep-identities'])
    if (file === undefined && hasFlag(args, name)) throw new UsageError(`--${name} is for --record FILE`);
}

async function orderOf(args: CommandArguments): Promise<OrderToFire> {
  const product = oneOf('product', requiredOption(args, 'product'), FIRED_PRODUCTS);
  const prefetch = parsePrefetchChoice(textOption(args, 'prefetch') ?? 'full');
  if (prefetch === undefined) throw new UsageError('--prefetch is full, partial, none, or keys with commas between');
  const userId = textOption(args, 'user') ?? 'Practitioner/hemolens-kit';
  if (!/^\w+\/[\w.-]+$/.test(userId)) throw new UsageError('--user is a reference such as Practitioner/123');
  const patientId = requiredOption(args, 'patient').replace(/^Patient\//, '');
  if (!/^[A-Za-z0-9.-]{1,64}$/.test(patientId))
    throw new UsageError('--patient is the id of a Patient resource: letters, digits, - and .');
  const orderCode = orderCodeOf(textOption(args, 'order-code'));
  const encounterId = textOption(args, 'encounter')?.replace(/^Encounter\//, '');
  const scope = textOption(args, 'scope');
  const units = numberOption(args, 'units', 1);
  if (units === 0) throw new UsageError('--units needs a whole number, 1 or more');
  const orderType = oneOf('order-type', textOption(args, 'order-type') ?? 'ServiceRequest', ORDER_TYPES);
  return {
    connection: await serviceConnection(args),
    fhir: await fhirAccess(args),
    patientId,
    product,
    prefetch,
    userId,
    units,
    orderType,
    namesFhirServer: !hasFlag(args, 'no-fhir-server'),
    ...(orderCode && { orderCode }),
    ...(encounterId !== undefined && { encounterId }),
    ...(scope !== undefined && { scope }),
  };
}

function oneOf<T extends string>(name: string, text: string, known: readonly T[]): T {
  const found = known.find((word) => word === text);
  if (found === undefined) throw new UsageError(`--${name} ${text} is not known: it is one of ${known.join(', ')}`);
  return found;
}

function orderCodeOf(text: string | undefined): OrderCoding | undefined {
  if (text === undefined) return undefined;
  const at = text.lastIndexOf('|');
  const [system, code] = [text.slice(0, Math.max(at, 0)).trim(), text.slice(at + 1).trim()];
  if (system === '' || code === '')
    throw new UsageError('--order-code is SYSTEM|CODE, in quotation marks for the shell');
  return { system, code };
}

function refused(terminal: Terminal, says: string): number {
  terminal.err(`hemolens kit fire: ${says}`);
  return EXIT.fault;
}

function print(terminal: Terminal, fired: FiredOrder, connection: CdsConnection): void {
  for (const line of responseLines(fired, connection)) terminal.out(line);
  if (!isAnswered(fired)) return;
  terminal.out('');
  printCards(terminal, fired.answer.response);
}

function asJson({ prepared, answer, sentMs }: FiredOrder): Record<string, unknown> {
  const { service, request, queries, prefetchMs, encounterSays, notes } = prepared;
  const { url, status, response, bytes, durationMs } = answer;
  return {
    service: { id: service.id, url },
    encounter: encounterSays,
    notes,
    prefetch: { durationMs: prefetchMs, queries },
    request: shownRequest(request),
    sentAt: new Date(sentMs).toISOString(),
    status,
    durationMs,
    bytes,
    ...(response !== undefined && { response }),
  };
}

async function record(
  terminal: Terminal,
  args: CommandArguments,
  file: string,
  fired: FiredOrder,
  connection: CdsConnection,
): Promise<boolean> {
  const exchange = await recordExchange(fired, {
    connection,
    version: packageVersion(),
    keepsNotes: hasFlag(args, 'keep-notes'),
    keepsIdentities: hasFlag(args, 'keep-identities'),
  });
  if ('kind' in exchange) {
    terminal.err(`Not recorded: the second call, with the request of the file, got no answer. ${exchange.says}`);
    return false;
  }
  await writeExchange(file, exchange);
  const { status, response } = fired.answer;
  const offset = { fromMs: fired.sentMs, byMs: Date.parse(exchange.sentAt) - fired.sentMs };
  const differences = compareResponses({ status, response: steadyResponse(response, offset) }, exchange.answers.alone);
  terminal.err(
    exchange.identities === 'kept'
      ? `Recorded in ${file}, with identities: for synthetic patients only`
      : `Recorded in ${file}, de-identified as --help says${exchange.notes === 'kept' ? ', note texts as they are' : ''}`,
  );
  // References of orders are pseudonyms in the file: every card differs in those.
  const told = differences.filter(({ what }) => what !== 'detail');
  if (told.length > 0) {
    terminal.err('The request of the file alone (no FHIR server, de-identified) is answered otherwise:');
    for (const difference of told) terminal.err(`  ${differenceWords(difference)}`);
  }
  return true;
}

function packageVersion(): string {
  const content: unknown = JSON.parse(readFileSync(inPackage('package.json'), 'utf8'));
  return typeof content === 'object' && content !== null && 'version' in content ? String(content.version) : 'unknown';
}
