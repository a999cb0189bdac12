import { isObject, objectAt, objectsAt, type LooseObject } from '../../orders/loose-json.js';
import type { ReadItem } from './read-orders.js';
import type { WrittenCoding } from './near-miss.js';

/** An item as the draft order it would be when signed: what names it, and nothing about a patient. */
export interface OrderToScreen {
  readonly order: LooseObject;
  readonly medication?: LooseObject;
  /** Its codings as written. */
  readonly written: readonly WrittenCoding[];
}

const NAMING = ['code', 'orderDetail', 'medicationCodeableConcept', 'medicationReference', 'contained'] as const;

/** The drafts an item stands for: one, but for a PlanDefinition, which has one for each action that has a code. */
export function ordersToScreen({ resource, medication }: ReadItem): readonly OrderToScreen[] {
  switch (resource['resourceType']) {
    case 'ServiceRequest':
    case 'MedicationRequest':
      return [draft(resource['resourceType'], picked(resource), medication)];
    case 'Medication':
      return [draft('MedicationRequest', { medicationCodeableConcept: resource['code'] })];
    case 'ActivityDefinition': {
      const product = objectAt(resource, 'productCodeableConcept');
      const named = resource['code'] ?? { text: resource['title'] ?? resource['name'] };
      return [draft('ServiceRequest', { code: named, ...(product && { orderDetail: [product] }) })];
    }
    case 'ChargeItemDefinition':
      return [draft('ServiceRequest', { code: resource['code'] ?? { text: resource['title'] } })];
    case 'PlanDefinition':
      return actionsOf(resource).map((code) => draft('ServiceRequest', { code }));
    default:
      return [];
  }
}

function draft(resourceType: string, naming: LooseObject, medication?: LooseObject): OrderToScreen {
  const concepts = [
    objectAt(naming, 'code'),
    ...objectsAt(naming, 'orderDetail'),
    objectAt(naming, 'medicationCodeableConcept'),
    medication && objectAt(medication, 'code'),
    ...objectsAt(naming, 'contained').map((contained) => objectAt(contained, 'code')),
  ].filter((concept) => concept !== undefined);
  return {
    order: { resourceType, status: 'draft', intent: 'order', ...naming },
    ...(medication && { medication }),
    written: concepts.flatMap((concept) => objectsAt(concept, 'coding').map(writtenCoding)),
  };
}

function picked(resource: LooseObject): LooseObject {
  return Object.fromEntries(NAMING.flatMap((name) => (name in resource ? [[name, resource[name]]] : [])));
}

function actionsOf(plan: LooseObject): readonly LooseObject[] {
  return objectsAt(plan, 'action').flatMap((action) => [
    ...objectsAt(action, 'code').filter(isObject),
    ...actionsOf(action),
  ]);
}

function writtenCoding(coding: LooseObject): WrittenCoding {
  const text = (name: string): string => {
    const value = coding[name];
    return typeof value === 'string' ? value : '';
  };
  return {
    system: text('system'),
    code: text('code'),
    ...(text('display') === '' ? {} : { display: text('display') }),
  };
}
