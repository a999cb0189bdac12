import type { Bundle } from 'fhir/r4.js';
import type { BloodOrder, BloodProduct } from '../record/patient-record.js';
import { classifyCoding, type BloodProductTable } from './blood-product-table.js';
import { readDraftBundle, type DraftOrder } from './draft-order.js';
import { textAt } from './loose-json.js';
import { namingOf, type OrderNaming } from './order-codings.js';
import { assertSubjectIsContextPatient } from './order-subject.js';
import { namesBloodProduct } from './order-text.js';
import { orderedUnitsOf } from './ordered-units.js';
import { BLOOD_PRODUCTS, type ProductClass } from './product-class.js';

/**
 * Which draft orders are for blood products. `authoredOn` holds theirs, as written. `textOnly` holds the references of
 * orders that only their words name as blood products: none of them counts, unless the policy is `fire`.
 */
export type ScreeningOutcome =
  | {
      readonly kind: 'blood';
      readonly orders: readonly BloodOrder[];
      readonly authoredOn: readonly string[];
      readonly textOnly: readonly string[];
    }
  | { readonly kind: 'not-blood'; readonly textOnly: readonly string[] };

const ENDED: ReadonlySet<string> = new Set([
  'entered-in-error',
  'revoked',
  'completed',
  'cancelled',
  'stopped',
  'ended',
]);

/**
 * Finds the blood product orders among the drafts being signed, by the code table.
 * Throws ERR_REQUEST_INVALID when an order names another patient than `patientId`.
 * @see requirement 78: an order for something else costs no FHIR call
 */
export function screenOrders(draftOrders: Bundle, patientId: string, table: BloodProductTable): ScreeningOutcome {
  const bundle = readDraftBundle(draftOrders);
  const orders: BloodOrder[] = [];
  const authoredOn: string[] = [];
  const textOnly: string[] = [];
  const accept = (order: DraftOrder, naming: Pick<BloodOrder, 'products' | 'unspecified' | 'matchedBy'>): void => {
    orders.push({ ...naming, ...quantityAndUrgency(order), reference: order.reference });
    const authored = textAt(order.resource, 'authoredOn');
    if (authored !== undefined) authoredOn.push(authored);
  };

  for (const order of bundle.orders) {
    assertSubjectIsContextPatient(order, bundle, patientId);
    if (!isBeingOrdered(order, table.policy.ignoredIntents)) continue;
    const verdict = judge(namingOf(order, bundle), table);
    if (verdict.kind === 'product') accept(order, productsOf(verdict.products));
    if (verdict.kind === 'text-only') {
      textOnly.push(order.reference);
      if (table.policy.textOnly === 'fire') accept(order, { products: [], unspecified: true, matchedBy: 'text' });
    }
  }
  return orders.length > 0 ? { kind: 'blood', orders, authoredOn, textOnly } : { kind: 'not-blood', textOnly };
}

type Verdict =
  | { readonly kind: 'product'; readonly products: readonly BloodProduct[] }
  | { readonly kind: 'text-only' }
  | { readonly kind: 'other' };

/** A named product beats all else; an exclusion or a test beats "some blood product"; any known code beats text. */
function judge({ codings, texts }: OrderNaming, table: BloodProductTable): Verdict {
  const classes = new Set<ProductClass>();
  for (const coding of codings) {
    const productClass = classifyCoding(table, coding);
    if (productClass) classes.add(productClass);
  }
  const products = BLOOD_PRODUCTS.filter((product) => classes.has(product));
  if (products.length > 0) return { kind: 'product', products };
  if (classes.has('excluded') || classes.has('not-a-product-order')) return { kind: 'other' };
  if (classes.has('unspecified')) return { kind: 'product', products: [] };
  return texts.some(namesBloodProduct) ? { kind: 'text-only' } : { kind: 'other' };
}

function productsOf(products: readonly BloodProduct[]): Pick<BloodOrder, 'products' | 'unspecified'> {
  return products.length > 0 ? { products } : { products, unspecified: true };
}

function isBeingOrdered({ resource }: DraftOrder, ignoredIntents: readonly string[]): boolean {
  const status = textAt(resource, 'status');
  const intent = textAt(resource, 'intent');
  if (resource['doNotPerform'] === true) return false;
  return !(status !== undefined && ENDED.has(status)) && !(intent !== undefined && ignoredIntents.includes(intent));
}

function quantityAndUrgency(order: DraftOrder): Pick<BloodOrder, 'orderedUnits' | 'urgency'> {
  const orderedUnits = orderedUnitsOf(order);
  const urgency = URGENCIES.find((known) => known === textAt(order.resource, 'priority'));
  return {
    ...(orderedUnits === undefined ? {} : { orderedUnits }),
    ...(urgency === undefined ? {} : { urgency }),
  };
}

const URGENCIES = ['routine', 'urgent', 'asap', 'stat'] as const;
