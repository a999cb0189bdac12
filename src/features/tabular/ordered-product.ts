import type { BloodOrder, BloodProduct } from '../../record/patient-record.js';
import type { VisibleRecord } from '../visible-record.js';

export const PRODUCTS: readonly BloodProduct[] = ['rbc', 'platelets', 'plasma', 'cryo', 'whole-blood'];
export const ORDER_LEVELS: readonly string[] = [...PRODUCTS, 'units', 'stat'];

/**
 * What the draft orders ask for. `<product>`: 1 or 0; NaN where no order names it and one says "blood product" and no more.
 * `units`: NaN where no order says units. `stat`: 0 also without a priority, which FHIR reads as routine.
 * @see https://hl7.org/fhir/R4/servicerequest-definitions.html#ServiceRequest.priority
 */
export function orderedProduct({ source: { orders } }: VisibleRecord, level: string): number {
  if (level === 'units') return orderedUnits(orders);
  if (level === 'stat') return orders.some(({ urgency }) => urgency === 'stat') ? 1 : 0;
  if (orders.some(({ products }) => products.some((product) => product === level))) return 1;
  return orders.some(isUnspecified) ? NaN : 0;
}

/**
 * Units of all products. Of one product the largest order counts, not the sum: charts sign "prepare 2 units" and "transfuse
 * 2 units" together. An order that names no product is taken for the other half of such a pair.
 */
function orderedUnits(orders: readonly BloodOrder[]): number {
  const named = new Map<string, number>();
  let unnamed = NaN;
  for (const order of orders) {
    const { orderedUnits: units, products } = order;
    if (units === undefined) continue;
    if (isUnspecified(order)) {
      unnamed = Number.isNaN(unnamed) ? units : Math.max(unnamed, units);
    } else {
      const key = [...products].sort().join(' ');
      named.set(key, Math.max(named.get(key) ?? 0, units));
    }
  }
  if (named.size === 0) return unnamed;
  const total = [...named.values()].sort((a, b) => a - b).reduce((a, b) => a + b, 0);
  return Number.isNaN(unnamed) ? total : Math.max(total, unnamed);
}

function isUnspecified({ products, unspecified }: BloodOrder): boolean {
  return unspecified === true || products.length === 0;
}
