import { CONFIG_OPTIONS, type ConfigOption } from './config-options.js';

/** The text of docs/configuration.md, made from the option table. */
export function configurationDocument(): string {
  return [
    '# Configuration',
    '',
    '<!-- Made from src/config/config-options.ts; a test compares. To renew: UPDATE_DOCS=1 and run test/config. -->',
    '',
    'The service is configured by environment variables, and by one JSON file that `HEMOLENS_CONFIG_FILE` names: its members are',
    'the option keys (second column), its values JSON (a list is an array). The environment goes before the file. An empty variable',
    'counts as not set; an unknown one that begins with `HEMOLENS_`, an unknown member of the file, or a value that does not fit',
    'stops the start. `hemolens config check` tells without starting, `hemolens config print` shows what holds and why.',
    '',
    '| variable | in a file | default | must be | what it does |',
    '| --- | --- | --- | --- | --- |',
    ...CONFIG_OPTIONS.map(row),
    '',
  ].join('\n');
}

function row(option: ConfigOption): string {
  return `| \`${option.variable}\` | \`${option.key}\` | ${fallbackText(option)} | ${option.form} | ${option.description} |`;
}

function fallbackText({ fallback }: ConfigOption): string {
  if (fallback === undefined) return 'not set';
  const production = fallback.inProduction === undefined ? '' : `, in production ${valueText(fallback.inProduction)}`;
  return `${valueText(fallback.value)}${production}`;
}

function valueText(value: unknown): string {
  return Array.isArray(value) && value.length === 0 ? 'none' : `\`${String(value)}\``;
}
