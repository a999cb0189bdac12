import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Bundle, FhirResource } from 'fhir/r4.js';
import { ServiceError } from '../errors/service-error.js';
import { fillPrefetch, jsonOf, type PrefetchChoice, type PrefetchQuery } from './fill-prefetch.js';
import { member, textMember } from './resource-json.js';

export type { PrefetchChoice } from './fill-prefetch.js';

export interface SignOrders {
  /** Base of the CDS service, without `/cds-services`. */
  readonly serviceUrl: string;
  /** The EHR's FHIR base; prefetch is read from it. */
  readonly fhirBase: string;
  readonly patientId: string;
  readonly draftOrders: readonly FhirResource[] | Bundle;
  /** Default `Practitioner/sandbox-clinician`. */
  readonly userId?: string;
  readonly encounterId?: string;
  /** Default `full`. */
  readonly prefetch?: PrefetchChoice;
  /** Is the FHIR server told to the service? Default true. */
  readonly namesFhirServer?: boolean;
  /** Given to the service for its own queries, and used for prefetch. */
  readonly accessToken?: string;
  /** Scope of the token; default `patient/*.rs`. */
  readonly scope?: string;
  readonly hookInstance?: string;
  /** Default: the first service of the discovery page with hook order-sign. */
  readonly service?: DiscoveredService;
  readonly signal?: AbortSignal;
}

/** What the discovery page says of one service. */
export interface DiscoveredService {
  readonly id: string;
  readonly prefetch: ReadonlyMap<string, string>;
}

/** A hook call and what came of it. */
export interface SignedOrders {
  readonly request: HookCall;
  readonly status: number;
  /** Parsed JSON; undefined where the body was none. */
  readonly response: unknown;
  readonly timing: { readonly prefetchMs: number; readonly hookMs: number };
}

/** Body of an order-sign call. @see requirement 16 */
export interface HookCall {
  readonly hook: 'order-sign';
  readonly hookInstance: string;
  readonly fhirServer?: string;
  readonly fhirAuthorization?: Readonly<Record<string, string | number>>;
  readonly context: {
    readonly userId: string;
    readonly patientId: string;
    readonly encounterId?: string;
    readonly draftOrders: Bundle;
  };
  readonly prefetch?: Readonly<Record<string, unknown>>;
}

const TOKEN_LIFETIME_S = 300;

/**
 * Signs orders as an EHR would: fills the prefetch, calls the service over HTTP, and returns what was sent and answered. A status that is
 * not 200 is returned, not thrown. Throws ServiceError ERR_CONFIG where the service offers no order-sign hook.
 */
export async function signOrders(order: SignOrders): Promise<SignedOrders> {
  const service = order.service ?? (await discoverOrderSign(order.serviceUrl));
  const started = performance.now();
  const request = await buildHookCall(order, service);
  const sent = performance.now();
  const answer = await fetch(`${order.serviceUrl.replace(/\/+$/, '')}/cds-services/${service.id}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify(request),
    ...(order.signal && { signal: order.signal }),
  });
  const response = jsonOf(await answer.text());
  const hookMs = performance.now() - sent;
  return { request, status: answer.status, response, timing: { prefetchMs: sent - started, hookMs } };
}

/** The order-sign service of a discovery page. Throws ServiceError ERR_CONFIG where there is none. */
export async function discoverOrderSign(serviceUrl: string): Promise<DiscoveredService> {
  const answer = await fetch(`${serviceUrl.replace(/\/+$/, '')}/cds-services`);
  const services: unknown = member(jsonOf(await answer.text()), 'services');
  const found: unknown = Array.isArray(services)
    ? services.find((service: unknown) => textMember(service, 'hook') === 'order-sign')
    : undefined;
  const service = discoveredService(found);
  if (!service) throw new ServiceError('ERR_CONFIG', { detail: 'the CDS service offers no order-sign hook' });
  return service;
}

/** What an EHR needs of one entry of a discovery page; undefined for an entry without an id. */
export function discoveredService(entry: unknown): DiscoveredService | undefined {
  const id = textMember(entry, 'id');
  if (id === undefined) return undefined;
  const prefetch = member(entry, 'prefetch');
  const templates = typeof prefetch === 'object' && prefetch !== null ? Object.entries(prefetch) : [];
  return {
    id,
    prefetch: new Map(templates.filter((template): template is [string, string] => typeof template[1] === 'string')),
  };
}

/** A call that is ready to be sent, and what the FHIR server was asked for it. */
export interface PreparedHookCall {
  readonly request: HookCall;
  readonly queries: readonly PrefetchQuery[];
}

/** The body of the call, with the prefetch filled from the FHIR server. */
export async function prepareHookCall(
  order: Omit<SignOrders, 'serviceUrl' | 'service'>,
  service: DiscoveredService,
): Promise<PreparedHookCall> {
  const { patientId, encounterId, accessToken, fhirBase, signal, userId = 'Practitioner/sandbox-clinician' } = order;
  const context = { userId, patientId, ...(encounterId !== undefined && { encounterId }) };
  const { prefetch, queries } = await fillPrefetch(
    { fhirBase, context, ...(accessToken !== undefined && { accessToken }), ...(signal && { signal }) },
    service.prefetch,
    order.prefetch ?? 'full',
  );
  const namesFhirServer = order.namesFhirServer ?? true;
  const request: HookCall = {
    hook: 'order-sign',
    hookInstance: order.hookInstance ?? randomUUID(),
    ...(namesFhirServer && { fhirServer: fhirBase }),
    ...(namesFhirServer && accessToken !== undefined && { fhirAuthorization: authorization(order, accessToken) }),
    context: { ...context, draftOrders: orderBundle(order.draftOrders) },
    ...(Object.keys(prefetch).length > 0 && { prefetch }),
  };
  return { request, queries };
}

/** The body of the call alone. */
export async function buildHookCall(order: SignOrders, service: DiscoveredService): Promise<HookCall> {
  return (await prepareHookCall(order, service)).request;
}

function authorization(
  { scope = 'patient/*.rs', patientId }: Pick<SignOrders, 'scope' | 'patientId'>,
  accessToken: string,
): Record<string, string | number> {
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: TOKEN_LIFETIME_S,
    scope,
    subject: 'hemolens',
    patient: patientId,
  };
}

function orderBundle(orders: readonly FhirResource[] | Bundle): Bundle {
  if ('resourceType' in orders) return orders;
  return { resourceType: 'Bundle', type: 'collection', entry: orders.map((resource) => ({ resource })) };
}
