import type { ConfigOption } from './options/config-option.js';
import { CLIENTS_OPTIONS } from './options/clients.js';
import { DISPLAY_OPTIONS } from './options/display.js';
import { FHIR_OPTIONS } from './options/fhir.js';
import { LIMITS_OPTIONS } from './options/limits.js';
import { LOGGING_OPTIONS } from './options/logging.js';
import { MODEL_OPTIONS } from './options/model.js';
import { MONITORING_OPTIONS } from './options/monitoring.js';
import { NETWORK_OPTIONS } from './options/network.js';
import { STORE_OPTIONS } from './options/store.js';

export type { ConfigOption } from './options/config-option.js';

/** The only list of options: parsing, checking, defaults and docs/configuration.md all come from it. */
export const CONFIG_OPTIONS: readonly ConfigOption[] = [
  ...NETWORK_OPTIONS,
  ...LIMITS_OPTIONS,
  ...CLIENTS_OPTIONS,
  ...FHIR_OPTIONS,
  ...MODEL_OPTIONS,
  ...DISPLAY_OPTIONS,
  ...STORE_OPTIONS,
  ...LOGGING_OPTIONS,
  ...MONITORING_OPTIONS,
];
