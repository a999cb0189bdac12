import type { FhirResource } from 'fhir/r4.js';
import { child, children, isElement, text, type Element } from '../record/element.js';

/** One page of a search: the resources of the wanted type, and the link to the next page. */
export type SearchPage =
  | { readonly kind: 'page'; readonly resources: readonly FhirResource[]; readonly next?: string }
  | { readonly kind: 'failed' };

/**
 * Reads a searchset. Failed: anything but a Bundle, and a Bundle with an OperationOutcome of severity error or fatal (or
 * none): part of the search did not work, so what is missing says nothing. Warnings and notices are passed over.
 * @see requirement 24; https://hl7.org/fhir/R4/search.html#entries
 */
export function readSearchPage(body: Element, resourceType: string): SearchPage {
  if (body['resourceType'] !== 'Bundle') return { kind: 'failed' };
  const inside = children(body, 'entry').map((entry) => child(entry, 'resource'));
  if (inside.some((resource) => resource?.['resourceType'] === 'OperationOutcome' && isFailure(resource))) {
    return { kind: 'failed' };
  }
  const next = children(body, 'link').find((link) => link['relation'] === 'next');
  const url = text(next, 'url');
  return {
    kind: 'page',
    resources: inside.filter((resource) => isResourceOf(resource, resourceType)),
    ...(url === undefined ? {} : { next: url }),
  };
}

export function isFailure(outcome: Element): boolean {
  const issues = children(outcome, 'issue');
  return issues.length === 0 || issues.some(({ severity }) => severity !== 'warning' && severity !== 'information');
}

/** A resource of this type, as far as its name says; its elements are read with care all the same. */
export function isResourceOf(value: unknown, resourceType: string): value is FhirResource {
  return isElement(value) && value['resourceType'] === resourceType;
}
