import type { ConfigOption } from './config-option.js';
import {
  asText,
  asNumber,
  asUrl,
  asUrls,
  asList,
  boolean,
  NETWORK_PATTERN,
  URL_PATTERN,
  ORIGIN_PATTERN,
  oneOf,
} from './option-kinds.js';

export type Mode = 'development' | 'sandbox' | 'production';

/** Where the service listens and what it takes in. */
export interface NetworkConfig {
  readonly mode: Mode;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly allowOpenNetwork: boolean;
  /** Without a trailing slash. */
  readonly publicBaseUrl?: string;
  /** Each an origin: `https://ehr.example.org`. */
  readonly corsOrigins: readonly string[];
  readonly maxBodyBytes: number;
  /** PEM. With both the service speaks HTTPS only. */
  readonly tlsCertFile?: string;
  readonly tlsKeyFile?: string;
  /** PEM. With it a client must show a certificate of one of these authorities. */
  readonly tlsClientCaFile?: string;
  /** Addresses and networks (`10.1.0.0/16`) whose `X-Forwarded-*` headers are believed. */
  readonly trustedProxies: readonly string[];
}

const file = { read: asText, schema: { type: 'string', minLength: 1 }, form: 'a file' };

export const NETWORK_OPTIONS: readonly ConfigOption[] = [
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
    description:
      'Address to listen on. On anything but a loopback address clients are authenticated, which needs `HEMOLENS_PUBLIC_BASE_URL`.',
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
      'Opens the service to other machines without authentication of clients: whoever reaches it may call it. For trying in a closed network.',
  },
  {
    key: 'publicBaseUrl',
    variable: 'HEMOLENS_PUBLIC_BASE_URL',
    read: asUrl,
    schema: { type: 'string', pattern: URL_PATTERN },
    form: 'an absolute http or https URL without query',
    description:
      'Address under which clients call the service; `aud` of their tokens begins with it. Not set: the address listened on, where that is loopback.',
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
    key: 'tlsCertFile',
    variable: 'HEMOLENS_TLS_CERT_FILE',
    ...file,
    description:
      'Certificate chain (PEM) to speak HTTPS with, TLS 1.2 or later. Read again on SIGHUP; a pair that does not fit is not taken over.',
  },
  {
    key: 'tlsKeyFile',
    variable: 'HEMOLENS_TLS_KEY_FILE',
    ...file,
    description: 'Private key (PEM) of the certificate.',
  },
  {
    key: 'tlsClientCaFile',
    variable: 'HEMOLENS_TLS_CLIENT_CA_FILE',
    ...file,
    description:
      'Certificate authorities (PEM) of clients. When set, a connection without a certificate of one of them is refused (mutual TLS), beside the authentication of calls.',
  },
  {
    key: 'trustedProxies',
    variable: 'HEMOLENS_TRUSTED_PROXIES',
    read: asList,
    schema: { type: 'array', uniqueItems: true, items: { type: 'string', pattern: NETWORK_PATTERN } },
    form: 'IP addresses or networks such as 10.1.0.0/16, separated by commas',
    fallback: { value: [] },
    description:
      'Proxies whose `X-Forwarded-For`, `-Proto` and `-Host` are believed, separated by commas. From anyone else these headers are ignored.',
  },
];
