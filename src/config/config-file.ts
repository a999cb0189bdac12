import { readFileSync } from 'node:fs';
import { ServiceError } from '../errors/service-error.js';
import { CONFIG_OPTIONS } from './config-options.js';

/** Names the configuration file; it is no option of the file itself. */
export const CONFIG_FILE_VARIABLE = 'HEMOLENS_CONFIG_FILE';

/**
 * The values of a configuration file: one JSON object whose members are option keys (`fhirAllowedBases`). Values are not
 * checked here. Throws ServiceError ERR_CONFIG when it cannot be read, is not such an object, or has an unknown member.
 */
export function readConfigFile(file: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    // The parser's message quotes the file, which may hold a password.
    throw notAFile(
      cause instanceof SyntaxError ? 'is not JSON' : 'cannot be read',
      cause instanceof SyntaxError ? undefined : cause,
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw notAFile('must hold one JSON object');
  const known = new Map<string, string>(CONFIG_OPTIONS.map(({ key, variable }) => [key, variable]));
  const unknown = Object.keys(value).filter((key) => !known.has(key));
  if (unknown.length > 0) {
    const keyOf = new Map([...known].map(([key, variable]) => [variable, key]));
    const names = unknown.map((name) => (keyOf.has(name) ? `${name} (write ${keyOf.get(name) ?? ''})` : name));
    throw notAFile(`has members that are no option: ${names.join(', ')}`);
  }
  return { ...value };
}

function notAFile(what: string, cause?: unknown): ServiceError {
  return new ServiceError('ERR_CONFIG', { detail: `the file of ${CONFIG_FILE_VARIABLE} ${what}`, cause });
}
