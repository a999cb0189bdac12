import { parseArgs, type ParseArgsConfig } from 'node:util';

/** Where a command writes: results to `out`, progress and messages to `err`. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Rewrites the current line of `err` on a terminal; prints nothing when there is none. */
  progress(text: string): void;
}

/** Exit codes of every command. */
export const EXIT = { ok: 0, fault: 1, usage: 2 } as const;

export interface Command {
  /** As typed: `model verify`. */
  readonly name: string;
  readonly summary: string;
  /** Printed by `--help`: usage line, options with defaults, exit codes where they say more than ok and fault. */
  readonly help: string;
  readonly options: NonNullable<ParseArgsConfig['options']>;
  run(args: CommandArguments, terminal: Terminal): Promise<number>;
}

export interface CommandArguments {
  readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
  readonly positionals: readonly string[];
}

/** A mistake in how a command was called: printed with a pointer to `--help`, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Parses the arguments of one command; throws UsageError naming the argument that does not fit. */
export function parseCommandArguments(command: Command, args: readonly string[]): CommandArguments {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...command.options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
      strict: true,
    });
    return { values, positionals };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'the arguments do not fit');
  }
}

/** The text of an option, or undefined; throws UsageError when the option was given without text. */
export function textOption(args: CommandArguments, name: string): string | undefined {
  const value = args.values[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '') throw new UsageError(`--${name} needs a value`);
  return value;
}

/** The text of an option that must be given. */
export function requiredOption(args: CommandArguments, name: string): string {
  const value = textOption(args, name);
  if (value === undefined) throw new UsageError(`--${name} is required`);
  return value;
}

/** A whole number from an option, or the default. */
export function numberOption(args: CommandArguments, name: string, fallback: number): number {
  const text = textOption(args, name);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new UsageError(`--${name} needs a whole number, 0 or more`);
  return value;
}

/** Is a yes-or-no option set? */
export function hasFlag(args: CommandArguments, name: string): boolean {
  return args.values[name] === true;
}
