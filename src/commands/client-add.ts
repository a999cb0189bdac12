import { readFile } from 'node:fs/promises';
import { parseRegistration } from '../clients/parse-registration.js';
import { ServiceError } from '../errors/service-error.js';
import { describeClient, REGISTRY_HELP, withRegistry, type OpenRegistry } from './client-registry.js';
import { EXIT, hasFlag, textOption, UsageError, type Command, type CommandArguments } from './command.js';

const HELP = `hemolens client add --id ID --issuer ISS (--jku URL | --jwks FILE) [options]
hemolens client add --file registration.json [options]

Registers a CDS client. It starts silent: everything runs and is stored, no card is returned.

  --file          the registration as JSON; the options below go before what it says
  --id            our name for it: 1 to 64 of a-z 0-9 . _ -
  --issuer        exactly the \`iss\` of its tokens
  --jku           https address of its key set; with --jwks: the \`jku\` its tokens may name, which is not fetched
  --jwks          file with its key set (public keys), where that cannot be fetched
  --algorithms    separated by commas (default ES384,RS384)
  --tenants       \`tenant\` claims accepted, separated by commas (default: none)
  --fhir-bases    FHIR servers its calls may name, separated by commas
  --audiences     accepted in \`aud\` beside the address called, separated by commas
  --mode          silent (default) or cards
  --replace       put it in place of the client with this id

${REGISTRY_HELP}`;

/** Options that are a member of the registration, and whether they are a list. */
const MEMBERS = [
  ['id', 'id', 'text'],
  ['issuer', 'iss', 'text'],
  ['jku', 'jku', 'text'],
  ['algorithms', 'algorithms', 'list'],
  ['tenants', 'tenants', 'list'],
  ['fhir-bases', 'fhirBases', 'list'],
  ['mode', 'mode', 'text'],
] as const;

/** `hemolens client add` */
export function clientAddCommand(openRegistry: OpenRegistry): Command {
  const texts = ['file', 'jwks', 'audiences', ...MEMBERS.map(([option]) => option)];
  return {
    name: 'client add',
    summary: 'register a CDS client; it starts silent',
    help: HELP,
    options: {
      ...Object.fromEntries(texts.map((name) => [name, { type: 'string' as const }])),
      replace: { type: 'boolean' },
    },
    async run(args, terminal) {
      const [stray] = args.positionals;
      if (stray !== undefined) throw new UsageError(`${stray} is not an option; the client's id goes after --id`);
      const written = await writtenRegistration(args);
      return withRegistry(openRegistry, async (registry, config) => {
        const client = parseRegistration(written, config);
        const isThere = (await registry.list()).some(({ id }) => id === client.id);
        if (isThere && !hasFlag(args, 'replace')) {
          throw new UsageError(`${client.id} is registered already: --replace puts this in its place`);
        }
        await registry.put(client);
        terminal.out(describeClient(client).join('\n'));
        if (client.mode === 'silent') {
          terminal.err(`${client.id} gets no cards until \`hemolens client mode ${client.id} cards\`.`);
        }
        return EXIT.ok;
      });
    },
  };
}

async function writtenRegistration(args: CommandArguments): Promise<unknown> {
  const file = textOption(args, 'file');
  const fromFile = file === undefined ? {} : await readJson('file', file);
  if (typeof fromFile !== 'object' || fromFile === null || Array.isArray(fromFile)) return fromFile;
  const given: Record<string, unknown> = { ...fromFile };
  for (const [option, member, kind] of MEMBERS) {
    const text = textOption(args, option);
    if (text !== undefined) given[member] = kind === 'list' ? items(text) : text;
  }
  const jwks = textOption(args, 'jwks');
  if (jwks !== undefined) given['jwks'] = await readJson('jwks', jwks);
  const audiences = textOption(args, 'audiences');
  if (audiences !== undefined) given['dialect'] = { ...Object(given['dialect']), audiences: items(audiences) };
  return given;
}

function items(text: string): readonly string[] {
  return text.split(',').map((item) => item.trim());
}

async function readJson(option: string, file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new ServiceError('ERR_CLIENT', { detail: `--${option} ${file} cannot be read`, cause });
  }
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text.
    throw new ServiceError('ERR_CLIENT', { detail: `--${option} ${file} is not JSON` });
  }
}
