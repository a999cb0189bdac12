import { classifyCoding, type BloodProductTable } from '../../../orders/blood-product-table.js';
import { namingOf } from '../../../orders/order-codings.js';
import { namesBloodProduct } from '../../../orders/order-text.js';
import { child, type Element } from '../../../record/element.js';
import { referredId } from './identity.js';

/** The Medications of an export by id that the screening of orders makes anything of. */
export type Medications = ReadonlyMap<string, Element>;

/** The Medication that a MedicationRequest refers to elsewhere in the export; undefined where it names its drug itself. */
export function medicationNeeded(resource: Element): string | undefined {
  if (resource['resourceType'] !== 'MedicationRequest') return undefined;
  return referredId(child(resource, 'medicationReference'), 'Medication');
}

/**
 * A Medication with no more than its code, where the screening looks at it: it has a code of the table, or words that name a
 * blood product. undefined for all other drugs: a hospital has more of them than need be kept.
 */
export function medicationForScreening(resource: Element, table: BloodProductTable): Element | undefined {
  const asked = { medicationCodeableConcept: resource['code'] };
  const order = { type: 'MedicationRequest', resource: asked, path: '', reference: '' } as const;
  const { codings, texts } = namingOf(order, { entries: [], orders: [] });
  const isKnown = codings.some((coding) => classifyCoding(table, coding) !== undefined);
  if (!isKnown && !texts.some(namesBloodProduct)) return undefined;
  return { resourceType: 'Medication', id: resource['id'], code: resource['code'] };
}

const READ_OF_REQUEST = [
  'resourceType',
  'id',
  'status',
  'intent',
  'doNotPerform',
  'authoredOn',
  'subject',
  'encounter',
  'medicationCodeableConcept',
  'medicationReference',
  'replaces',
  'priorPrescription',
];

/** A MedicationRequest with no more than an order is read from: dosages, notes and dispensing are most of it. */
export function slimRequest(resource: Element): Element {
  return Object.fromEntries(READ_OF_REQUEST.map((name) => [name, resource[name]]));
}
