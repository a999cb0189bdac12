import type { Rule } from '../rule.js';
import { CALLING_RULES } from './calling.js';
import { CARD_RULES } from './card.js';
import { CORS_RULES } from './cors.js';
import { DISCOVERY_RULES } from './discovery.js';
import { EXTENSION_RULES } from './extensions.js';
import { FEEDBACK_RULES } from './feedback.js';
import { FHIR_ACCESS_RULES } from './fhir-access.js';
import { LINK_RULES } from './link.js';
import { PREFETCH_RULES } from './prefetch.js';
import { RESPONSE_RULES } from './response.js';
import { SECURITY_RULES } from './security.js';
import { SUGGESTION_RULES } from './suggestion.js';
import { TRANSPORT_RULES } from './transport-and-json.js';

/** Every rule, in the order of a report. */
export const ALL_RULES: readonly Rule[] = [
  ...TRANSPORT_RULES,
  ...DISCOVERY_RULES,
  ...CALLING_RULES,
  ...PREFETCH_RULES,
  ...FHIR_ACCESS_RULES,
  ...RESPONSE_RULES,
  ...CARD_RULES,
  ...SUGGESTION_RULES,
  ...LINK_RULES,
  ...FEEDBACK_RULES,
  ...SECURITY_RULES,
  ...CORS_RULES,
  ...EXTENSION_RULES,
];
