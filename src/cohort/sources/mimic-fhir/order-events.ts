import type { Bundle } from 'fhir/r4.js';
import type { BloodProductTable } from '../../../orders/blood-product-table.js';
import { screenOrders } from '../../../orders/screen-orders.js';
import { child, children, isElement, referenceTo, text, type Element } from '../../../record/element.js';
import { instantMs } from '../../../record/fhir-time.js';
import type { BloodOrder } from '../../../record/patient-record.js';
import type { OrderEvent } from '../../cohort-source.js';
import { fhirId, referredId } from './identity.js';
import { medicationNeeded, type Medications } from './medications.js';
import type { Tally } from './tally.js';

/** An order with the Encounter it was written in, in place of the admission. */
export interface ReadOrder {
  readonly order: Omit<OrderEvent, 'admissionId'>;
  readonly encounterId: string | undefined;
}

/**
 * The signature of these is at `authoredOn`. The status of an exported order is its last one: an order that was stopped, revoked
 * or cancelled had been signed, and why it ended (the patient died) is not known at signing. To leave it out would look ahead.
 */
const SIGNED = new Set(['active', 'completed', 'on-hold', 'stopped', 'revoked', 'cancelled']);
/** Intents that nobody signs: what might be ordered. @see http://hl7.org/fhir/request-intent */
const NOT_ORDERED = new Set(['proposal', 'plan', 'option']);

export type NamedBlood = Pick<BloodOrder, 'products' | 'unspecified'>;

/**
 * The blood products that a ServiceRequest or MedicationRequest asks for, by the same code table as at signing; undefined where
 * it asks for something else. Status and intent of a past order are looked at later, so the screening sees it as active. What
 * only its words name as blood is counted.
 */
export function bloodNamedBy(
  resource: Element,
  patientId: string,
  { table, medications }: { readonly table: BloodProductTable; readonly medications: Medications },
  tally: Tally,
): NamedBlood | undefined {
  const asked = bundleOf({ ...resource, status: 'active', intent: 'order' }, medications);
  const screened = screenOrders(asked, patientId, table);
  if (screened.textOnly.length > 0) tally.add(`${typeOf(resource)}: only its words name a blood product`);
  return screened.kind === 'blood' ? screened.orders[0] : undefined;
}

/** The order of blood in a request, as signed; what was never signed, or has no status, time or id to use, is counted. */
export function readOrder(resource: Element, named: NamedBlood, tally: Tally): ReadOrder | undefined {
  const orderMs = instantMs(text(resource, 'authoredOn'));
  const unusable = whyUnusable(resource, orderMs);
  if (unusable !== undefined || orderMs === undefined) {
    tally.add(`${typeOf(resource)} of a blood product: ${unusable ?? 'no time'}`);
    return undefined;
  }
  return {
    order: {
      orderId: referenceTo(resource),
      products: named.products,
      ...(named.unspecified === undefined ? {} : { unspecified: named.unspecified }),
      transaction: takesPlaceOfAnother(resource) ? 'change' : 'new',
      orderMs,
    },
    encounterId: referredId(child(resource, 'encounter'), 'Encounter'),
  };
}

function whyUnusable(resource: Element, orderMs: number | undefined): string | undefined {
  const status = text(resource, 'status') ?? '';
  if (status === 'draft' || NOT_ORDERED.has(text(resource, 'intent') ?? '')) return 'never signed';
  if (!SIGNED.has(status)) return 'status';
  if (orderMs === undefined) return 'no time';
  return fhirId(resource) === undefined ? 'no id' : undefined;
}

function typeOf(resource: Element): string {
  return text(resource, 'resourceType') ?? '';
}

function bundleOf(order: Element, medications: Medications): Bundle {
  const medication = medications.get(medicationNeeded(order) ?? '');
  const reference = text(child(order, 'medicationReference'), 'reference');
  const entry = [{ resource: order }, ...(medication ? [{ fullUrl: reference, resource: medication }] : [])];
  return asBundle({ resourceType: 'Bundle', type: 'collection', entry });
}

/** The screening reads every member of a Bundle as unknown. */
function asBundle(bundle: Element): Bundle {
  return bundle as unknown as Bundle;
}

function takesPlaceOfAnother(resource: Element): boolean {
  return children(resource, 'replaces').length > 0 || isElement(resource['priorPrescription']);
}
