import { readFile } from 'node:fs/promises';
import { ServiceError } from '../errors/service-error.js';
import { cdsConnection, parseServiceUrl, type CdsConnection } from '../kit/fire/cds-connection.js';
import { readClientKey } from '../kit/fire/client-key.js';
import { clientSigner, type ClientSigner } from '../kit/fire/client-signer.js';
import { fhirServerAccess, parseFhirBase, type FhirServerAccess } from '../kit/fhir-server/fhir-server-access.js';
import {
  hasFlag,
  numberOption,
  requiredOption,
  textOption,
  UsageError,
  type Command,
  type CommandArguments,
} from './command.js';

/** Options of the commands that call a CDS service. */
export const SERVICE_OPTIONS: Command['options'] = {
  service: { type: 'string' },
  sign: { type: 'boolean' },
  key: { type: 'string' },
  issuer: { type: 'string' },
  tenant: { type: 'string' },
  kid: { type: 'string' },
  jku: { type: 'string' },
  audience: { type: 'string' },
  ca: { type: 'string' },
  'time-limit': { type: 'string' },
};

export const SERVICE_HELP = `  --service      base of the CDS service; /cds-services/ID after it names one of several
  --sign         sign a client token (JWT) for each call: 300 s, \`aud\` is the address called
    --key        private key: JWK (\`hemolens kit key\` makes one) or PEM; EC P-384 (ES384) or RSA (RS384)
    --issuer     \`iss\`, as the service knows it
    --tenant     \`tenant\`, if it wants one
    --kid, --jku header members (default: the key's own id; none)
    --audience   \`aud\`, for a service that knows itself by another address
  --ca           certificates (PEM) to trust beside the usual ones
  --time-limit   seconds that a call may take (default 30)`;

/** The CDS service that the options name. Throws UsageError, or ServiceError ERR_CONFIG for a key or a file that cannot be used. */
export async function serviceConnection(args: CommandArguments): Promise<CdsConnection> {
  const parsed = parseServiceUrl(requiredOption(args, 'service'));
  if (parsed.kind === 'unusable') throw new UsageError(`--service ${parsed.says}`);
  const signer = await signerOf(args);
  return cdsConnection(parsed, { ...(await common(args)), ...(signer && { signer }) });
}

/** The FHIR server that `--fhir` names, with the token of `--token-file`. Throws as `serviceConnection` does. */
export async function fhirAccess(args: CommandArguments): Promise<FhirServerAccess> {
  const parsed = parseFhirBase(requiredOption(args, 'fhir'));
  if (parsed.kind === 'unusable') throw new UsageError(`--fhir ${parsed.says}`);
  const tokenFile = textOption(args, 'token-file');
  const token = tokenFile === undefined ? undefined : (await fileText('token-file', tokenFile)).trim();
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token))
    throw new UsageError(`--token-file ${tokenFile ?? ''} must hold one access token and nothing else`);
  return fhirServerAccess(parsed.url, { ...(await common(args)), attempts: 2, ...(token !== undefined && { token }) });
}

async function common(args: CommandArguments): Promise<{ ca?: string; timeLimitMs: number }> {
  const ca = textOption(args, 'ca');
  return {
    timeLimitMs: numberOption(args, 'time-limit', 30) * 1000,
    ...(ca !== undefined && { ca: await fileText('ca', ca) }),
  };
}

async function signerOf(args: CommandArguments): Promise<ClientSigner | undefined> {
  const [tenant, kid, jku, audience] = ['tenant', 'kid', 'jku', 'audience'].map((name) => textOption(args, name));
  if (!hasFlag(args, 'sign')) {
    const given = ['key', 'issuer', 'tenant', 'kid', 'jku', 'audience'].find((name) => args.values[name] !== undefined);
    if (given !== undefined) throw new UsageError(`--${given} is for signing: add --sign`);
    return undefined;
  }
  const [file, issuer] = [requiredOption(args, 'key'), requiredOption(args, 'issuer')];
  return clientSigner({
    key: await readClientKey(file),
    issuer,
    ...(tenant !== undefined && { tenant }),
    ...(kid !== undefined && { kid }),
    ...(jku !== undefined && { jku }),
    ...(audience !== undefined && { audience }),
  });
}

async function fileText(option: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new ServiceError('ERR_CONFIG', { detail: `--${option} ${file} cannot be read`, cause });
  }
}
