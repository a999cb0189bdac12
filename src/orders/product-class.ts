import type { BloodProduct } from '../record/patient-record.js';

/**
 * What a code of an order means to the screening.
 * unspecified: some blood product. excluded: a derivative or exchange transfusion, outside the model's exposure.
 * not-a-product-order: a test, or the record of something done.
 */
export type ProductClass = BloodProduct | 'unspecified' | 'excluded' | 'not-a-product-order';

/** Products in the order they are named in. */
export const BLOOD_PRODUCTS: readonly BloodProduct[] = [
  'rbc',
  'platelets',
  'plasma',
  'cryo',
  'whole-blood',
  'granulocytes',
];

export const PRODUCT_CLASSES: readonly ProductClass[] = [
  ...BLOOD_PRODUCTS,
  'unspecified',
  'excluded',
  'not-a-product-order',
];
