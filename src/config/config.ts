import { Ajv } from 'ajv';
import { ServiceError } from '../errors/service-error.js';
import { CONFIG_FILE_VARIABLE, readConfigFile } from './config-file.js';
import { audienceBaseUrl, isReachableByOthers, requiresClientAuthentication } from './client-authentication.js';
import { CONFIG_OPTIONS, type ConfigOption } from './config-options.js';
import { isLoopback } from './loopback.js';
import type { ClientsConfig } from './options/clients.js';
import type { DisplayConfig } from './options/display.js';
import type { FhirConfig } from './options/fhir.js';
import type { LimitsConfig } from './options/limits.js';
import type { LoggingConfig } from './options/logging.js';
import type { ModelConfig } from './options/model.js';
import type { MonitoringConfig } from './options/monitoring.js';
import type { NetworkConfig } from './options/network.js';
import type { StoreConfig } from './options/store.js';

export { requiresClientAuthentication } from './client-authentication.js';

export type { Mode } from './options/network.js';
export { isLoopback } from './loopback.js';
export type { ConfiguredTier } from './options/display.js';

/** Everything that can be set about the service; checked and frozen. @see docs/configuration.md */
export interface Config
  extends
    NetworkConfig,
    ClientsConfig,
    LimitsConfig,
    FhirConfig,
    ModelConfig,
    DisplayConfig,
    StoreConfig,
    LoggingConfig,
    MonitoringConfig {}

export type ConfigOverrides = { readonly [K in keyof Config]?: Config[K] | undefined };

const PREFIX = 'HEMOLENS_';
/** Of test runs, not of the service: HEMOLENS_TEST_POSTGRES and the like. */
const TEST_PREFIX = 'HEMOLENS_TEST_';
const ajv = new Ajv({ allErrors: true });
const isConfig = ajv.compile<Config>({
  type: 'object',
  required: CONFIG_OPTIONS.filter(({ fallback }) => fallback !== undefined).map(({ key }) => key),
  properties: Object.fromEntries(CONFIG_OPTIONS.map(({ key, schema }) => [key, schema])),
  additionalProperties: false,
});

/**
 * The service's configuration: defaults, then the file `HEMOLENS_CONFIG_FILE` names, then the environment, then `overrides`;
 * checked and frozen.
 * An empty variable counts as not set. Throws ServiceError ERR_CONFIG naming every variable that is unknown or does not
 * fit, and when the service would be reachable from other machines without that being asked for.
 */
export function loadConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  overrides: ConfigOverrides = {},
): Config {
  const problems = unknownVariables(environment);
  const file = environment[CONFIG_FILE_VARIABLE]?.trim() ?? '';
  const given: Record<string, unknown> = file === '' ? {} : { ...readConfigFile(file) };
  for (const option of CONFIG_OPTIONS) {
    const text = environment[option.variable]?.trim();
    if (text !== undefined && text !== '') given[option.key] = option.read(text);
  }
  Object.assign(given, Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined)));
  const values = { ...defaults(given), ...given };
  if (!isConfig(values)) {
    for (const { instancePath, params } of isConfig.errors ?? []) {
      problems.push(misfit(instancePath.split('/')[1] ?? unknownOverride(params)));
    }
  } else {
    problems.push(...contradictions(values));
  }
  if (problems.length > 0 || !isConfig(values)) {
    throw new ServiceError('ERR_CONFIG', { detail: [...new Set(problems)].join('; ') });
  }
  return deepFreeze(values);
}

function defaults(given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const mode = given['mode'] ?? 'development';
  const entries = CONFIG_OPTIONS.flatMap(({ key, fallback }): [string, unknown][] => {
    if (fallback === undefined) return [];
    return [
      [key, mode === 'production' && fallback.inProduction !== undefined ? fallback.inProduction : fallback.value],
    ];
  });
  return Object.fromEntries(entries);
}

function unknownVariables(environment: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set([CONFIG_FILE_VARIABLE, ...CONFIG_OPTIONS.map(({ variable }) => variable)]);
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX) && !name.startsWith(TEST_PREFIX) && !known.has(name))
    .map((name) => `${name} is not an option (docs/configuration.md lists them)`);
}

function unknownOverride(params: Readonly<Record<string, unknown>>): string {
  const name = params['additionalProperty'] ?? params['missingProperty'];
  return typeof name === 'string' ? name : 'something';
}

function misfit(key: string): string {
  const option = CONFIG_OPTIONS.find((candidate) => candidate.key === key);
  return option ? `${option.variable} must be ${option.form} (in a file: ${key})` : `${key} is not an option`;
}

/** Combinations that each fit and together do not. */
function contradictions(config: Config): string[] {
  const found: string[] = [];
  if (requiresClientAuthentication(config)) {
    if (audienceBaseUrl(config) === undefined) {
      found.push(
        `${variableOf('publicBaseUrl')} must be set where clients are authenticated (${variableOf('host')} ${config.host}, ${variableOf('port')} ${config.port}): their tokens name the address they call; ${variableOf('allowOpenNetwork')}=true opens the service to other machines without authentication`,
      );
    }
  } else if (isReachableByOthers(config) && !config.allowOpenNetwork) {
    found.push(
      `${variableOf('clientAuthentication')} is off, and other machines may call the service by ${variableOf('host')} or ${variableOf('publicBaseUrl')}: that has to be asked for with ${variableOf('allowOpenNetwork')}=true`,
    );
  }
  found.push(...tlsContradictions(config));
  if (config.perCallTimeoutMs > config.deadlineMs) {
    found.push(`${variableOf('perCallTimeoutMs')} must not be over ${variableOf('deadlineMs')}`);
  }
  if (config.databaseUrl !== undefined && config.pseudonymKeysFile === undefined) {
    found.push(
      `${variableOf('databaseUrl')} needs ${variableOf('pseudonymKeysFile')}, a key file outside the database: 'hemolens store rotate-keys' makes one`,
    );
  }
  return found;
}

/** JSON goes over HTTPS in production. @see requirement 1 */
function tlsContradictions(config: Config): string[] {
  const { tlsCertFile, tlsKeyFile, tlsClientCaFile, trustedProxies, mode, host } = config;
  const found: string[] = [];
  if ((tlsCertFile === undefined) !== (tlsKeyFile === undefined)) {
    found.push(`${variableOf('tlsCertFile')} and ${variableOf('tlsKeyFile')} must be set together`);
  }
  if (tlsClientCaFile !== undefined && tlsCertFile === undefined) {
    found.push(`${variableOf('tlsClientCaFile')} needs ${variableOf('tlsCertFile')}`);
  }
  if (mode === 'production' && !isLoopback(host) && tlsCertFile === undefined && trustedProxies.length === 0) {
    found.push(
      `in production other machines reach the service over TLS only: set ${variableOf('tlsCertFile')}, or ${variableOf('trustedProxies')} to the proxy that ends TLS`,
    );
  }
  return found;
}

function variableOf(key: ConfigOption['key']): string {
  return CONFIG_OPTIONS.find((option) => option.key === key)?.variable ?? key;
}

function deepFreeze(config: Config): Config {
  for (const value of Object.values<unknown>({ ...config })) Object.freeze(value);
  return Object.freeze(config);
}
