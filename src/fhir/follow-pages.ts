import type { FhirResource } from 'fhir/r4.js';
import type { UnavailableReason } from '../record/patient-record.js';
import type { FhirConnection } from './fhir-connection.js';
import type { FhirCall, FhirFlag, FhirJournal } from './fhir-report.js';
import { readSearchPage } from './search-page.js';
import { withinBase } from './server-access.js';

/** The pages of one query, as far as they came. */
export interface FollowedPages {
  readonly resources: readonly FhirResource[];
  /** Pages received. */
  readonly pages: number;
  /** Entries of the first page. */
  readonly firstPageEntries: number;
  /** Was the last page reached? */
  readonly isComplete: boolean;
  /** Why it was not, where a call failed. */
  readonly failure?: UnavailableReason;
}

/** Pages without an entry that lead on to a further one; more in a row lead nowhere. */
const MAX_EMPTY_PAGES = 3;
/** Longer links are no links to a page: some servers' grow with each one. */
const MAX_LINK_LENGTH = 8_192;

interface Following {
  readonly connection: FhirConnection;
  readonly journal: FhirJournal;
  readonly about: Pick<FhirCall, 'source' | 'purpose' | 'resourceType'>;
  readonly maxPages: number;
}

/**
 * GETs a search and its further pages by `next`, only on the server's own origin and base path, until the last page, the
 * page limit, a page seen before, several empty pages in a row, a failed call or the deadline. What came before a failure is kept.
 */
export async function followPages(first: URL, following: Following): Promise<FollowedPages> {
  const { connection, journal, about, maxPages } = following;
  const resources: FhirResource[] = [];
  const seen = new Set<string>();
  let url: URL | undefined = first;
  let pages = 0;
  let firstPageEntries = 0;
  let emptyPages = 0;
  const stopped = (failure?: UnavailableReason): FollowedPages => ({
    resources,
    pages,
    firstPageEntries,
    isComplete: false,
    ...(failure === undefined ? {} : { failure }),
  });
  for (;;) {
    seen.add(url.href);
    const answer = await connection.get(url, pages === 0 ? about : { ...about, purpose: 'page' });
    if (answer.kind === 'failed') return stopped(answer.reason);
    const page = answer.kind === 'json' ? readSearchPage(answer.body, about.resourceType) : undefined;
    if (page?.kind !== 'page') return stopped('upstream-error');
    if (pages === 0) firstPageEntries = page.resources.length;
    pages += 1;
    resources.push(...page.resources);
    emptyPages = page.resources.length === 0 ? emptyPages + 1 : 0;
    if (page.next === undefined) return { ...stopped(), isComplete: true };
    url = withinBase(connection.base, page.next);
    const flag = whyNotFollowed(url, { seen, emptyPages, isLast: pages >= maxPages });
    if (!url || flag !== undefined) {
      if (flag !== undefined) journal.flag(flag);
      return stopped();
    }
  }
}

function whyNotFollowed(
  url: URL | undefined,
  paging: { readonly seen: ReadonlySet<string>; readonly emptyPages: number; readonly isLast: boolean },
): FhirFlag | undefined {
  if (!url) return 'foreign-next-link';
  if (paging.seen.has(url.href)) return 'repeated-page';
  if (paging.emptyPages >= MAX_EMPTY_PAGES) return 'empty-pages';
  return paging.isLast || url.href.length > MAX_LINK_LENGTH ? 'page-limit' : undefined;
}
