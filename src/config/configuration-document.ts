import { CONFIG_OPTIONS, type ConfigOption } from './config-options.js';

/** The text of docs/configuration.md, made from the option table. */
export function configurationDocument(): string {
  return [
    '# Configuration',
    '',
    '<!-- Made from src/config/config-options.ts; a test compares. To renew: UPDATE_DOCS=1 and run test/config. -->',
    '',
    'The service is configured by environment variables. An empty variable counts as not set; an unknown one that begins with',
    '`HEMOLENS_` stops the start, and so does a value that does not fit.',
    '',
    '| variable | default | must be | what it does |',
    '| --- | --- | --- | --- |',
    ...CONFIG_OPTIONS.map(row),
    '',
  ].join('\n');
}

function row(option: ConfigOption): string {
  return `| \`${option.variable}\` | ${fallbackText(option)} | ${option.form} | ${option.description} |`;
}

function fallbackText({ fallback }: ConfigOption): string {
  if (fallback === undefined) return 'not set';
  const production = fallback.inProduction === undefined ? '' : `, in production ${valueText(fallback.inProduction)}`;
  return `${valueText(fallback.value)}${production}`;
}

function valueText(value: unknown): string {
  return Array.isArray(value) && value.length === 0 ? 'none' : `\`${String(value)}\``;
}
