import type { FhirResource } from 'fhir/r4.js';
import type { Element } from '../../../record/element.js';

/**
 * A line of an export as the record's readers take it. They read every member as unknown, so nothing is promised by this but
 * that it is an object.
 */
export function asResource(element: Element): FhirResource {
  return element as unknown as FhirResource;
}
