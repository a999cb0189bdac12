import type { ConfigOption } from './config-option.js';
import { oneOf } from './option-kinds.js';

/** What is logged. */
export interface LoggingConfig {
  readonly logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug';
}

export const LOGGING_OPTIONS: readonly ConfigOption[] = [
  {
    key: 'logLevel',
    variable: 'HEMOLENS_LOG_LEVEL',
    ...oneOf(['silent', 'error', 'warn', 'info', 'debug']),
    fallback: { value: 'info' },
    description: 'Least serious level that is logged (JSON lines on standard error).',
  },
];
