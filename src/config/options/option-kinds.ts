import type { ConfigOption } from './config-option.js';

// What does not read as its kind stays text, and the schema refuses it.
export const asText = (text: string): unknown => text;
export const asNumber = (text: string): unknown => (/^\d+$/.test(text) ? Number(text) : text);
export const asBoolean = (text: string): unknown => (text === 'true' ? true : text === 'false' ? false : text);
export const asTexts = (text: string): unknown => text.split(',').map((item) => item.trim());
export const asUrl = (text: string): unknown => text.replace(/\/+$/, '');
export const asUrls = (text: string): unknown => text.split(',').map((item) => item.trim().replace(/\/+$/, ''));
export const asList = (text: string): unknown => text.split(',').map((item) => item.trim());

/** true or false */
export const boolean = { read: asBoolean, schema: { type: 'boolean' }, form: 'true or false' };
export const milliseconds = {
  read: asNumber,
  schema: { type: 'integer', minimum: 1, maximum: 60_000 },
  form: 'a whole number from 1 to 60000',
};
export const URL_PATTERN = '^https?://[^\\s/?#@]+(/[^\\s?#]*[^\\s?#/])?$';
export const ORIGIN_PATTERN = '^https?://[^\\s/?#@*]+$';

/** An IP address or a network in CIDR form: every value that looks like one and is not is refused when it is used. */
export const NETWORK_PATTERN =
  '^((25[0-5]|2[0-4]\\d|1?\\d?\\d)(\\.(25[0-5]|2[0-4]\\d|1?\\d?\\d)){3}(/(3[0-2]|[12]?\\d))?|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(/(12[0-8]|1[01]\\d|\\d?\\d))?)$';

export function oneOf(values: readonly string[]): Pick<ConfigOption, 'read' | 'schema' | 'form'> {
  return { read: asText, schema: { enum: values }, form: `one of ${values.join(', ')}` };
}
