import type { ConfigOption } from './config-option.js';
import { asNumber, asUrls, boolean, milliseconds, URL_PATTERN } from './option-kinds.js';

/** How charts are read. */
export interface FhirConfig {
  /** FHIR bases that may be called, without a trailing slash. Empty: see docs/configuration.md. */
  readonly fhirAllowedBases: readonly string[];
  readonly openFhirServerAllowed: boolean;
  readonly deadlineMs: number;
  readonly perCallTimeoutMs: number;
  /** May FHIR servers on private networks be called? */
  readonly fhirPrivateNetworksAllowed: boolean;
  /** Are notes read that `meta.security` or `securityLabel` marks as restricted? */
  readonly restrictedNotesRead: boolean;
  /** Of all FHIR answers to one hook call together, decompressed. */
  readonly maxChartBytes: number;
  readonly maxChartResources: number;
  /** Calls to one FHIR base at a time. */
  readonly fhirConcurrencyPerBase: number;
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
  {
    key: 'fhirPrivateNetworksAllowed',
    variable: 'HEMOLENS_FHIR_PRIVATE_NETWORKS',
    ...boolean,
    fallback: { value: false },
    description:
      "Whether FHIR servers on private networks (10/8, 172.16/12, 192.168/16, 100.64/10, fc00::/7) and on loopback may be called. A hospital's FHIR server usually is on one. Link-local and cloud metadata addresses are never called. Without it, loopback is called only outside production and only where the URL itself says so.",
  },
  {
    key: 'restrictedNotesRead',
    variable: 'HEMOLENS_READ_RESTRICTED_NOTES',
    ...boolean,
    fallback: { value: false },
    description:
      'Whether notes are read that a security label marks as restricted (confidentiality R or V, 42 CFR Part 2 and other sensitivity codes). Otherwise they are left out and the card says how many.',
  },
  {
    key: 'maxChartBytes',
    variable: 'HEMOLENS_MAX_CHART_BYTES',
    read: asNumber,
    schema: { type: 'integer', minimum: 65_536, maximum: 1_073_741_824 },
    form: 'a whole number from 65536 to 1073741824',
    fallback: { value: 64 * 1024 * 1024 },
    description: 'Most that is read of a FHIR server for one hook call, in bytes after decompression.',
  },
  {
    key: 'maxChartResources',
    variable: 'HEMOLENS_MAX_CHART_RESOURCES',
    read: asNumber,
    schema: { type: 'integer', minimum: 100, maximum: 1_000_000 },
    form: 'a whole number from 100 to 1000000',
    fallback: { value: 20_000 },
    description: 'Most resources that are taken from a FHIR server for one hook call.',
  },
  {
    key: 'fhirConcurrencyPerBase',
    variable: 'HEMOLENS_FHIR_CONCURRENCY_PER_BASE',
    read: asNumber,
    schema: { type: 'integer', minimum: 1, maximum: 1_000 },
    form: 'a whole number from 1 to 1000',
    fallback: { value: 24 },
    description: 'Calls made to one FHIR base at a time; further ones wait for their turn, within the deadline.',
  },
];
