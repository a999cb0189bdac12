import { textMember, valuesAt, member } from '../../sandbox/resource-json.js';
import type { FhirServerAccess } from './fhir-server-access.js';
import { fhirRequest } from './fhir-request.js';
import type { ServerProblem } from './server-problem.js';

/** How a search ended. */
export type SearchEnd =
  | { readonly kind: 'complete' }
  /** `enough` said so: there may be more. */
  | { readonly kind: 'limit' }
  /** A `next` link to another origin is not followed, for a token would go along; nor one that was followed before. */
  | { readonly kind: 'next-not-followed'; readonly reason: 'other-origin' | 'circle' }
  /** The server refused the search. */
  | { readonly kind: 'refused'; readonly status: number; readonly said?: string };

export interface SearchPages {
  /** Below the base, with `%7C` for `|`. */
  readonly path: string;
  /** Takes the resources of a page, matches and included ones; says whether that is enough. */
  readonly take: (resources: readonly SearchRow[]) => 'more' | 'enough';
}

export interface SearchRow {
  readonly resource: unknown;
  /** Came along by `_include`. */
  readonly isIncluded: boolean;
}

/**
 * Reads a search page by page. The server's cache is passed by: what was just written is found.
 * Throws only the abort reason of `access.signal`.
 */
export async function searchPages(
  access: FhirServerAccess,
  { path, take }: SearchPages,
): Promise<SearchEnd | ServerProblem> {
  const seen = new Set<string>();
  for (let next = path; ;) {
    seen.add(next);
    const answer = await fhirRequest(access, { method: 'GET', path: next, headers: { 'Cache-Control': 'no-cache' } });
    if (answer.kind !== 'answer') return answer;
    const { status, said, json } = answer;
    if (status >= 300) return { kind: 'refused', status, ...(said === undefined ? {} : { said }) };
    if (textMember(json, 'resourceType') !== 'Bundle') return { kind: 'not-fhir', reason: 'other-json', status };
    if (take(rowsOf(json)) === 'enough') return { kind: 'limit' };
    const link = valuesAt(json, 'link').find((one) => textMember(one, 'relation') === 'next');
    const url = textMember(link, 'url');
    if (url === undefined) return { kind: 'complete' };
    const absolute = new URL(url, `${access.baseUrl}/`);
    if (absolute.origin !== new URL(access.baseUrl).origin)
      return { kind: 'next-not-followed', reason: 'other-origin' };
    next = absolute.href;
    if (seen.has(next)) return { kind: 'next-not-followed', reason: 'circle' };
  }
}

function rowsOf(bundle: unknown): readonly SearchRow[] {
  return valuesAt(bundle, 'entry').flatMap((entry) => {
    const resource = member(entry, 'resource');
    const mode = textMember(member(entry, 'search'), 'mode');
    return resource === undefined || mode === 'outcome' ? [] : [{ resource, isIncluded: mode === 'include' }];
  });
}
