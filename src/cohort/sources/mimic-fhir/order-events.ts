import type { Bundle } from 'fhir/r4.js';
import type { BloodProductTable } from '../../../orders/blood-product-table.js';
import { screenOrders } from '../../../orders/screen-orders.js';
import { child, children, isElement, referenceTo, text, type Element } from '../../../record/element.js';
import { instantMs } from '../../../record/fhir-time.js';
import type { OrderEvent } from '../../cohort-source.js';
import { fhirId, patientOf, referredId } from './identity.js';
import type { Tally } from './tally.js';

/** An order with the Encounter it was written in, in place of the admission. */
export interface ReadOrder {
  readonly order: Omit<OrderEvent, 'admissionId'>;
  readonly encounterId: string | undefined;
}

/**
 * `signed`: the signature is at `authoredOn`, whatever became of the order later; an order that was stopped or put on hold had
 * been signed, and to leave it out would look ahead. `withdrawn`: no signing. Others were never orders.
 */
const TRANSACTION: Readonly<Record<string, 'signed' | 'withdrawn'>> = {
  draft: 'signed',
  active: 'signed',
  completed: 'signed',
  'on-hold': 'signed',
  stopped: 'signed',
  revoked: 'withdrawn',
  cancelled: 'withdrawn',
};

/** The Medications of an export by id, as far as they say what they are. */
export type Medications = ReadonlyMap<string, Element>;

/**
 * The blood product order in a ServiceRequest or MedicationRequest, by the same code table as at signing. Of a past order the
 * status says what became of it, so the screening sees it as active. What only its words name as blood, and orders of blood
 * without a status or time that can be used, are counted.
 */
export function readOrder(
  resource: Element,
  table: BloodProductTable,
  medications: Medications,
  tally: Tally,
): ReadOrder | undefined {
  const patientId = patientOf(resource);
  if (patientId === undefined) return undefined;
  const type = text(resource, 'resourceType') ?? '';
  const screened = screenOrders(bundleOf({ ...resource, status: 'active' }, medications), patientId, table);
  if (screened.textOnly.length > 0) tally.add(`${type}: only its words name a blood product`);
  const found = screened.kind === 'blood' ? screened.orders[0] : undefined;
  if (!found) return undefined;
  const transaction = TRANSACTION[text(resource, 'status') ?? ''];
  const orderMs = instantMs(text(resource, 'authoredOn'));
  if (fhirId(resource) === undefined || transaction === undefined || orderMs === undefined) {
    const missing = transaction === undefined ? 'status' : orderMs === undefined ? 'no time' : 'no id';
    tally.add(`${type} of a blood product: ${missing}`);
    return undefined;
  }
  return {
    order: {
      orderId: referenceTo(resource),
      products: found.products,
      ...(found.unspecified === undefined ? {} : { unspecified: found.unspecified }),
      transaction: transaction === 'withdrawn' ? 'discontinue' : takesPlaceOfAnother(resource) ? 'change' : 'new',
      orderMs,
    },
    encounterId: referredId(child(resource, 'encounter'), 'Encounter'),
  };
}

/** The Medication that a MedicationRequest refers to elsewhere in the export; undefined where it names its drug itself. */
export function medicationNeeded(resource: Element): string | undefined {
  if (resource['resourceType'] !== 'MedicationRequest') return undefined;
  return referredId(child(resource, 'medicationReference'), 'Medication');
}

/** A Medication with no more than its code: what the screening looks at. */
export function codedMedication(resource: Element): Element {
  return { resourceType: 'Medication', id: resource['id'], code: resource['code'] };
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
