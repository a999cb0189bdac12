import { randomUUID } from 'node:crypto';
import { operationOutcome } from './fhir-fault.js';
import type { PagedSearch } from './page-store.js';
import type { StoredResource } from './sandbox-store.js';

/** HAPI looks for so many at first, and knows the total where that is all. */
const FIRST_FETCH = 13;

/** What faults change about a searchset. */
export interface SearchBundleFaults {
  /** Origin and path put before the query of the `next` link. */
  readonly foreignNext?: string;
  readonly outcomeEntry?: 'error' | 'warning' | 'information';
}

/**
 * JSON text of one page. `total` stands where the result fits the page, is short or was asked for; `next` has HAPI's form, on the
 * server's base.
 */
export function searchPage(
  search: PagedSearch,
  baseUrl: string,
  offset: number,
  count: number,
  faults: SearchBundleFaults = {},
): string {
  const { rows, wantsTotal, isEndless, type, parameters } = search;
  const from = isEndless && rows.exceeds(0) ? offset % rows.total() : offset;
  const page = rows.slice(from, from + count);
  const hasNext = isEndless || rows.exceeds(from + count);
  const self =
    offset === 0
      ? `${baseUrl}/${type}${parameters === '' ? '' : `?${parameters}`}`
      : pageLink(baseUrl, search.id, offset, count);
  const links = [{ relation: 'self', url: self }];
  if (hasNext) {
    const base = faults.foreignNext ?? baseUrl;
    links.push({ relation: 'next', url: pageLink(base, search.id, offset + Math.max(page.length, 1), count) });
  }
  const entries = page.map((row) => entryJson(row, baseUrl));
  if (faults.outcomeEntry !== undefined) {
    const outcome = operationOutcome(faults.outcomeEntry, 'processing', 'Part of the data could not be searched');
    entries.push(`{"resource":${outcome},"search":{"mode":"outcome"}}`);
  }
  return bundleText({
    total: wantsTotal || !hasNext || !rows.exceeds(FIRST_FETCH) ? rows.total() : undefined,
    links,
    entries,
  });
}

/** JSON text of a searchset that only counts; it has no links, as in HAPI. */
export function countBundle(total: number): string {
  return bundleText({ total, links: [], entries: [] });
}

interface BundleParts {
  readonly total: number | undefined;
  readonly links: readonly object[];
  readonly entries: readonly string[];
}

function bundleText({ total, links, entries }: BundleParts): string {
  const head = {
    resourceType: 'Bundle',
    id: randomUUID(),
    type: 'searchset',
    ...(total !== undefined && { total }),
    ...(links.length > 0 && { link: links }),
  };
  const entry = entries.length === 0 ? '' : `,"entry":[${entries.join(',')}]`;
  return `${JSON.stringify(head).slice(0, -1)}${entry}}`;
}

function entryJson({ type, id, json }: StoredResource, baseUrl: string): string {
  return `{"fullUrl":${JSON.stringify(`${baseUrl}/${type}/${id}`)},"resource":${json},"search":{"mode":"match"}}`;
}

function pageLink(base: string, id: string, offset: number, count: number): string {
  return `${base}?_getpages=${id}&_getpagesoffset=${offset}&_count=${count}&_bundletype=searchset`;
}
