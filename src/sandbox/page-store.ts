import { randomUUID } from 'node:crypto';
import { FhirFault } from './fhir-fault.js';
import type { FoundRows } from './found-rows.js';

/** A search result kept for its further pages: a snapshot, which later writes do not change. */
export interface PagedSearch {
  readonly id: string;
  readonly type: string;
  readonly rows: FoundRows;
  readonly wantsTotal: boolean;
  readonly parameters: string;
  /** Never runs out: its last page leads to its first (a fault). */
  readonly isEndless: boolean;
}

const LIFETIME_MS = 10 * 60_000;
const MAXIMUM_SEARCHES = 2000;

/** Search results whose pages are not all fetched; each is dropped ten minutes after the search. */
export class PageStore {
  readonly #searches = new Map<string, { readonly search: PagedSearch; readonly expiresMs: number }>();
  readonly #now: () => number;

  constructor({ now }: { readonly now: () => number }) {
    this.#now = now;
  }

  keep(search: Omit<PagedSearch, 'id'>): PagedSearch {
    const kept = { ...search, id: randomUUID() };
    this.#searches.set(kept.id, { search: kept, expiresMs: this.#now() + LIFETIME_MS });
    const [oldest] = this.#searches.keys();
    if (this.#searches.size > MAXIMUM_SEARCHES && oldest !== undefined) this.#searches.delete(oldest);
    return kept;
  }

  /** The search of a `_getpages` id. Throws FhirFault 410 if it is unknown or expired. */
  find(id: string): PagedSearch {
    const kept = this.#searches.get(id);
    if (!kept || kept.expiresMs <= this.#now()) {
      this.#searches.delete(id);
      throw new FhirFault(410, 'processing', `Search ID '${id}' does not exist and may have expired`);
    }
    return kept.search;
  }

  /** The type a page belongs to, where the id is known. */
  typeOf(id: string): string | undefined {
    return this.#searches.get(id)?.search.type;
  }

  /** Forgets all searches: every open `next` link now answers 410. */
  clear(): void {
    this.#searches.clear();
  }
}
