import type { TimeRange } from './fhir-time.js';
import { localReference, type Token } from './index-resource.js';
import { compareIds, compareLow, type SandboxStore, type StoredResource } from './sandbox-store.js';
import { RESOURCE_TYPES } from './search-parameters.js';
import {
  LAST_UPDATED,
  type Criterion,
  type DatePrefix,
  type SearchQuery,
  type SortKey,
  type TokenPattern,
} from './search-query.js';

type Predicate = (row: StoredResource) => boolean;

/**
 * Every resource a search finds, in the order asked for (else oldest first for one patient). With `viewMs` the chart as it
 * stood then: criteria are applied to what was in it at that time.
 */
export function searchStore(store: SandboxStore, query: SearchQuery, viewMs?: number): readonly StoredResource[] {
  const { type, criteria, sort } = query;
  const patients = patientIds(criteria);
  const matches = criteria.filter((criterion) => !(criterion.kind === 'id')).map(predicateOf);
  const found: StoredResource[] = [];
  for (const stored of candidates(store, query, patients)) {
    const row = viewMs === undefined ? stored : store.asItStood(stored, viewMs);
    if (row !== undefined && matches.every((isMatch) => isMatch(row))) found.push(row);
  }
  return sorted(found, sort, patients?.length === 1 ? RESOURCE_TYPES.get(type)?.mainDate : undefined);
}

function* candidates(
  store: SandboxStore,
  { type, criteria }: SearchQuery,
  patients: readonly string[] | undefined,
): Iterable<StoredResource> {
  const ids = criteria.filter((criterion) => criterion.kind === 'id').map(({ anyOf }) => new Set(anyOf));
  const [first, ...others] = ids;
  if (first) {
    for (const id of first) {
      const row = others.every((more) => more.has(id)) ? store.get(type, id) : undefined;
      if (row) yield row;
    }
  } else if (patients) {
    for (const patient of patients) yield* store.rows(type, patient);
  } else yield* store.rows(type);
}

/** The patients a search is restricted to, or undefined where it is not. */
function patientIds(criteria: readonly Criterion[]): readonly string[] | undefined {
  const restriction = criteria.find(
    (criterion) => criterion.kind === 'reference' && (criterion.name === 'patient' || criterion.name === 'subject'),
  );
  if (restriction?.kind !== 'reference') return undefined;
  const references = restriction.anyOf.map(localReference);
  if (references.some((reference) => reference.includes('/') && !reference.startsWith('Patient/'))) return undefined;
  return [...new Set(references.map((reference) => reference.replace(/^Patient\//, '')))];
}

function predicateOf(criterion: Criterion): Predicate {
  switch (criterion.kind) {
    case 'token':
      return tokenPredicate(criterion.name, criterion.anyOf);
    case 'reference': {
      const wanted = new Set(criterion.anyOf.map(localReference));
      return (row) =>
        row.index.references[criterion.name]?.some(
          (reference) => wanted.has(reference) || wanted.has(reference.slice(reference.indexOf('/') + 1)),
        ) ?? false;
    }
    case 'date':
      return datePredicate(criterion.name, criterion.anyOf);
    case 'string':
      return (row) =>
        row.index.strings[criterion.name]?.some((text) => criterion.anyOf.some((start) => text.startsWith(start))) ??
        false;
    case 'id': {
      const wanted = new Set(criterion.anyOf);
      return (row) => wanted.has(row.id);
    }
  }
}

/** The verdict on a list of codes is kept: most rows share theirs with many others. */
function tokenPredicate(name: string, patterns: readonly TokenPattern[]): Predicate {
  const codes = new Set<string>();
  const exact = new Set<string>();
  const systems = new Set<string>();
  for (const { system, code } of patterns) {
    if (code === undefined) systems.add(system ?? '');
    else if (system === undefined) codes.add(code);
    else exact.add(`${system}|${code}`);
  }
  const verdicts = new Map<readonly Token[], boolean>();
  return (row) => {
    const tokens = row.index.tokens[name] ?? [];
    let verdict = verdicts.get(tokens);
    if (verdict === undefined) {
      verdict = tokens.some(
        ({ system, code }) => codes.has(code) || exact.has(`${system}|${code}`) || systems.has(system),
      );
      verdicts.set(tokens, verdict);
    }
    return verdict;
  };
}

function datePredicate(name: string, alternatives: Extract<Criterion, { kind: 'date' }>['anyOf']): Predicate {
  return (row) => {
    const target = name === LAST_UPDATED ? { low: row.lastUpdatedMs, high: row.lastUpdatedMs } : row.index.dates[name];
    return target !== undefined && alternatives.some(({ prefix, range }) => compares(prefix, range, target));
  };
}

/** Does a date or period of a resource stand so to the date of the search? Bounds overlap as HAPI has them. */
function compares(prefix: DatePrefix, search: TimeRange, target: TimeRange): boolean {
  switch (prefix) {
    case 'eq':
      return search.low <= target.low && target.high <= search.high;
    case 'ne':
      return !(search.low <= target.low && target.high <= search.high);
    case 'gt':
      return target.high > search.high;
    case 'lt':
      return target.low < search.low;
    case 'ge':
      return target.high >= search.low;
    case 'le':
      return target.low <= search.high;
    case 'sa':
      return target.low > search.high;
    case 'eb':
      return target.high < search.low;
  }
}

/** `naturalDate`: the date the rows come sorted by, oldest first, then by id. */
function sorted(
  rows: StoredResource[],
  keys: readonly SortKey[],
  naturalDate: string | undefined,
): readonly StoredResource[] {
  const [only] = keys;
  if (!only) return rows;
  if (keys.length === 1 && only.name === naturalDate && !only.isDescending) return rows;
  if (keys.length === 1 && only.name === naturalDate) return reversedByDate(rows, naturalDate);
  return rows.sort((a, b) => {
    for (const key of keys) {
      const order = compareBy(a, b, key);
      if (order !== 0) return order;
    }
    return only.isDescending ? compareIds(b, a) : compareIds(a, b);
  });
}

function compareBy(a: StoredResource, b: StoredResource, { name, isDescending }: SortKey): number {
  const sign = isDescending ? -1 : 1;
  if (name === '_id') return sign * compareIds(a, b);
  if (name === LAST_UPDATED) return sign * (a.lastUpdatedMs - b.lastUpdatedMs);
  const isUndated = Number(a.index.dates[name] === undefined) - Number(b.index.dates[name] === undefined);
  return isUndated === 0 ? sign * compareLow(a, b, name) : isUndated;
}

/** Newest first, what has no date still last. */
function reversedByDate(rows: readonly StoredResource[], date: string): readonly StoredResource[] {
  const undated = rows.findIndex((row) => row.index.dates[date] === undefined);
  if (undated < 0) return rows.toReversed();
  return [...rows.slice(0, undated).reverse(), ...rows.slice(undated)];
}
