import type { TimeRange } from './fhir-time.js';
import { FoundRows } from './found-rows.js';
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
 * What a search finds, in the order asked for (else oldest first for one patient). With `viewMs` the chart as it stood then:
 * criteria are applied to what was in it at that time.
 */
export function searchStore(store: SandboxStore, query: SearchQuery, viewMs?: number): FoundRows {
  const { type, criteria, sort } = query;
  const matches = criteria.filter((criterion) => criterion.kind !== 'id').map(predicateOf);
  function* found(rows: Iterable<StoredResource>): Iterable<StoredResource> {
    for (const stored of rows) {
      const row = viewMs === undefined ? stored : store.asItStood(stored, viewMs);
      if (row !== undefined && matches.every((isMatch) => isMatch(row))) yield row;
    }
  }
  const patients = patientIds(criteria);
  const [patient] = patients ?? [];
  const order = naturalOrder(type, sort);
  if (
    patient !== undefined &&
    patients?.length === 1 &&
    order !== undefined &&
    !criteria.some(({ kind }) => kind === 'id')
  ) {
    const rows = store.rowsOfPatient(type, patient);
    return new FoundRows(found(order.isDescending ? newestFirst(rows, order.name) : rows));
  }
  const all = [...found(candidates(store, query, patients))];
  return new FoundRows(sort.length === 0 ? all : all.sort((a, b) => compareByKeys(a, b, sort)));
}

/** The sort that a patient's rows already have, one way or the other. */
function naturalOrder(type: string, sort: readonly SortKey[]): SortKey | undefined {
  const mainDate = RESOURCE_TYPES.get(type)?.mainDate ?? '';
  const [only] = sort;
  if (only === undefined) return { name: mainDate, isDescending: false };
  return sort.length === 1 && only.name === mainDate ? only : undefined;
}

function* candidates(
  store: SandboxStore,
  { type, criteria }: SearchQuery,
  patients: readonly string[] | undefined,
): Iterable<StoredResource> {
  const [first, ...others] = criteria.filter(({ kind }) => kind === 'id').map(({ anyOf }) => new Set<unknown>(anyOf));
  if (first) {
    for (const id of first) {
      const row = typeof id === 'string' && others.every((more) => more.has(id)) ? store.get(type, id) : undefined;
      if (row) yield row;
    }
  } else if (patients) {
    for (const patient of patients) yield* store.rowsOfPatient(type, patient);
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

function compareByKeys(a: StoredResource, b: StoredResource, keys: readonly SortKey[]): number {
  for (const key of keys) {
    const order = compareBy(a, b, key);
    if (order !== 0) return order;
  }
  return keys[0]?.isDescending === true ? compareIds(b, a) : compareIds(a, b);
}

function compareBy(a: StoredResource, b: StoredResource, { name, isDescending }: SortKey): number {
  const sign = isDescending ? -1 : 1;
  if (name === '_id') return sign * compareIds(a, b);
  if (name === LAST_UPDATED) return sign * (a.lastUpdatedMs - b.lastUpdatedMs);
  const isUndated = Number(a.index.dates[name] === undefined) - Number(b.index.dates[name] === undefined);
  return isUndated === 0 ? sign * compareLow(a, b, name) : isUndated;
}

/** Rows that are sorted the other way, newest first; what has no date still last. */
function* newestFirst(rows: readonly StoredResource[], date: string): Iterable<StoredResource> {
  let dated = rows.length;
  while (dated > 0 && rows[dated - 1]?.index.dates[date] === undefined) dated -= 1;
  for (let at = dated - 1; at >= 0; at -= 1) {
    const row = rows[at];
    if (row) yield row;
  }
  yield* rows.slice(dated);
}
