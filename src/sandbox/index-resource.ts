import type { FhirResource } from 'fhir/r4.js';
import { latestInstantMs } from '../record/fhir-time.js';
import { availability, type Availability } from './as-of.js';
import { timeRange, type TimeRange } from './fhir-time.js';
import { member, textMember, valuesAt } from './resource-json.js';
import { RESOURCE_TYPES, type SearchParameter } from './search-parameters.js';

/** One code; the empty system is a code without system. */
export interface Token {
  readonly system: string;
  readonly code: string;
}

/** What searches see of a resource. */
export interface ResourceIndex extends Availability {
  /** Id of the patient it is about (for a Patient, its own), where it names one. */
  readonly patientId?: string;
  /** By parameter; equal lists are the same list, so that a verdict on a list can be kept. */
  readonly tokens: Readonly<Record<string, readonly Token[]>>;
  /** By parameter, as `Type/id`. */
  readonly references: Readonly<Record<string, readonly string[]>>;
  readonly dates: Readonly<Record<string, TimeRange | undefined>>;
  /** By parameter, folded. */
  readonly strings: Readonly<Record<string, readonly string[]>>;
  readonly encounter?: string;
  /** When an Encounter ended. */
  readonly endMs?: number;
  /** `Binary/id` of attachments that are kept as resources of their own. */
  readonly attachments: readonly string[];
}

/** Keeps one copy of equal lists. */
export class ListPool {
  readonly #lists = new Map<string, readonly Token[]>();
  readonly #texts = new Map<string, readonly string[]>();

  tokens(list: readonly Token[]): readonly Token[] {
    return shared(this.#lists, list, list.map(({ system, code }) => `${system}|${code}`).join('\n'));
  }

  texts(list: readonly string[]): readonly string[] {
    return shared(this.#texts, list, list.join('\n'));
  }

  clear(): void {
    this.#lists.clear();
    this.#texts.clear();
  }
}

function shared<T>(pool: Map<string, readonly T[]>, list: readonly T[], key: string): readonly T[] {
  const kept = pool.get(key);
  if (kept) return kept;
  pool.set(key, list);
  return list;
}

/** What a resource can be found by. A value that cannot be read (a date that is no date) is not found. */
export function indexResource(resource: FhirResource, pool: ListPool): ResourceIndex {
  const tokens: Record<string, readonly Token[]> = {};
  const references: Record<string, readonly string[]> = {};
  const dates: Record<string, TimeRange | undefined> = {};
  const strings: Record<string, readonly string[]> = {};
  for (const [name, parameter] of RESOURCE_TYPES.get(resource.resourceType)?.parameters ?? []) {
    const values = parameter.paths.flatMap((path) => valuesAt(resource, path));
    switch (parameter.kind) {
      case 'token':
        tokens[name] = name === 'identifier' ? values.flatMap(tokensOf) : pool.tokens(values.flatMap(tokensOf));
        break;
      case 'reference':
        references[name] = pool.texts(referencesOf(values, parameter));
        break;
      case 'date':
        dates[name] = values.map(rangeOf).find((range) => range !== undefined);
        break;
      case 'string':
        strings[name] = values.filter((value) => typeof value === 'string').map(fold);
        break;
    }
  }
  const patientId = patientOf(resource, references['patient']);
  const encounter = (references['encounter'] ?? references['context'])?.[0];
  const endMs = resource.resourceType === 'Encounter' ? latestInstantMs(resource.period?.end) : undefined;
  return {
    ...availability(resource),
    ...(patientId !== undefined && { patientId }),
    ...(encounter !== undefined && { encounter }),
    ...(endMs !== undefined && { endMs }),
    tokens,
    references,
    dates,
    strings,
    attachments: resource.resourceType === 'DocumentReference' ? attachmentsOf(resource) : [],
  };
}

/** `Type/id` of a reference in any of its forms: relative, absolute, with a version. Other texts stay as they are. */
export function localReference(reference: string): string {
  const [, type, id] = /(?:^|\/)([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[^/]+)?$/.exec(reference) ?? [];
  return type === undefined || id === undefined ? reference : `${type}/${id}`;
}

/** Letters without case and accents. */
export function fold(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

function tokensOf(value: unknown): Token[] {
  if (typeof value === 'string') return [{ system: '', code: value }];
  if (typeof value === 'boolean') return [{ system: '', code: String(value) }];
  const coding = member(value, 'coding');
  if (Array.isArray(coding)) return coding.flatMap(tokensOf);
  const code = textMember(value, 'code') ?? textMember(value, 'value');
  return code === undefined ? [] : [{ system: textMember(value, 'system') ?? '', code }];
}

function referencesOf(
  values: readonly unknown[],
  { target }: Extract<SearchParameter, { kind: 'reference' }>,
): string[] {
  return values
    .map((value) => textMember(value, 'reference'))
    .filter((reference) => reference !== undefined)
    .map(localReference)
    .filter((reference) => target === undefined || reference.startsWith(`${target}/`));
}

function rangeOf(value: unknown): TimeRange | undefined {
  if (typeof value === 'string') return storedRange(value);
  const start = textMember(value, 'start');
  const end = textMember(value, 'end');
  const low = start === undefined ? { low: -Infinity } : timeRange(start);
  const high = end === undefined ? { high: Infinity } : storedRange(end);
  if (low === undefined || high === undefined || (start === undefined && end === undefined)) return undefined;
  return { low: low.low, high: high.high };
}

/** As HAPI indexes it: a time of day is an instant, whatever its precision; a day, month or year is all of it. */
function storedRange(text: string): TimeRange | undefined {
  const range = timeRange(text);
  return range && text.includes('T') ? { low: range.low, high: range.low } : range;
}

function patientOf(resource: FhirResource, patients: readonly string[] | undefined): string | undefined {
  if (resource.resourceType === 'Patient') return resource.id;
  return patients?.[0]?.slice('Patient/'.length);
}

function attachmentsOf(resource: FhirResource): readonly string[] {
  return valuesAt(resource, 'content.attachment.url')
    .filter((url) => typeof url === 'string')
    .map(localReference)
    .filter((reference) => reference.startsWith('Binary/'));
}
