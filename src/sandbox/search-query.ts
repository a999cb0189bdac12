import type { TimeRange } from './fhir-time.js';
import { timeRange } from './fhir-time.js';
import { badRequest } from './fhir-fault.js';
import { fold } from './index-resource.js';
import { RESOURCE_TYPES, type ResourceTypeTable } from './search-parameters.js';

/** How a date of the search compares; `eq` where none is given. */
export type DatePrefix = 'eq' | 'ne' | 'gt' | 'lt' | 'ge' | 'le' | 'sa' | 'eb';

/** One parameter of a search: a resource must satisfy any of the values. */
export type Criterion =
  | { readonly kind: 'token'; readonly name: string; readonly anyOf: readonly TokenPattern[] }
  | { readonly kind: 'reference'; readonly name: string; readonly anyOf: readonly string[] }
  | {
      readonly kind: 'date';
      readonly name: string;
      readonly anyOf: readonly { readonly prefix: DatePrefix; readonly range: TimeRange }[];
    }
  | { readonly kind: 'string'; readonly name: string; readonly anyOf: readonly string[] }
  | { readonly kind: 'id'; readonly anyOf: readonly string[] };

/** `system` undefined: any system; empty: none. `code` undefined: any code of the system. */
export interface TokenPattern {
  readonly system?: string;
  readonly code?: string;
}

export interface SortKey {
  readonly name: string;
  readonly isDescending: boolean;
}

export interface SearchQuery {
  readonly type: string;
  /** All must hold. */
  readonly criteria: readonly Criterion[];
  readonly sort: readonly SortKey[];
  readonly count: number;
  readonly wantsTotal: boolean;
  readonly isCountOnly: boolean;
}

export const DEFAULT_COUNT = 20;
export const MAXIMUM_COUNT = 1000;
/** Name under which `_lastUpdated` is a date criterion. */
export const LAST_UPDATED = '_lastUpdated';

const PREFIXES: ReadonlySet<string> = new Set(['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb']);
const FORMATS: ReadonlySet<string> = new Set([
  'json',
  'application/json',
  'application/fhir+json',
  'application/fhir json',
]);

/**
 * The search in a query string (or a `_search` body). Throws FhirFault 400 for a parameter, modifier or value this server does not
 * know: none is ignored. Repeated parameters must all hold; values separated by commas are alternatives.
 * @see https://hl7.org/fhir/R4/search.html
 */
export function parseSearch(type: string, parameters: URLSearchParams): SearchQuery {
  const table = RESOURCE_TYPES.get(type);
  if (!table) throw badRequest(`Unknown resource type '${type}'`);
  const criteria: Criterion[] = [];
  let sort: readonly SortKey[] = [];
  let count = DEFAULT_COUNT;
  let wantsTotal = false;
  let isCountOnly = false;
  for (const [name, value] of parameters) {
    if (value === '') throw badRequest(`Parameter '${name}' has no value`);
    switch (name) {
      case '_count':
        count = parseCount(value);
        break;
      case '_sort':
        sort = value.split(',').map((key) => parseSortKey(type, table, key));
        break;
      case '_total':
        wantsTotal = oneOf(name, value, ['accurate', 'estimate', 'none']) !== 'none';
        break;
      case '_summary':
        isCountOnly = oneOf(name, value, ['count', 'false']) === 'count';
        break;
      case '_format':
        if (!FORMATS.has(value)) throw badRequest(`Parameter '_format' must be json`);
        break;
      case '_pretty':
        oneOf(name, value, ['true', 'false']);
        break;
      default:
        criteria.push(parseCriterion(type, table, name, value));
    }
  }
  return { type, criteria, sort, count, wantsTotal, isCountOnly: isCountOnly || count === 0 };
}

/** `_count` as asked, at most the server's maximum. */
export function parseCount(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw badRequest(`Parameter '_count' must be a whole number, 0 or more`);
  return Math.min(Number(value), MAXIMUM_COUNT);
}

function parseCriterion(type: string, table: ResourceTypeTable, nameAndModifier: string, value: string): Criterion {
  const [name = '', modifier, ...more] = nameAndModifier.split(':');
  const parameter = table.parameters.get(name);
  if (!parameter && name !== '_id' && name !== LAST_UPDATED) {
    const known = [...table.parameters.keys(), '_id', LAST_UPDATED].sort().join(', ');
    throw badRequest(
      `Unknown search parameter '${name}' for resource type '${type}'. Valid search parameters for this search are: ${known}`,
    );
  }
  const isTyped = parameter?.kind === 'reference' && modifier !== undefined && RESOURCE_TYPES.has(modifier);
  if (more.length > 0 || (modifier !== undefined && !isTyped))
    throw badRequest(`Parameter '${name}' does not take the modifier ':${modifier ?? ''}' here`);
  const values = splitUnescaped(value, ',');
  if (values.includes('')) throw badRequest(`Parameter '${name}' has an empty alternative`);
  if (name === '_id') return { kind: 'id', anyOf: values.map(unescape) };
  if (name === LAST_UPDATED || parameter === undefined)
    return { kind: 'date', name, anyOf: values.map((text) => parseDate(name, text)) };
  switch (parameter.kind) {
    case 'token':
      return { kind: 'token', name, anyOf: values.map((text) => parseToken(name, text)) };
    case 'date':
      return { kind: 'date', name, anyOf: values.map((text) => parseDate(name, text)) };
    case 'reference':
      return {
        kind: 'reference',
        name,
        anyOf: values.map((text) => typedReference(unescape(text), isTyped ? modifier : parameter.target)),
      };
    case 'string':
      return { kind: 'string', name, anyOf: values.map((text) => fold(unescape(text))) };
  }
}

function parseToken(name: string, text: string): TokenPattern {
  const [first = '', second, ...more] = splitUnescaped(text, '|').map(unescape);
  if (more.length > 0 || (first === '' && second === ''))
    throw badRequest(`Parameter '${name}' must be code, system|code, |code or system|`);
  if (second === undefined) return { code: first };
  return { system: first, ...(second !== '' && { code: second }) };
}

function parseDate(name: string, text: string): { prefix: DatePrefix; range: TimeRange } {
  const start = text.slice(0, 2);
  const prefix = isPrefix(start) ? start : 'eq';
  const range = timeRange(isPrefix(start) ? text.slice(2) : text);
  if (!range) throw badRequest(`Invalid date/time format in parameter '${name}'`);
  return { prefix, range };
}

function isPrefix(text: string): text is DatePrefix {
  return PREFIXES.has(text);
}

/** A bare id of a parameter with one target type gets that type; other bare ids match any type. */
function typedReference(text: string, target: string | undefined): string {
  return target === undefined || text.includes('/') ? text : `${target}/${text}`;
}

function parseSortKey(type: string, table: ResourceTypeTable, key: string): SortKey {
  const name = key.replace(/^-/, '');
  const isSortable = name === '_id' || name === LAST_UPDATED || table.parameters.get(name)?.kind === 'date';
  if (!isSortable) throw badRequest(`Cannot sort resource type '${type}' by '${name}'`);
  return { name, isDescending: key.startsWith('-') };
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((word) => word === value);
  if (found === undefined) throw badRequest(`Parameter '${name}' must be one of: ${allowed.join(', ')}`);
  return found;
}

/** Splits at a separator that has no backslash before it; keeps the backslashes. */
function splitUnescaped(text: string, separator: ',' | '|'): string[] {
  if (!text.includes('\\')) return text.split(separator);
  const parts = [''];
  for (let at = 0; at < text.length; at += 1) {
    const escaped = text[at] === '\\' ? 2 : 1;
    if (escaped === 1 && text[at] === separator) parts.push('');
    else {
      parts.push((parts.pop() ?? '') + text.slice(at, at + escaped));
      at += escaped - 1;
    }
  }
  return parts;
}

/** @see https://hl7.org/fhir/R4/search.html#escaping */
function unescape(text: string): string {
  return text.replace(/\\(.)/gs, '$1');
}
