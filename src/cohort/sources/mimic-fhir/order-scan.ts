import type { BloodProductTable } from '../../../orders/blood-product-table.js';
import type { Element } from '../../../record/element.js';
import { copyOf, type Copies, type Copy } from './copies.js';
import type { ExportedResource } from './export-lines.js';
import { fhirId } from './identity.js';
import { medicationForScreening, medicationNeeded, slimRequest } from './medications.js';
import { bloodNamedBy, readOrder, type ReadOrder } from './order-events.js';
import type { Tally } from './tally.js';

export interface OrderScan {
  takeMedication(resource: Element, exported: ExportedResource): void;
  takeOrder(resource: Element, patientId: string, exported: ExportedResource): void;
  /** The orders whose Medication stands in a later file than they do, or in none (counted). */
  end(): void;
}

/**
 * Finds the blood orders of an export in one pass. Held in memory are the Medications that may be blood, the ids of the others,
 * and of the requests that come before their Medication no more than what an order is read from.
 */
export function startOrderScan(
  table: BloodProductTable,
  copies: Copies,
  tally: Tally,
  keep: (patientId: string, order: ReadOrder) => void,
): OrderScan {
  const medications = new Map<string, Element>();
  const others = new Set<string>();
  const waiting: { readonly request: Element; readonly patientId: string; readonly copy: Copy }[] = [];
  const isThere = (medicationId: string): boolean => medications.has(medicationId) || others.has(medicationId);

  const take = (order: Element, patientId: string, copy: () => Copy): void => {
    const named = bloodNamedBy(order, patientId, { table, medications }, tally);
    if (!named || !copies.isFirst(copy())) return;
    const read = readOrder(order, named, tally);
    if (read) keep(patientId, read);
  };

  return {
    takeMedication: (resource, exported) => {
      const id = fhirId(resource);
      if (id === undefined) return;
      const coded = medicationForScreening(resource, table);
      if (!coded) others.add(id);
      else if (copies.isFirst(copyOf(exported))) medications.set(id, coded);
    },
    takeOrder: (resource, patientId, exported) => {
      const needed = medicationNeeded(resource);
      if (needed === undefined || isThere(needed)) take(resource, patientId, () => copyOf(exported));
      else waiting.push({ request: slimRequest(resource), patientId, copy: copyOf(exported) });
    },
    end: () => {
      for (const { request, patientId, copy } of waiting) {
        if (!isThere(medicationNeeded(request) ?? '')) {
          tally.add('MedicationRequest: its Medication is not in the export');
        }
        take(request, patientId, () => copy);
      }
    },
  };
}
