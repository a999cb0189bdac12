import { readFile } from 'node:fs/promises';
import { fhirServerAccess, parseFhirBase, type FhirServerOptions } from '../kit/fhir-server/fhir-server-access.js';
import { inspectFhirServer, type FhirR4Server } from '../kit/fhir-server/inspect-fhir-server.js';
import { whatToDo, type ServerProblem } from '../kit/fhir-server/server-problem.js';
import {
  requiredOption,
  textOption,
  UsageError,
  type Command,
  type CommandArguments,
  type Terminal,
} from './command.js';

/** Options of every command that talks to a FHIR server of the tester's. */
export const FHIR_SERVER_OPTIONS = {
  fhir: { type: 'string' },
  'token-file': { type: 'string' },
  ca: { type: 'string' },
} satisfies Command['options'];

export const FHIR_SERVER_HELP = `  --fhir        base of a FHIR R4 server, for example http://127.0.0.1:8080/fhir
  --token-file  file with an access token, sent as Authorization: Bearer; it is never printed
  --ca          PEM file of a certificate to trust, for servers whose certificate is self-signed or of an own authority`;

export interface FhirTarget {
  readonly fhirBase: string;
  readonly connection: FhirServerOptions;
}

/** Base, token and certificates of the options. Throws UsageError where one cannot be used. */
export async function fhirTargetOf(args: CommandArguments): Promise<FhirTarget> {
  const parsed = parseFhirBase(requiredOption(args, 'fhir'));
  if (parsed.kind === 'unusable') throw new UsageError(`--fhir ${parsed.says}`);
  const token = await fileOption(args, 'token-file');
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token))
    throw new UsageError('--token-file must hold one token and nothing else');
  const ca = await fileOption(args, 'ca');
  if (ca !== undefined && !ca.includes('-----BEGIN CERTIFICATE-----'))
    throw new UsageError('--ca must be a PEM file with certificates');
  return {
    fhirBase: parsed.url,
    connection: { ...(token === undefined ? {} : { token }), ...(ca === undefined ? {} : { ca }) },
  };
}

/** The R4 server at the target; undefined where there is none, and then what was found and what to do has been printed. */
export async function findServer(
  { fhirBase, connection }: FhirTarget,
  command: string,
  terminal: Terminal,
): Promise<FhirR4Server | undefined> {
  const access = fhirServerAccess(fhirBase, connection);
  try {
    const found = await inspectFhirServer(access);
    if (found.kind === 'fhir-r4') return found;
    printProblem(found, fhirBase, command, terminal);
    return undefined;
  } finally {
    access.agent.destroy();
  }
}

export function printProblem(problem: ServerProblem, fhirBase: string, command: string, terminal: Terminal): void {
  terminal.err(`hemolens ${command}: ${fhirBase}: ${whatToDo(problem)}`);
}

async function fileOption(args: CommandArguments, name: string): Promise<string | undefined> {
  const path = textOption(args, name);
  if (path === undefined) return undefined;
  return readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => {
      throw new UsageError(`--${name}: ${path} cannot be read`);
    },
  );
}
