import { isObject, objectsAt, textAt, type LooseObject } from './loose-json.js';

export type OrderType = 'ServiceRequest' | 'MedicationRequest';

/** One order of `context.draftOrders`, as the client sent it. */
export interface DraftOrder {
  readonly type: OrderType;
  readonly resource: LooseObject;
  /** FHIRPath-like place of the resource in the request. */
  readonly path: string;
  /** `ServiceRequest/draft-1`; the entry's fullUrl or its place where the draft has no id. */
  readonly reference: string;
}

/** Entries of the Bundle that other entries may refer to. */
export interface DraftBundle {
  readonly entries: readonly { readonly fullUrl?: string; readonly resource: LooseObject }[];
  readonly orders: readonly DraftOrder[];
}

/**
 * The ServiceRequests and MedicationRequests of a Bundle of drafts; other order types hold no blood products.
 * Never a gate: a Bundle without type, entries without id and elements of the wrong shape are tolerated.
 * @see requirements of the order-sign hook: drafts exist in the client's memory only
 */
export function readDraftBundle(draftOrders: unknown): DraftBundle {
  if (!isObject(draftOrders)) return { entries: [], orders: [] };
  const entries: { fullUrl?: string; resource: LooseObject }[] = [];
  const orders: DraftOrder[] = [];
  objectsAt(draftOrders, 'entry').forEach((entry, index) => {
    const resource = entry['resource'];
    if (!isObject(resource)) return;
    const fullUrl = textAt(entry, 'fullUrl');
    entries.push(fullUrl === undefined ? { resource } : { fullUrl, resource });
    const type = textAt(resource, 'resourceType');
    if (type !== 'ServiceRequest' && type !== 'MedicationRequest') return;
    const id = textAt(resource, 'id');
    const place = `draftOrders.entry[${index}]`;
    const reference = id === undefined ? (fullUrl ?? place) : `${type}/${id}`;
    orders.push({ type, resource, path: `context.${place}.resource`, reference });
  });
  return { entries, orders };
}

/**
 * The resource a literal reference of an order points to: `#contained`, an entry's fullUrl, or `Type/id` of an entry.
 * undefined where it is not in the Bundle; nothing is read from a FHIR server.
 */
export function resolveInBundle(reference: string, order: DraftOrder, bundle: DraftBundle): LooseObject | undefined {
  if (reference.startsWith('#')) {
    const id = reference.slice(1);
    return objectsAt(order.resource, 'contained').find((contained) => {
      const own = textAt(contained, 'id');
      return own === id || own === reference;
    });
  }
  const byUrl = bundle.entries.find(({ fullUrl }) => fullUrl === reference);
  if (byUrl) return byUrl.resource;
  const { type, id } = typeAndId(reference);
  if (id === undefined) return undefined;
  return bundle.entries.find(
    ({ resource }) => textAt(resource, 'resourceType') === type && textAt(resource, 'id') === id,
  )?.resource;
}

/** `Patient/1`, `https://server/fhir/Patient/1` and `Patient/1/_history/2` are all Patient 1. */
export function typeAndId(reference: string): { readonly type?: string; readonly id?: string } {
  const segments = reference.split('/');
  if (segments.at(-2) === '_history') segments.splice(-2);
  const type = segments.at(-2);
  const id = segments.at(-1);
  return type === undefined || id === undefined || id === '' ? {} : { type, id };
}
