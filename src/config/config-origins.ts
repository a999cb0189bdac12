import { CONFIG_FILE_VARIABLE, readConfigFile } from './config-file.js';
import { CONFIG_OPTIONS } from './config-options.js';
import { loadConfig, type Config } from './config.js';

/** One option as it holds, and where its value comes from. */
export interface EffectiveOption {
  readonly key: keyof Config;
  readonly variable: string;
  /** Absent: not set and without a default. A secret is only said to be `(set)`. */
  readonly value?: unknown;
  readonly origin: 'default' | 'file' | 'environment';
}

/** Every option of a configuration that holds, in the order of docs/configuration.md. Throws like `loadConfig`. */
export function effectiveOptions(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): readonly EffectiveOption[] {
  const config = loadConfig(environment);
  const file = environment[CONFIG_FILE_VARIABLE]?.trim() ?? '';
  const inFile = file === '' ? {} : readConfigFile(file);
  return CONFIG_OPTIONS.map(({ key, variable, isSecret }) => {
    const value: unknown = config[key];
    const isInEnvironment = (environment[variable]?.trim() ?? '') !== '';
    const origin = isInEnvironment ? 'environment' : key in inFile ? 'file' : 'default';
    if (value === undefined) return { key, variable, origin };
    return { key, variable, value: isSecret === true ? '(set)' : value, origin };
  });
}
