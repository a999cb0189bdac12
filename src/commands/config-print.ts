import { effectiveOptions, type EffectiveOption } from '../config/config-origins.js';
import { EXIT, hasFlag, type Command } from './command.js';

const CHECK_HELP = `hemolens config check

Checks the configuration as \`hemolens serve\` would: the file of HEMOLENS_CONFIG_FILE, then the environment. Nothing is started.

Exit code 1: it does not hold; every option at fault is named.`;

const PRINT_HELP = `hemolens config print [--json]

Prints every option as it holds and where it comes from: default, file (HEMOLENS_CONFIG_FILE) or environment. Secrets are only said
to be set. docs/configuration.md says what each option does.

  --json   one JSON array of {key, variable, value, origin}`;

/** `hemolens config check` */
export function configCheckCommand(): Command {
  return {
    name: 'config check',
    summary: 'check the configuration without starting anything',
    help: CHECK_HELP,
    options: {},
    run(_args, terminal) {
      const options = effectiveOptions();
      const set = options.filter(({ origin }) => origin !== 'default').length;
      terminal.out(`The configuration holds: ${options.length} options, ${set} of them set.`);
      return Promise.resolve(EXIT.ok);
    },
  };
}

/** `hemolens config print` */
export function configPrintCommand(): Command {
  return {
    name: 'config print',
    summary: 'print every option as it holds, and where it comes from',
    help: PRINT_HELP,
    options: { json: { type: 'boolean' } },
    run(args, terminal) {
      const options = effectiveOptions();
      terminal.out(hasFlag(args, 'json') ? JSON.stringify(options, undefined, 2) : table(options));
      return Promise.resolve(EXIT.ok);
    },
  };
}

function table(options: readonly EffectiveOption[]): string {
  const width = Math.max(...options.map(({ variable }) => variable.length));
  return options
    .map(({ variable, value, origin }) => `${variable.padEnd(width)}  ${origin.padEnd(11)}  ${valueText(value)}`)
    .join('\n');
}

function valueText(value: unknown): string {
  if (value === undefined) return 'not set';
  if (Array.isArray(value)) return value.join(', ') || 'none';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
