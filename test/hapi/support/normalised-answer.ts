import { isDeepStrictEqual } from 'node:util';
import { indexResource, ListPool } from '../../../src/sandbox/index-resource.js';
import { member, textMember, valuesAt, without } from '../../../src/sandbox/resource-json.js';
import { isResource } from '../../../src/sandbox/sandbox-store.js';

/** What is compared of an answer, by name: `status`, `ids`, `entry[0].status`, `Observation/hb.status` … */
export type Facts = Readonly<Record<string, unknown>>;

/** An answer, or several pages of one search, read as JSON. */
export interface Received {
  readonly status: number;
  readonly headers: Headers;
  readonly json: unknown;
}

export interface Reading {
  /** Parameters of the search, where it was one: they say which order of the entries means something. */
  readonly parameters: URLSearchParams;
  /** Takes out what differs by its nature: the server's base, the run's ids, ids given by the server. */
  readonly anonymous: (text: string) => string;
}

/**
 * The facts of an answer that two servers ought to agree about. Left out: ids of Bundles, `lastUpdated`, `source`, the words of an
 * OperationOutcome, successful outcomes inside a Bundle. Entries that the asked-for sort leaves tied (all, without one) are put in order of
 * their ids.
 */
export function factsOf(pages: readonly Received[], reading: Reading): Facts {
  const [first] = pages;
  if (!first) return {};
  const type = textMember(first.json, 'resourceType');
  const bundleType = type === 'Bundle' ? textMember(first.json, 'type') : undefined;
  const facts: Record<string, unknown> = {
    status: first.status,
    body: type === undefined ? 'none' : type,
    ...(bundleType !== undefined && { bundle: bundleType }),
    ...placeFacts(first, reading),
  };
  if (type === 'OperationOutcome') {
    const issue = valuesAt(first.json, 'issue')[0];
    if (first.status >= 400) facts['severity'] = textMember(issue, 'severity');
    return facts;
  }
  if (type === 'CapabilityStatement') return { ...facts, fhirVersion: textMember(first.json, 'fhirVersion') };
  if (bundleType === 'searchset') return { ...facts, ...searchFacts(pages, reading) };
  if (bundleType !== undefined) return { ...facts, ...responseFacts(first.json, reading) };
  return { ...facts, ...contentFacts(first.json, reading) };
}

/**
 * The facts that differ, as each side has them. What only one side's entries hold is told by `ids` alone, and where the kinds of the answers
 * differ only the status and what is found.
 */
export function differences(
  hapi: Facts,
  sandbox: Facts,
): { readonly hapi: Facts; readonly sandbox: Facts } | undefined {
  const differing = [...new Set([...Object.keys(hapi), ...Object.keys(sandbox)])].filter((name) => {
    if (isDeepStrictEqual(hapi[name], sandbox[name])) return false;
    const [, step = '', fact = name] = /^(\d+\.)?(.*)$/s.exec(name) ?? [];
    const body = `${step}body`;
    if (hapi[body] !== sandbox[body]) return fact === 'status' || fact === 'ids';
    const resource = /^([A-Za-z]+\/[^.]+)\./.exec(fact)?.[1];
    const type = `${step}${resource ?? ''}.resourceType`;
    return resource === undefined || (type in hapi && type in sandbox);
  });
  if (differing.length === 0) return undefined;
  const only = (facts: Facts): Facts =>
    Object.fromEntries(differing.filter((name) => facts[name] !== undefined).map((name) => [name, facts[name]]));
  return { hapi: only(hapi), sandbox: only(sandbox) };
}

/** Where a created resource is, and its version; a server may say it of other answers too. */
function placeFacts({ status, headers }: Received, { anonymous }: Reading): Facts {
  const place = headers.get('location') ?? headers.get('content-location');
  const etag = headers.get('etag');
  return {
    ...(place !== null && status === 201 && { place: anonymous(place) }),
    ...(etag !== null && { etag }),
  };
}

function searchFacts(pages: readonly Received[], reading: Reading): Facts {
  const entries = pages.flatMap(({ json }) => valuesAt(json, 'entry'));
  const resources = entries.map((entry) => member(entry, 'resource'));
  const relations = pages.map(({ json }) =>
    valuesAt(json, 'link')
      .map((link) => textMember(link, 'relation') ?? '')
      .filter((relation) => relation === 'self' || relation === 'next')
      .sort(),
  );
  return {
    total: member(pages[0]?.json, 'total') === undefined ? 'absent' : member(pages[0]?.json, 'total'),
    pages: pages.map(({ json }) => valuesAt(json, 'entry').length),
    links: relations,
    ids: inOrder(resources, reading).map(reading.anonymous),
    modes: [...new Set(entries.map((entry) => textMember(member(entry, 'search'), 'mode')))],
    fullUrls: entries.every((entry) => {
      const resource = member(entry, 'resource');
      const own = `{base}/${textMember(resource, 'resourceType') ?? ''}/${textMember(resource, 'id') ?? ''}`;
      return reading.anonymous(textMember(entry, 'fullUrl') ?? '') === reading.anonymous(own);
    }),
    ...Object.fromEntries(resources.flatMap((resource) => Object.entries(contentFacts(resource, reading)))),
  };
}

/** `Type/id` of each, those that are equal by the asked-for sort in order of their ids. */
function inOrder(resources: readonly unknown[], { parameters }: Reading): readonly string[] {
  const keys = parameters.get('_sort')?.split(',') ?? [];
  const named = resources.map((resource) => ({ name: nameOf(resource), key: sortKey(resource, keys) }));
  const groups: { key: string; names: string[] }[] = [];
  for (const { name, key } of named) {
    const last = groups.at(-1);
    if (last?.key === key) last.names.push(name);
    else groups.push({ key, names: [name] });
  }
  return groups.flatMap(({ names }) => names.sort());
}

/** What a sort goes by, as text; the same for all where nothing is sorted. `_lastUpdated` is told apart by nothing: loads are too quick. */
function sortKey(resource: unknown, keys: readonly string[]): string {
  if (!isResource(resource)) return '';
  const { dates } = indexResource(resource, new ListPool());
  return keys
    .map((key) => key.replace(/^-/, ''))
    .map((name) => (name === '_id' ? (resource.id ?? '') : String(dates[name]?.low)))
    .join(' ');
}

function nameOf(resource: unknown): string {
  return `${textMember(resource, 'resourceType') ?? '?'}/${textMember(resource, 'id') ?? '?'}`;
}

/** Every value of a resource by its path; of `meta` only what a caller gave and the version. */
function contentFacts(resource: unknown, { anonymous }: Reading): Facts {
  if (!isResource(resource)) return {};
  const { versionId, tag, profile, security } = resource.meta ?? {};
  const meta = { versionId, tag, profile, security };
  const facts: Record<string, unknown> = {};
  const name = anonymous(nameOf(resource));
  const text = JSON.stringify({ ...without(resource, 'meta'), meta });
  flatten(JSON.parse(anonymous(text)), name, facts);
  return facts;
}

function flatten(value: unknown, path: string, facts: Record<string, unknown>): void {
  if (Array.isArray(value)) value.forEach((item: unknown, index) => flatten(item, `${path}[${index}]`, facts));
  else if (typeof value === 'object' && value !== null)
    for (const [name, item] of Object.entries(value)) flatten(item, `${path}.${name}`, facts);
  else facts[path] = value;
}

/** Entry by entry what a batch or a transaction answers. */
function responseFacts(bundle: unknown, reading: Reading): Facts {
  const facts: Record<string, unknown> = { entries: valuesAt(bundle, 'entry').length };
  valuesAt(bundle, 'entry').forEach((entry, at) => {
    const response = member(entry, 'response');
    const status = Number.parseInt(textMember(response, 'status') ?? '', 10);
    const resource = member(entry, 'resource');
    const put = (name: string, value: unknown): void => {
      if (value !== undefined) facts[`entry[${at}].${name}`] = value;
    };
    put('status', status);
    const location = textMember(response, 'location');
    if (location !== undefined && status < 204) {
      put('location', reading.anonymous(location));
      // HAPI writes the bare number here, FHIR's examples write W/"1": readers take both.
      put('etag', textMember(response, 'etag')?.replace(/^W\/"(.*)"$/, '$1'));
    }
    if (status >= 400) put('severity', textMember(valuesAt(member(response, 'outcome'), 'issue')[0], 'severity'));
    if (resource !== undefined) {
      put('resource', textMember(resource, 'resourceType'));
      const inner = [{ status, headers: new Headers(), json: resource }];
      if (isSearchset(resource)) {
        const found = searchFacts(inner, { ...reading, parameters: new URLSearchParams() });
        for (const [name, value] of Object.entries(found)) facts[`entry[${at}].${name}`] = value;
      } else Object.assign(facts, contentFacts(resource, reading));
    }
  });
  return facts;
}

function isSearchset(resource: unknown): boolean {
  return textMember(resource, 'resourceType') === 'Bundle' && textMember(resource, 'type') === 'searchset';
}
