import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Bundle, FhirResource } from 'fhir/r4.js';
import { fillPrefetchTemplate, parsePrefetchTemplate, templatePath } from '../cds-hooks/prefetch-query.js';
import { ServiceError } from '../errors/service-error.js';
import { member, textMember } from './resource-json.js';

/** Which prefetch keys the EHR fills: all, none, or these. */
export type PrefetchChoice = 'full' | 'none' | readonly string[];

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
  const response = await jsonOf(answer);
  const hookMs = performance.now() - sent;
  return { request, status: answer.status, response, timing: { prefetchMs: sent - started, hookMs } };
}

/** The order-sign service of a discovery page. Throws ServiceError ERR_CONFIG where there is none. */
export async function discoverOrderSign(serviceUrl: string): Promise<DiscoveredService> {
  const answer = await fetch(`${serviceUrl.replace(/\/+$/, '')}/cds-services`);
  const services: unknown = member(await jsonOf(answer), 'services');
  const found: unknown = Array.isArray(services)
    ? services.find((service: unknown) => textMember(service, 'hook') === 'order-sign')
    : undefined;
  const id = textMember(found, 'id');
  if (id === undefined) throw new ServiceError('ERR_CONFIG', { detail: 'the CDS service offers no order-sign hook' });
  const prefetch = member(found, 'prefetch');
  const templates = typeof prefetch === 'object' && prefetch !== null ? Object.entries(prefetch) : [];
  return {
    id,
    prefetch: new Map(templates.filter((entry): entry is [string, string] => typeof entry[1] === 'string')),
  };
}

/** The body of the call, with the prefetch filled from the FHIR server. */
export async function buildHookCall(order: SignOrders, service: DiscoveredService): Promise<HookCall> {
  const { patientId, encounterId, accessToken, fhirBase, userId = 'Practitioner/sandbox-clinician' } = order;
  const choice = order.prefetch ?? 'full';
  const prefetch = choice === 'none' ? {} : await fillPrefetch(order, userId, service.prefetch, choice);
  const namesFhirServer = order.namesFhirServer ?? true;
  return {
    hook: 'order-sign',
    hookInstance: order.hookInstance ?? randomUUID(),
    ...(namesFhirServer && { fhirServer: fhirBase }),
    ...(namesFhirServer && accessToken !== undefined && { fhirAuthorization: authorization(order, accessToken) }),
    context: {
      userId,
      patientId,
      ...(encounterId !== undefined && { encounterId }),
      draftOrders: orderBundle(order.draftOrders),
    },
    ...(Object.keys(prefetch).length > 0 && { prefetch }),
  };
}

/**
 * Runs each chosen template, all at once. A read that finds nothing is null; a search is the Bundle as it came, `next` link and
 * all; a template that cannot be filled, or whose query fails, has no key.
 * @see requirements 21 and 24
 */
async function fillPrefetch(
  order: SignOrders,
  userId: string,
  templates: ReadonlyMap<string, string>,
  choice: 'full' | readonly string[],
): Promise<Record<string, unknown>> {
  const { patientId, encounterId, fhirBase, accessToken, signal } = order;
  const context = { userId, patientId, ...(encounterId !== undefined && { encounterId }) };
  const wanted = [...templates].filter(([key]) => choice === 'full' || choice.includes(key));
  const filled = await Promise.all(
    wanted.map(async ([key, text]): Promise<[string, unknown]> => {
      const { kind, ...rest } = fillPrefetchTemplate(parsePrefetchTemplate(text), context);
      if (kind === 'unresolved' || !('template' in rest)) return [key, undefined];
      const headers = {
        Accept: 'application/fhir+json',
        ...(accessToken !== undefined && { Authorization: `Bearer ${accessToken}` }),
      };
      try {
        const answer = await fetch(`${fhirBase}/${templatePath(rest.template)}`, {
          headers,
          ...(signal && { signal }),
        });
        if (answer.status === 200) return [key, await jsonOf(answer)];
        await answer.body?.cancel();
        return [
          key,
          rest.template.kind === 'read' && (answer.status === 404 || answer.status === 410) ? null : undefined,
        ];
      } catch (error) {
        if (signal?.aborted) throw error;
        return [key, undefined];
      }
    }),
  );
  return Object.fromEntries(filled.filter(([, value]) => value !== undefined));
}

function authorization(
  { scope = 'patient/*.rs', patientId }: SignOrders,
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

async function jsonOf(answer: Response): Promise<unknown> {
  const text = await answer.text();
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
