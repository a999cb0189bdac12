import type { Config } from './config.js';

/** One option: its environment variable, how its text is read, what it may be, and what it is when not set. */
export interface ConfigOption {
  readonly key: keyof Config;
  readonly variable: string;
  readonly read: (text: string) => unknown;
  readonly schema: Readonly<Record<string, unknown>>;
  /** Completes "HEMOLENS_X must be …". */
  readonly form: string;
  /** undefined: no value when not set. */
  readonly fallback?: { readonly value: unknown; readonly inProduction?: unknown };
  readonly description: string;
}

// What does not read as its kind stays text, and the schema refuses it.
const asText = (text: string): unknown => text;
const asNumber = (text: string): unknown => (/^\d+$/.test(text) ? Number(text) : text);
const asBoolean = (text: string): unknown => (text === 'true' ? true : text === 'false' ? false : text);
const asUrl = (text: string): unknown => text.replace(/\/+$/, '');
const asUrls = (text: string): unknown => text.split(',').map((item) => item.trim().replace(/\/+$/, ''));

const boolean = { read: asBoolean, schema: { type: 'boolean' }, form: 'true or false' };
const milliseconds = {
  read: asNumber,
  schema: { type: 'integer', minimum: 1, maximum: 60_000 },
  form: 'a whole number from 1 to 60000',
};
const URL_PATTERN = '^https?://[^\\s/?#@]+(/[^\\s?#]*[^\\s?#/])?$';
const ORIGIN_PATTERN = '^https?://[^\\s/?#@*]+$';

function oneOf(values: readonly string[]): Pick<ConfigOption, 'read' | 'schema' | 'form'> {
  return { read: asText, schema: { enum: values }, form: `one of ${values.join(', ')}` };
}

/** The only list of options: parsing, checking, defaults and docs/configuration.md all come from it. */
export const CONFIG_OPTIONS: readonly ConfigOption[] = [
  {
    key: 'mode',
    variable: 'HEMOLENS_MODE',
    ...oneOf(['development', 'sandbox', 'production']),
    fallback: { value: 'development' },
    description:
      'How the service is meant to run. `sandbox` allows the embedded FHIR server and a replay clock. `production` calls listed FHIR servers only and does not check its own responses at run time.',
  },
  {
    key: 'host',
    variable: 'HEMOLENS_HOST',
    read: asText,
    schema: { type: 'string', pattern: '^[A-Za-z0-9.:-]+$' },
    form: 'a host name or address',
    fallback: { value: '127.0.0.1' },
    description: 'Address to listen on. Anything but a loopback address needs `HEMOLENS_ALLOW_OPEN_NETWORK=true`.',
  },
  {
    key: 'port',
    variable: 'HEMOLENS_PORT',
    read: asNumber,
    schema: { type: 'integer', minimum: 0, maximum: 65_535 },
    form: 'a port number, 0 for any free port',
    fallback: { value: 3000 },
    description: 'Port to listen on; 0 takes any free port.',
  },
  {
    key: 'allowOpenNetwork',
    variable: 'HEMOLENS_ALLOW_OPEN_NETWORK',
    ...boolean,
    fallback: { value: false },
    description:
      'Allows listening on an address that other machines can reach, although clients are not authenticated yet.',
  },
  {
    key: 'publicBaseUrl',
    variable: 'HEMOLENS_PUBLIC_BASE_URL',
    read: asUrl,
    schema: { type: 'string', pattern: URL_PATTERN },
    form: 'an absolute http or https URL without query',
    description: 'Address under which clients see the service, where a proxy stands before it.',
  },
  {
    key: 'corsOrigins',
    variable: 'HEMOLENS_CORS_ORIGINS',
    read: asUrls,
    schema: { type: 'array', uniqueItems: true, items: { type: 'string', pattern: ORIGIN_PATTERN } },
    form: 'origins such as https://ehr.example.org, separated by commas, without a wildcard',
    fallback: { value: [] },
    description: 'Web origins whose pages may call the service, separated by commas.',
  },
  {
    key: 'maxBodyBytes',
    variable: 'HEMOLENS_MAX_BODY_BYTES',
    read: asNumber,
    schema: { type: 'integer', minimum: 1024, maximum: 268_435_456 },
    form: 'a whole number from 1024 to 268435456',
    fallback: { value: 20 * 1024 * 1024 },
    description: 'Largest request body, after decompression.',
  },
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
    key: 'modelBundleDir',
    variable: 'HEMOLENS_MODEL_BUNDLE_DIR',
    read: asText,
    schema: { type: 'string', minLength: 1 },
    form: 'a folder',
    fallback: { value: 'models/transfusion-open' },
    description:
      'Folder of the model bundle; a relative one is found from the working directory, then from the project.',
  },
  {
    key: 'noteEncodersDir',
    variable: 'HEMOLENS_NOTE_ENCODERS_DIR',
    read: asText,
    schema: { type: 'string', minLength: 1 },
    form: 'a folder',
    description: "Folder of the note encoders, one folder each. Not set: `encoders` beside the model bundle's folder.",
  },
  {
    key: 'noteEncodingMs',
    variable: 'HEMOLENS_NOTE_ENCODING_MS',
    ...milliseconds,
    fallback: { value: 200 },
    description:
      'How long reading of clinical notes may hold up a card, in milliseconds. Notes that are not read by then are left out, the card says so, and the next card of the patient finds them read.',
  },
  {
    key: 'noteEncoderThreads',
    variable: 'HEMOLENS_NOTE_ENCODER_THREADS',
    read: asNumber,
    schema: { type: 'integer', minimum: 1, maximum: 64 },
    form: 'a whole number from 1 to 64',
    fallback: { value: 1 },
    description: 'Threads that read clinical notes.',
  },
  {
    key: 'ordersOverlayPath',
    variable: 'HEMOLENS_ORDERS_OVERLAY_PATH',
    read: asText,
    schema: { type: 'string', minLength: 1 },
    form: 'a file',
    description: "A site's own order codes, beside the table of blood products that is shipped.",
  },
  {
    key: 'textMatchPolicy',
    variable: 'HEMOLENS_TEXT_MATCH_POLICY',
    ...oneOf(['ignore', 'report', 'fire']),
    description:
      'What an order does that only its text says is a blood product: nothing, a card saying that its code is unknown, or the same as a coded order. Not set: what the overlay says, else `report`.',
  },
  {
    key: 'criticalAllowed',
    variable: 'HEMOLENS_CRITICAL_ALLOWED',
    ...boolean,
    fallback: { value: false },
    description: 'Whether the highest tier is shown with the indicator `critical` instead of `warning`.',
  },
  {
    key: 'silentBelowTier',
    variable: 'HEMOLENS_SILENT_BELOW_TIER',
    ...oneOf(['low', 'moderate', 'high', 'very-high']),
    description: 'Lowest tier that gets a card. Not set: every tier does.',
  },
  {
    key: 'showNotScored',
    variable: 'HEMOLENS_SHOW_NOT_SCORED',
    ...boolean,
    fallback: { value: true },
    description: 'Whether an order that is not scored (under 18, too little data) gets a card that says why.',
  },
  {
    key: 'storeCapacity',
    variable: 'HEMOLENS_STORE_CAPACITY',
    read: asNumber,
    schema: { type: 'integer', minimum: 1, maximum: 100_000 },
    form: 'a whole number from 1 to 100000',
    fallback: { value: 200 },
    description: 'How many assessments the development store keeps in memory.',
  },
  {
    key: 'logLevel',
    variable: 'HEMOLENS_LOG_LEVEL',
    ...oneOf(['silent', 'error', 'warn', 'info', 'debug']),
    fallback: { value: 'info' },
    description: 'Least serious level that is logged (JSON lines on standard error).',
  },
];
