import type { Bundle } from 'fhir/r4.js';
import { loadConfig } from '../config/config.js';
import { ServiceError } from '../errors/service-error.js';
import { discoverOrderSign, signOrders, type PrefetchChoice, type SignedOrders } from '../sandbox/ehr-client.js';
import { loadFixtures, type FixtureSituation } from '../sandbox/load-resources.js';
import { startSandbox } from '../sandbox/start-sandbox.js';
import { EXIT, hasFlag, numberOption, type Command, type Terminal } from './command.js';
import { inPackage } from './package-root.js';
import { printCards } from './print-cards.js';
import type { StartService } from './serve.js';
import { untilStopped } from './until-stopped.js';

const HELP = `hemolens demo [--once] [--json] [--port N]

Starts the service and an embedded FHIR server filled with synthetic patients, signs an order for three of them over HTTP
as an EHR would, prints the cards, and keeps serving so that you can try more.

  --once   exit after the three cards
  --json   end with one line of JSON holding the three responses
  --port   port of the service (default: any free one)`;

/** The three situations shown, each with another way of giving the chart. */
const SHOWN: readonly { readonly situation: string; readonly prefetch: PrefetchChoice; readonly says: string }[] = [
  { situation: 'bleeding-and-unstable', prefetch: 'full', says: 'everything prefetched' },
  { situation: 'stable-anaemia', prefetch: 'none', says: 'nothing prefetched, read over FHIR' },
  {
    situation: 'platelets-in-haematology',
    prefetch: ['patient', 'labs'],
    says: 'patient and labs prefetched, the rest over FHIR',
  },
];

/** `hemolens demo` */
export function demoCommand(startService: StartService): Command {
  return {
    name: 'demo',
    summary: 'service, FHIR server and synthetic patients in one go',
    help: HELP,
    options: { once: { type: 'boolean' }, json: { type: 'boolean' }, port: { type: 'string' } },
    async run(args, terminal) {
      const situations = await loadFixtures(inPackage('fhir-fixtures'), Date.now());
      const sandbox = await startSandbox({ resources: situations.flatMap(({ resources }) => resources) });
      const port = numberOption(args, 'port', 0);
      const service = await startService(
        loadConfig({}, { mode: 'sandbox', port, store: 'memory', logLevel: 'warn', openFhirServerAllowed: true }),
      ).catch(async (error: unknown) => {
        await sandbox.close();
        throw error;
      });
      try {
        const responses = await showThree(situations, service.url, sandbox.baseUrl, terminal);
        if (hasFlag(args, 'once')) {
          if (hasFlag(args, 'json')) terminal.out(JSON.stringify({ responses }));
          return EXIT.ok;
        }
        printUrls(terminal, service.url, sandbox.baseUrl, situations);
        if (hasFlag(args, 'json')) terminal.out(JSON.stringify({ responses }));
        await untilStopped();
        return EXIT.ok;
      } finally {
        await service.close();
        await sandbox.close();
      }
    },
  };
}

async function showThree(
  situations: readonly FixtureSituation[],
  serviceUrl: string,
  fhirBase: string,
  terminal: Terminal,
): Promise<readonly unknown[]> {
  const service = await discoverOrderSign(serviceUrl);
  const responses: unknown[] = [];
  for (const { situation, prefetch, says } of SHOWN) {
    const fixture = situations.find(({ name }) => name === situation);
    if (!fixture) throw new ServiceError('ERR_DATASET', { detail: `no fixture ${situation}` });
    const { patientId, draftOrders } = contextOf(fixture);
    const signed = await signOrders({ serviceUrl, fhirBase, patientId, draftOrders, prefetch, service });
    printSigned(terminal, `${situation.replaceAll('-', ' ')} (${says})`, signed);
    responses.push(signed.response);
  }
  return responses;
}

function printSigned(terminal: Terminal, title: string, { status, response, timing }: SignedOrders): void {
  terminal.out(`\n── ${title} ── HTTP ${status}, ${Math.round(timing.hookMs)} ms`);
  if (status !== 200) {
    throw new ServiceError('ERR_INTERNAL', { detail: `the service answered ${status}: ${JSON.stringify(response)}` });
  }
  printCards(terminal, response);
}

/** Patient and draft orders of a fixture's hook request. Throws ERR_DATASET where they are not there. */
export function contextOf({ name, hookRequest }: FixtureSituation): {
  readonly patientId: string;
  readonly draftOrders: Bundle;
} {
  const context = (hookRequest as { context?: { patientId?: string; draftOrders?: Bundle } }).context;
  if (context?.patientId === undefined || !context.draftOrders) {
    throw new ServiceError('ERR_DATASET', { detail: `fixture ${name}: hook-request.json has no context` });
  }
  return { patientId: context.patientId, draftOrders: context.draftOrders };
}

function printUrls(
  terminal: Terminal,
  serviceUrl: string,
  fhirBase: string,
  situations: readonly FixtureSituation[],
): void {
  terminal.out(`
Still serving; Ctrl+C stops.
  discovery    ${serviceUrl}/cds-services
  order-sign   POST ${serviceUrl}/cds-services/transfusion-mortality-risk
  FHIR server  ${fhirBase}/Patient
  a card       hemolens assess fhir-fixtures/SITUATION/hook-request.json --service ${serviceUrl} --fhir ${fhirBase}
  situations   ${situations.map(({ name }) => name).join(', ')}`);
}
