import type { FhirResource } from 'fhir/r4.js';
import type { UnavailableReason } from '../record/patient-record.js';
import type { FhirConnection } from './fhir-connection.js';
import type { FhirCall, FhirJournal } from './fhir-report.js';
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

interface Following {
  readonly connection: FhirConnection;
  readonly journal: FhirJournal;
  readonly about: Pick<FhirCall, 'source' | 'purpose' | 'resourceType'>;
  readonly maxPages: number;
}

/**
 * GETs a search and its further pages by `next`, only on the server's own origin and base path, until the last page, the
 * page limit, a page seen before, a failed call or the deadline. What came before a failure is kept.
 */
export async function followPages(first: URL, following: Following): Promise<FollowedPages> {
  const { connection, journal, about, maxPages } = following;
  const resources: FhirResource[] = [];
  const seen = new Set<string>();
  let url: URL | undefined = first;
  let pages = 0;
  let firstPageEntries = 0;
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
    if (page.next === undefined) return { ...stopped(), isComplete: true };
    url = withinBase(connection.base, page.next);
    const flag = !url ? 'foreign-next-link' : seen.has(url.href) ? 'repeated-page' : undefined;
    if (!url || flag !== undefined || pages >= maxPages) {
      journal.flag(flag ?? 'page-limit');
      return stopped();
    }
  }
}
