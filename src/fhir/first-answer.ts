import type { FhirResource } from 'fhir/r4.js';
import type { Prefetched } from '../cds-hooks/hook-request.js';
import type { PrefetchTemplate } from '../cds-hooks/prefetch-query.js';
import { assertNever } from '../errors/assert-never.js';
import { isElement, type Element } from '../record/element.js';
import type { UnavailableReason } from '../record/patient-record.js';
import { coveredSince } from './coverage.js';
import { isResourceOf, readSearchPage } from './search-page.js';
import { countOf } from './source-query.js';

/** What one prefetch key or first-wave call says about its source. */
export type FirstAnswer =
  | {
      readonly kind: 'data';
      readonly resources: readonly FhirResource[];
      /** Complete since then; null: all time; `nothing`: no time can be given. */
      readonly since: number | null | 'nothing';
      /** Link to the page after this one. */
      readonly next?: string;
    }
  | { readonly kind: 'unavailable'; readonly reason: UnavailableReason };

/**
 * What the client's prefetch says; undefined where the key is absent and the source has to be fetched. An empty answer
 * covers all time and a failed one is not repeated. A resource of the wrong type is a query that failed.
 * @see requirement 24
 */
export function prefetchedAnswer(prefetched: Prefetched, template: PrefetchTemplate): FirstAnswer | undefined {
  switch (prefetched.kind) {
    case 'absent':
      return undefined;
    case 'empty':
      return { kind: 'data', resources: [], since: null };
    case 'failed':
      return { kind: 'unavailable', reason: 'client-query-failed' };
    case 'data': {
      const resource: unknown = prefetched.resource;
      return (
        (isElement(resource) ? answerFrom(resource, template) : undefined) ?? {
          kind: 'unavailable',
          reason: 'client-query-failed',
        }
      );
    }
    default:
      return assertNever(prefetched);
  }
}

/** A read's resource, or a search's first page with its coverage; undefined for anything else. */
export function answerFrom(body: Element, template: PrefetchTemplate): FirstAnswer | undefined {
  const { resourceType } = template;
  if (template.kind === 'read' && isResourceOf(body, resourceType)) {
    return { kind: 'data', resources: [body], since: null };
  }
  const page = readSearchPage(body, resourceType);
  if (page.kind === 'failed') return undefined;
  const since = template.kind === 'read' ? null : coveredSince(page, countOf(template));
  return {
    kind: 'data',
    resources: page.resources,
    since,
    ...(page.next === undefined ? {} : { next: page.next }),
  };
}
