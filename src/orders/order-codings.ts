import type { OrderCoding } from './blood-product-table.js';
import { resolveInBundle, type DraftBundle, type DraftOrder } from './draft-order.js';
import { objectAt, objectsAt, textAt, type LooseObject } from './loose-json.js';

/** Everything in an order that may name what is ordered. */
export interface OrderNaming {
  readonly codings: readonly OrderCoding[];
  /** Texts and displays, for the text fallback only. */
  readonly texts: readonly string[];
}

/**
 * Codings and texts of `ServiceRequest.code` and `.orderDetail`, or of a MedicationRequest's medication: its concept,
 * a contained Medication, or a Medication elsewhere in the Bundle. A coding without system or code is only text.
 */
export function namingOf(order: DraftOrder, bundle: DraftBundle): OrderNaming {
  const codings: OrderCoding[] = [];
  const texts: string[] = [];
  const take = (concept: LooseObject | undefined): void => {
    if (!concept) return;
    for (const coding of objectsAt(concept, 'coding')) {
      const system = textAt(coding, 'system');
      const code = textAt(coding, 'code');
      const display = textAt(coding, 'display');
      if (system !== undefined && code !== undefined) {
        codings.push(display === undefined ? { system, code } : { system, code, display });
      }
      if (display !== undefined) texts.push(display);
    }
    const text = textAt(concept, 'text');
    if (text !== undefined) texts.push(text);
  };

  if (order.type === 'ServiceRequest') {
    take(objectAt(order.resource, 'code'));
    objectsAt(order.resource, 'orderDetail').forEach(take);
    return { codings, texts };
  }
  take(objectAt(order.resource, 'medicationCodeableConcept'));
  const medication = objectAt(order.resource, 'medicationReference');
  const reference = medication && textAt(medication, 'reference');
  const resolved = reference === undefined ? undefined : resolveInBundle(reference, order, bundle);
  if (resolved && textAt(resolved, 'resourceType') === 'Medication') take(objectAt(resolved, 'code'));
  const display = medication && textAt(medication, 'display');
  if (display !== undefined) texts.push(display);
  return { codings, texts };
}
