import type { ConfigOption } from './config-option.js';
import { asUrls, boolean, milliseconds, URL_PATTERN } from './option-kinds.js';

/** How charts are read. */
export interface FhirConfig {
  /** FHIR bases that may be called, without a trailing slash. Empty: see docs/configuration.md. */
  readonly fhirAllowedBases: readonly string[];
  readonly openFhirServerAllowed: boolean;
  readonly deadlineMs: number;
  readonly perCallTimeoutMs: number;
}

export const FHIR_OPTIONS: readonly ConfigOption[] = [
  {
    key: 'fhirAllowedBases',
    variable: 'HEMOLENS_FHIR_ALLOWED_BASES',
    read: asUrls,
    schema: { type: 'array', uniqueItems: true, items: { type: 'string', pattern: URL_PATTERN } },
    form: 'absolute http or https URLs without query, separated by commas',
    fallback: { value: [] },
    description:
      'FHIR base URLs the service may call, separated by commas. When empty: any loopback address in development and sandbox mode, none in production.',
  },
  {
    key: 'openFhirServerAllowed',
    variable: 'HEMOLENS_OPEN_FHIR_SERVER_ALLOWED',
    ...boolean,
    fallback: { value: true, inProduction: false },
    description:
      'Whether a FHIR server may be called without a token, when the request gives `fhirServer` and no `fhirAuthorization`.',
  },
  {
    key: 'deadlineMs',
    variable: 'HEMOLENS_DEADLINE_MS',
    ...milliseconds,
    fallback: { value: 1500 },
    description: 'Time for all FHIR calls of one hook call together, in milliseconds.',
  },
  {
    key: 'perCallTimeoutMs',
    variable: 'HEMOLENS_PER_CALL_TIMEOUT_MS',
    ...milliseconds,
    fallback: { value: 1200 },
    description: 'Time for one FHIR call, in milliseconds; at most the deadline.',
  },
];
