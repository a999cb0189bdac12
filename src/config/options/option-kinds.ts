import type { ConfigOption } from './config-option.js';

// What does not read as its kind stays text, and the schema refuses it.
export const asText = (text: string): unknown => text;
export const asNumber = (text: string): unknown => (/^\d+$/.test(text) ? Number(text) : text);
export const asBoolean = (text: string): unknown => (text === 'true' ? true : text === 'false' ? false : text);
export const asTexts = (text: string): unknown => text.split(',').map((item) => item.trim());
export const asUrl = (text: string): unknown => text.replace(/\/+$/, '');
export const asUrls = (text: string): unknown => text.split(',').map((item) => item.trim().replace(/\/+$/, ''));

/** true or false */
export const boolean = { read: asBoolean, schema: { type: 'boolean' }, form: 'true or false' };
export const milliseconds = {
  read: asNumber,
  schema: { type: 'integer', minimum: 1, maximum: 60_000 },
  form: 'a whole number from 1 to 60000',
};
export const URL_PATTERN = '^https?://[^\\s/?#@]+(/[^\\s?#]*[^\\s?#/])?$';
export const ORIGIN_PATTERN = '^https?://[^\\s/?#@*]+$';

export function oneOf(values: readonly string[]): Pick<ConfigOption, 'read' | 'schema' | 'form'> {
  return { read: asText, schema: { enum: values }, form: `one of ${values.join(', ')}` };
}
