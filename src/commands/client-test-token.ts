import { readFile } from 'node:fs/promises';
import type { ClientRegistry, TokenLedger } from '../clients/client-registry.js';
import { isFetchableJku } from '../clients/fetchable-jku.js';
import type { RegisteredClient } from '../clients/registered-client.js';
import { serviceCatalogue } from '../cds-hooks/service-catalogue.js';
import { audienceBaseUrl } from '../config/client-authentication.js';
import type { Config } from '../config/config.js';
import { ServiceError } from '../errors/service-error.js';
import { judgeToken, type TokenVerdict } from '../http/client-jwt/judge-token.js';
import { createKeySets } from '../http/client-jwt/key-sets.js';
import { REFUSAL_WORDS } from '../http/client-jwt/refusal-words.js';
import { readClientKey } from '../kit/fire/client-key.js';
import { makeToken, TOKEN_FLAWS, type TokenFlaw } from '../kit/fire/flawed-token.js';
import { silentLog } from '../logging/logger.js';
import { clientNamed, onlyArgument, withRegistry, type OpenRegistry } from './client-registry.js';
import {
  EXIT,
  hasFlag,
  requiredOption,
  textOption,
  UsageError,
  type Command,
  type CommandArguments,
} from './command.js';

const HELP = `hemolens client test-token ID --key FILE [--flaw NAME] [--show-token] [options]
hemolens client test-token --token-file FILE [--service ID]

Makes a token as the client ID would send it, and says whether this registry would take it and, here only, why not. Nothing is sent to
the service and no token is used up; keys are fetched from the client's \`jku\` if that is how it is registered.

  --key         its private key: JWK (\`hemolens kit key\` makes one) or PEM
  --flaw        makes it wrong in one way: ${TOKEN_FLAWS.join(', ')}
  --tenant      \`tenant\` (default: the first it is registered with)
  --kid, --jku  header members (default: the key's own id; the registered address)
  --service     id of the CDS service called (default: the first of the discovery document)
  --show-token  prints the token, good for 300 s, for a call by hand
  --token-file  judges the token in FILE (of your EHR, say) instead of making one

Exit code 0: it would be taken; 1: it would not.`;

/** `hemolens client test-token` */
export function clientTestTokenCommand(openRegistry: OpenRegistry): Command {
  const texts = ['key', 'flaw', 'tenant', 'kid', 'jku', 'service', 'token-file'];
  return {
    name: 'client test-token',
    summary: 'would the service take a token of this CDS client, and why not?',
    help: HELP,
    options: {
      ...Object.fromEntries(texts.map((name) => [name, { type: 'string' as const }])),
      'show-token': { type: 'boolean' },
    },
    run: async (args, terminal) => {
      const flaw = flawOption(args);
      return withRegistry(openRegistry, async (registry, config) => {
        const audience = audienceOf(args, config);
        const file = textOption(args, 'token-file');
        const token =
          file === undefined
            ? await tokenOf(args, await clientNamed(registry, onlyArgument(args, 'client id')), audience, flaw)
            : await tokenIn(file);
        const verdict = await judge(token, { audience, registry, config, shows: flaw === 'replayed' ? 2 : 1 });
        if (hasFlag(args, 'show-token')) terminal.out(token);
        terminal.err(`aud ${audience}`);
        terminal.err(verdictText(verdict));
        return verdict.kind === 'accepted' ? EXIT.ok : EXIT.fault;
      });
    },
  };
}

function flawOption(args: CommandArguments): TokenFlaw | undefined {
  const name = textOption(args, 'flaw');
  const flaw = TOKEN_FLAWS.find((known) => known === name);
  if (name !== undefined && flaw === undefined) {
    throw new UsageError(`--flaw ${name} is not known: it is one of ${TOKEN_FLAWS.join(', ')}`);
  }
  return flaw;
}

function audienceOf(args: CommandArguments, config: Config): string {
  const base = audienceBaseUrl(config);
  if (base === undefined) throw new UsageError('set HEMOLENS_PUBLIC_BASE_URL: tokens name the address they call');
  const service = textOption(args, 'service') ?? serviceCatalogue().services[0]?.id ?? '';
  return `${base}/cds-services/${service}`;
}

async function tokenOf(
  args: CommandArguments,
  client: RegisteredClient,
  audience: string,
  flaw: TokenFlaw | undefined,
): Promise<string> {
  const facts = {
    key: await readClientKey(requiredOption(args, 'key')),
    issuer: client.iss,
    audience,
    tenant: textOption(args, 'tenant') ?? client.tenants[0],
    kid: textOption(args, 'kid'),
    jku: textOption(args, 'jku') ?? client.keys.jku,
    nowMs: Date.now(),
  };
  return makeToken(facts, flaw);
}

async function tokenIn(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim().replace(/^(Authorization: *)?Bearer +/i, '');
  } catch (cause) {
    throw new ServiceError('ERR_CLIENT', { detail: `--token-file ${file} cannot be read`, cause });
  }
}

interface Judging {
  readonly audience: string;
  readonly registry: ClientRegistry;
  readonly config: Config;
  /** How often the token is shown. */
  readonly shows: number;
}

/** Judges as the service does, with a ledger of its own. */
async function judge(token: string, { audience, registry, config, shows }: Judging): Promise<TokenVerdict> {
  const clock = (): number => Date.now();
  const mayFetch = (jku: string): boolean => isFetchableJku(jku, config.mode);
  const keySets = createKeySets({ log: silentLog, clock, mayFetch });
  const refusesPublicIssuers = config.mode === 'production';
  const deps = { registry, ledger: ownLedger(), keySets, clock, refusesPublicIssuers };
  for (let shown = 1; shown < shows; shown += 1) await judgeToken(token, [audience], deps);
  return judgeToken(token, [audience], deps);
}

function ownLedger(): TokenLedger {
  const seen = new Set<string>();
  return {
    claim: (iss, jti) => {
      const key = JSON.stringify([iss, jti]);
      const isNew = !seen.has(key);
      seen.add(key);
      return Promise.resolve(isNew);
    },
  };
}

function verdictText(verdict: TokenVerdict): string {
  if (verdict.kind === 'refused') return `refused (${verdict.reason}): ${REFUSAL_WORDS[verdict.reason]}`;
  const { id, tenant, registration } = verdict.client;
  const proved = tenant === undefined ? id : `${id}, tenant ${tenant}`;
  return `taken: a call of ${proved}${registration.mode === 'silent' ? ' (silent: no cards)' : ''}`;
}
