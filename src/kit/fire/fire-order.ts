import { performance } from 'node:perf_hooks';
import type { OrderCoding } from '../../orders/blood-product-table.js';
import { prepareHookCall, type HookCall } from '../../sandbox/ehr-client.js';
import type { PrefetchQuery } from '../../sandbox/fill-prefetch.js';
import type { FhirServerAccess } from '../fhir-server/fhir-server-access.js';
import { oneLine } from '../fhir-server/outcome-words.js';
import { draftBloodOrder, type FiredProduct, type OrderType } from './blood-order.js';
import { callService, type CdsAnswer, type CdsConnection, type NoAnswer } from './cds-connection.js';
import { findEncounter, findPatient } from './chart-of-order.js';
import { findOrderSign, type FoundService, type NoService } from './find-service.js';
import { chosenKeys, type FirePrefetch } from './prefetch-keys.js';

export interface OrderToFire {
  readonly connection: CdsConnection;
  /** The EHR's FHIR server; its token is for prefetch and is handed to the service. */
  readonly fhir: FhirServerAccess;
  readonly patientId: string;
  readonly product: FiredProduct;
  /** Default `full`. */
  readonly prefetch?: FirePrefetch;
  /** Default: the patient's encounter in progress, if there is one. */
  readonly encounterId?: string;
  readonly userId: string;
  readonly units?: number;
  readonly orderCode?: OrderCoding;
  readonly orderType?: OrderType;
  /** Scope said of the token; default `patient/*.rs`. */
  readonly scope?: string;
  /** Is the FHIR server told to the service? Default true. */
  readonly namesFhirServer?: boolean;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
}

/** A request that is ready to be sent. */
export interface PreparedOrder {
  readonly kind: 'prepared';
  readonly service: FoundService;
  readonly request: HookCall;
  readonly prefetch: FirePrefetch;
  readonly queries: readonly PrefetchQuery[];
  /** All queries together, in ms. */
  readonly prefetchMs: number;
  readonly coding: OrderCoding;
  /** How the encounter was found. */
  readonly encounterSays: string;
  /** What the tester should know, in sentences. */
  readonly notes: readonly string[];
}

/** Nothing was sent. `says`: what was found and what to do. */
export interface NotFired {
  readonly kind: 'not-fired';
  readonly reason:
    `service-${NoService['reason']}` | 'unknown-key' | 'patient-missing' | 'fhir-unreadable' | 'prefetch-failed';
  readonly says: string;
}

/** An exchange with the service. */
export interface FiredOrder {
  readonly kind: 'fired';
  readonly prepared: PreparedOrder;
  /** When the request was sent, in ms since the epoch. */
  readonly sentMs: number;
  readonly answer: CdsAnswer;
}

/**
 * Builds an order-sign request as an EHR would: discovery, the encounter, a draft order, and the prefetch from the FHIR server.
 * A query that fails leaves its key out and a note; where all fail nothing is prepared, for an empty prefetch would look like
 * a choice. Throws only the abort reason of a signal.
 */
export async function prepareOrder(order: OrderToFire): Promise<PreparedOrder | NotFired> {
  const { connection, fhir, patientId, prefetch = 'full', clock = Date.now } = order;
  const service = await findOrderSign(connection);
  if (service.kind === 'no-service')
    return { kind: 'not-fired', reason: `service-${service.reason}`, says: service.says };
  const keys = chosenKeys(prefetch, [...service.prefetch.keys()]);
  if (keys.kind === 'unknown') return { kind: 'not-fired', reason: 'unknown-key', says: keys.says };

  const notes: string[] = [];
  if (service.others.length > 0)
    notes.push(
      `More order-sign services are there: ${service.others.map(oneLine).join(', ')}. Name one with --service .../cds-services/ID.`,
    );
  const patient = await findPatient(fhir, patientId);
  if (patient.kind !== 'found') {
    // Without prefetch the service may still reach what this machine cannot: what it says of it is worth seeing.
    if (keys.keys.length > 0) return chartMissing(patient.kind, patient.says, prefetch);
    notes.push(patient.says);
  }
  const encounter =
    order.encounterId !== undefined
      ? { encounterId: order.encounterId, says: `${order.encounterId}, as given` }
      : patient.kind === 'found'
        ? await findEncounter(fhir, patientId)
        : { says: 'none: the FHIR server could not be asked' };

  const draft = draftBloodOrder({
    ...order,
    authoredMs: clock(),
    ...(encounter.encounterId !== undefined && { encounterId: encounter.encounterId }),
  });
  if (draft.doubt !== undefined) notes.push(`The order code: ${draft.doubt}.`);
  const started = performance.now();
  const { request, queries } = await prepareHookCall(
    {
      fhirBase: fhir.baseUrl,
      patientId,
      userId: order.userId,
      draftOrders: [draft.order],
      prefetch: keys.keys,
      namesFhirServer: order.namesFhirServer ?? true,
      ...(encounter.encounterId !== undefined && { encounterId: encounter.encounterId }),
      ...(fhir.token !== undefined && { accessToken: fhir.token }),
      ...(order.scope !== undefined && { scope: order.scope }),
      ...(fhir.signal && { signal: fhir.signal }),
    },
    service,
  );
  const prefetchMs = performance.now() - started;
  const failed = failures(queries, keys.keys);
  if (failed.areAll) return { kind: 'not-fired', reason: 'prefetch-failed', says: failed.says };
  if (failed.says !== '') notes.push(failed.says);
  return {
    kind: 'prepared',
    service,
    request,
    prefetch,
    queries,
    prefetchMs,
    coding: draft.coding,
    encounterSays: encounter.says,
    notes,
  };
}

/** Sends a prepared request. A status that is not 200 is an answer. Throws only the abort reason of the connection's signal. */
export async function fireOrder(
  prepared: PreparedOrder,
  { connection, clock = Date.now }: Pick<OrderToFire, 'connection' | 'clock'>,
): Promise<FiredOrder | NoAnswer> {
  const sentMs = clock();
  const answer = await callService(connection, prepared.service.id, prepared.request);
  return answer.kind === 'no-answer' ? answer : { kind: 'fired', prepared, sentMs, answer };
}

function chartMissing(kind: 'missing' | 'unreadable', says: string, prefetch: FirePrefetch): NotFired {
  const asked = typeof prefetch === 'string' ? prefetch : prefetch.join(',');
  return {
    kind: 'not-fired',
    reason: kind === 'missing' ? 'patient-missing' : 'fhir-unreadable',
    says: `--prefetch ${asked} is not possible, and nothing was sent. ${says} (--prefetch none sends the request without asking the FHIR server.)`,
  };
}

function failures(
  queries: readonly PrefetchQuery[],
  keys: readonly string[],
): { readonly areAll: boolean; readonly says: string } {
  const failed = queries.filter(({ state }) => state === 'failed');
  const unresolved = queries.filter(({ state }) => state === 'unresolved');
  if (failed.length + unresolved.length === 0) return { areAll: false, says: '' };
  const areAll = failed.length + unresolved.length === keys.length;
  const words = [...failed, ...unresolved].map(
    ({ key, status, reason }) => `${key} (${reason === undefined ? `HTTP ${status ?? 0}` : oneLine(reason)})`,
  );
  return {
    areAll,
    says: areAll
      ? `Not one key of the prefetch could be filled, so nothing was sent: ${words.join(', ')}. Does the FHIR server support these searches for this client?`
      : `These keys were left out, as an EHR leaves out what it cannot get: ${words.join(', ')}.`,
  };
}
