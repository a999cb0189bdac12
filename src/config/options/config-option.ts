import type { Config } from '../config.js';

/** One option: its environment variable, how its text is read, what it may be, and what it is when not set. */
export interface ConfigOption {
  readonly key: keyof Config;
  readonly variable: string;
  readonly read: (text: string) => unknown;
  readonly schema: Readonly<Record<string, unknown>>;
  /** Completes "HEMOLENS_X must be …". */
  readonly form: string;
  /** undefined: no value when not set. */
  readonly fallback?: { readonly value: unknown; readonly inProduction?: unknown };
  readonly description: string;
  /** Is its value never printed? */
  readonly isSecret?: true;
}
