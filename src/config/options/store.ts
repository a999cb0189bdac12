import type { ConfigOption } from './config-option.js';
import { asNumber } from './option-kinds.js';

/** Where assessments are kept. */
export interface StoreConfig {
  readonly storeCapacity: number;
}

export const STORE_OPTIONS: readonly ConfigOption[] = [
  {
    key: 'storeCapacity',
    variable: 'HEMOLENS_STORE_CAPACITY',
    read: asNumber,
    schema: { type: 'integer', minimum: 1, maximum: 100_000 },
    form: 'a whole number from 1 to 100000',
    fallback: { value: 200 },
    description: 'How many assessments the development store keeps in memory.',
  },
];
