import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';

export interface FhirServerOptions {
  /** Bearer token; sent to the base's origin only, never printed. */
  readonly token?: string;
  /** PEM text of certificates to trust beside those the platform trusts. */
  readonly ca?: string;
  /** For one request, from its start to the last byte of the answer. Default 30,000. */
  readonly timeLimitMs?: number;
  /** Largest answer read, after decompression. Default 64 MB. */
  readonly maxBytes?: number;
  /** How often a request is sent at most, when the server is busy (429, 503) or the connection breaks. Default 5. */
  readonly attempts?: number;
  /** First wait between attempts where the server names none; doubles each time. Default 250. */
  readonly backoffMs?: number;
  /** A `Retry-After` longer than this is not waited for. Default 60,000. */
  readonly longestWaitMs?: number;
  readonly signal?: AbortSignal;
  /** Waits; handed in so that tests need not. */
  readonly wait?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

/** A FHIR server and how to talk to it. */
export interface FhirServerAccess extends Omit<FhirServerOptions, 'ca'> {
  /** Without a slash at the end. */
  readonly baseUrl: string;
  readonly timeLimitMs: number;
  readonly maxBytes: number;
  readonly attempts: number;
  readonly backoffMs: number;
  readonly longestWaitMs: number;
  readonly wait: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  /** Keeps connections open between requests. */
  readonly agent: HttpAgent | HttpsAgent;
}

export type ParsedFhirBase =
  | { readonly kind: 'base'; readonly url: string }
  /** `says` completes "--fhir ...". */
  | { readonly kind: 'unusable'; readonly says: string };

/** The FHIR base in a text: http or https, without query, without slashes or `/metadata` at the end. */
export function parseFhirBase(text: string): ParsedFhirBase {
  let url: URL;
  try {
    url = new URL(text.trim());
  } catch {
    return { kind: 'unusable', says: 'needs the address of a FHIR base, for example http://127.0.0.1:8080/fhir' };
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return { kind: 'unusable', says: 'needs an address that begins with http:// or https://' };
  if (url.username !== '' || url.password !== '')
    return { kind: 'unusable', says: 'must not hold a user name or password; use --token-file for a token' };
  const path = url.pathname
    .replace(/\/+$/, '')
    .replace(/\/metadata$/, '')
    .replace(/\/+$/, '');
  return { kind: 'base', url: `${url.origin}${path}` };
}

/** Access to the server at a base as `parseFhirBase` gives it. */
export function fhirServerAccess(baseUrl: string, options: FhirServerOptions = {}): FhirServerAccess {
  const { ca, ...rest } = options;
  const isTls = baseUrl.startsWith('https:');
  const keeping = { keepAlive: true, maxSockets: 16 };
  return {
    timeLimitMs: 30_000,
    maxBytes: 64_000_000,
    attempts: 5,
    backoffMs: 250,
    longestWaitMs: 60_000,
    wait: async (ms, signal) => {
      await delay(ms, undefined, signal === undefined ? {} : { signal });
    },
    ...rest,
    baseUrl: baseUrl.replace(/\/+$/, ''),
    agent: isTls ? new HttpsAgent({ ...keeping, ...trusting(ca) }) : new HttpAgent(keeping),
  };
}

/** One context for all connections: reading the platform's certificates takes longer than a handshake. */
function trusting(ca: string | undefined): { secureContext?: SecureContext } {
  return ca === undefined ? {} : { secureContext: createSecureContext({ ca: [...rootCertificates, ca] }) };
}
