import type { ClientRegistryAdmin } from '../clients/client-registry.js';
import { keyThumbprint } from '../clients/key-thumbprint.js';
import type { RegisteredClient } from '../clients/registered-client.js';
import { loadConfig, type Config } from '../config/config.js';
import { UsageError, type CommandArguments } from './command.js';

export type OpenedRegistry = ClientRegistryAdmin & { close(): Promise<void> };
/** Opens the registry of clients that the service with this configuration reads; handed in, as the store is. */
export type OpenRegistry = (config: Config) => Promise<OpenedRegistry>;

export const REGISTRY_HELP = `Clients are kept in the store of the service: the same configuration (HEMOLENS_*) finds it. A change is seen by a service that
runs within seconds.`;

/** Runs `work` on the registry and closes it whatever happens. */
export async function withRegistry<T>(
  openRegistry: OpenRegistry,
  work: (registry: OpenedRegistry, config: Config) => Promise<T>,
): Promise<T> {
  const config = loadConfig();
  const registry = await openRegistry(config);
  try {
    return await work(registry, config);
  } finally {
    await registry.close();
  }
}

/** The client with this id. Throws UsageError naming those there are. */
export async function clientNamed(registry: ClientRegistryAdmin, id: string): Promise<RegisteredClient> {
  const clients = await registry.list();
  const found = clients.find((client) => client.id === id);
  if (found) return found;
  const known = clients.length === 0 ? 'none is registered' : `registered: ${clients.map((one) => one.id).join(', ')}`;
  throw new UsageError(`there is no client ${id} (${known})`);
}

/** The one argument that is not an option. */
export function onlyArgument({ positionals }: CommandArguments, what: string): string {
  const [value, ...more] = positionals;
  if (value === undefined || more.length > 0) throw new UsageError(`give one ${what}`);
  return value;
}

/** A client in lines for a person; of keys only where they are, or their names and thumbprints. */
export function describeClient(client: RegisteredClient): readonly string[] {
  const { id, iss, keys, algorithms, tenants, fhirBases, mode, isEnabled, dialect, cooldownHours, limits } = client;
  const keyLines =
    keys.kind === 'jku'
      ? [`keys       ${keys.jku}`]
      : keys.jwks.keys.map((key) => `key        ${key.kid ?? 'no kid'}  ${key.kty}  SHA-256 ${keyThumbprint(key)}`);
  return [
    `${id}  ${mode === 'silent' ? 'silent (no cards)' : 'cards'}${isEnabled ? '' : '  DISABLED: nothing is assessed'}`,
    `  iss        ${iss}`,
    ...keyLines.map((line) => `  ${line}`),
    `  algorithms ${algorithms.join(', ')}`,
    ...(tenants.length > 0 ? [`  tenants    ${tenants.join(', ')}`] : []),
    ...(fhirBases.length > 0 ? [`  FHIR bases ${fhirBases.join(', ')}`] : []),
    ...(dialect.audiences.length > 0 ? [`  audiences  ${dialect.audiences.join(', ')}`] : []),
    `  limits     ${limits.requestsPerMinute} calls a minute, ${limits.concurrent} at once; cooldown ${cooldownHours} h`,
  ];
}

/** A client as JSON for programs: its registration, with thumbprints in place of keys. */
export function clientDocument(client: RegisteredClient): Readonly<Record<string, unknown>> {
  const { keys, isEnabled, ...rest } = client;
  const shown =
    keys.kind === 'jku'
      ? { jku: keys.jku }
      : {
          ...(keys.jku !== undefined && { jku: keys.jku }),
          keys: keys.jwks.keys.map((key) => ({ kid: key.kid, kty: key.kty, sha256Thumbprint: keyThumbprint(key) })),
        };
  return { ...rest, enabled: isEnabled, ...shown };
}
