import { performance } from 'node:perf_hooks';
import { jsonOf } from '../../sandbox/fill-prefetch.js';
import { fhirServerAccess, type FhirServerAccess } from '../fhir-server/fhir-server-access.js';
import { exchange } from '../fhir-server/http-exchange.js';
import { isHtml, oneLine, pageTitle } from '../fhir-server/outcome-words.js';
import { whatToDo, type ServerProblem } from '../fhir-server/server-problem.js';
import type { ClientSigner } from './client-signer.js';

export interface CdsConnectionOptions {
  readonly signer?: ClientSigner;
  /** For one call. Default 30,000. */
  readonly timeLimitMs?: number;
  /** PEM text of certificates to trust beside those the platform trusts. */
  readonly ca?: string;
  readonly signal?: AbortSignal;
}

/** A CDS service and how to call it; one token a call where there is a signer. */
export interface CdsConnection {
  /** Without `/cds-services` and without a slash at the end. */
  readonly baseUrl: string;
  /** The service to call where the address named one. */
  readonly serviceId?: string;
  readonly signer?: ClientSigner;
  readonly access: FhirServerAccess;
}

/** An answer of a CDS service, whatever its status. */
export interface CdsAnswer {
  readonly kind: 'answer';
  readonly url: string;
  readonly status: number;
  readonly contentType?: string;
  /** Parsed JSON; undefined where the body is none. */
  readonly response: unknown;
  /** Title of the page where the body is HTML; empty where it has none. */
  readonly htmlTitle?: string;
  readonly retryAfter?: string;
  /** Of the body as it was sent, and as it was read. */
  readonly bytes: { readonly sent: number; readonly received: number };
  /** From the request to the last byte of the answer, in ms. */
  readonly durationMs: number;
}

/** Why there is no answer. `says`: what was found and what to do. */
export interface NoAnswer {
  readonly kind: 'no-answer';
  readonly problem: ServerProblem['kind'];
  readonly says: string;
}

export type ParsedService =
  | { readonly kind: 'service'; readonly baseUrl: string; readonly serviceId?: string }
  /** `says` completes "--service ...". */
  | { readonly kind: 'unusable'; readonly says: string };

/** Base and, where it is named, id of a CDS service in an address: `https://host/base`, `…/cds-services` or `…/cds-services/id`. */
export function parseServiceUrl(text: string): ParsedService {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    return { kind: 'unusable', says: 'needs the address of a CDS service, for example http://127.0.0.1:3000' };
  if (url.username !== '' || url.password !== '')
    return { kind: 'unusable', says: 'must not hold a user name or password' };
  const [, base = '', id] = /^(.*?)(?:\/cds-services(?:\/([^/]+))?)?\/*$/.exec(url.pathname) ?? [];
  return {
    kind: 'service',
    baseUrl: `${url.origin}${base.replace(/\/+$/, '')}`,
    ...(id === undefined ? {} : { serviceId: decodeURIComponent(id) }),
  };
}

export function cdsConnection(
  { baseUrl, serviceId }: Omit<Extract<ParsedService, { kind: 'service' }>, 'kind'>,
  { signer, ...options }: CdsConnectionOptions = {},
): CdsConnection {
  return {
    baseUrl,
    access: fhirServerAccess(baseUrl, { attempts: 1, ...options }),
    ...(serviceId === undefined ? {} : { serviceId }),
    ...(signer && { signer }),
  };
}

/** Asks for the discovery page. Throws only the abort reason of the connection's signal. */
export function getDiscovery(connection: CdsConnection): Promise<CdsAnswer | NoAnswer> {
  return send(connection, 'GET', `${connection.baseUrl}/cds-services`);
}

/** Address of a service's hook calls. */
export function serviceUrl({ baseUrl }: CdsConnection, serviceId: string): string {
  return `${baseUrl}/cds-services/${encodeURIComponent(serviceId)}`;
}

/** Sends one hook call. Throws only the abort reason of the connection's signal. */
export function callService(
  connection: CdsConnection,
  serviceId: string,
  request: unknown,
): Promise<CdsAnswer | NoAnswer> {
  return send(connection, 'POST', serviceUrl(connection, serviceId), JSON.stringify(request));
}

async function send(
  { access, signer }: CdsConnection,
  method: 'GET' | 'POST',
  url: string,
  body?: string,
): Promise<CdsAnswer | NoAnswer> {
  const token = await signer?.sign(url);
  const started = performance.now();
  const answer = await exchange(access, {
    method,
    url,
    headers: {
      Accept: 'application/json',
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    },
    ...(body !== undefined && { body }),
  });
  const durationMs = performance.now() - started;
  if (answer.kind !== 'http-answer')
    return { kind: 'no-answer', problem: answer.kind, says: `The CDS service at ${url}: ${whatToDo(answer)}` };
  const { status, headers, text } = answer;
  const contentType = headers['content-type'];
  const retryAfter = headers['retry-after'];
  return {
    kind: 'answer',
    url,
    status,
    response: jsonOf(text),
    bytes: { sent: Buffer.byteLength(body ?? ''), received: Buffer.byteLength(text) },
    durationMs,
    ...(isHtml(text) && { htmlTitle: pageTitle(text) ?? '' }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(retryAfter === undefined ? {} : { retryAfter: oneLine(retryAfter) }),
  };
}
