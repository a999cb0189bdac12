import { createHash } from 'node:crypto';
import type { FhirResource } from 'fhir/r4.js';
import { ServiceError } from '../../errors/service-error.js';
import { isObject } from '../../sandbox/resource-json.js';
import { shareOut, type Linked } from './load-order.js';
import { derivedId, taggedMeta } from './load-tag.js';

/** A resource on its way: its type and the id it gets. */
export interface PlannedResource {
  readonly type: string;
  readonly id: string;
  /** Its own id where it came from. */
  readonly sourceId: string;
  /** One entry of a transaction Bundle, as JSON text. */
  entryText(): string;
}

export interface PlannedBundle {
  readonly resources: readonly PlannedResource[];
  /** Places of Bundles that must be in before. */
  readonly needs: readonly number[];
}

export interface LoadPlan {
  readonly bundles: readonly PlannedBundle[];
  /** References to what is not part of the load, by type; they stay as they are, and a strict server refuses them. */
  readonly danglingReferences: Readonly<Record<string, number>>;
}

export interface LoadPlanOptions {
  readonly tag: string;
  /** Entries a Bundle, about. */
  readonly bundleSize: number;
}

/**
 * What is put where: each resource with an id derived from the load's name, its tags, and references to the other resources
 * rewritten; nothing else changes. Throws ERR_DATASET where two different resources have one type and id.
 */
export function planLoad(resources: readonly FhirResource[], { tag, bundleSize }: LoadPlanOptions): LoadPlan {
  const distinct = withoutRepeats(resources);
  const placeOf = new Map([...distinct.keys()].map((key, place) => [key, place]));
  const dangling: Record<string, number> = {};
  const linked: (Linked & { readonly planned: PlannedResource })[] = [];
  for (const [key, resource] of distinct) {
    const type = resource.resourceType;
    const sourceId = key.slice(type.length + 1);
    const id = derivedId(tag, type, sourceId);
    const refersTo = new Set<number>();
    const rewritten = rewriteReferences(resource, (reference) => {
      const place = placeOf.get(reference);
      const [target = '', targetId = ''] = reference.split('/', 2);
      if (place === undefined) {
        dangling[target] = (dangling[target] ?? 0) + 1;
        return reference;
      }
      refersTo.add(place);
      return `${target}/${derivedId(tag, target, targetId)}`;
    });
    const entryText = (): string =>
      `{"resource":${JSON.stringify({ ...rewritten, id, meta: taggedMeta(resource.meta, tag) })},` +
      `"request":{"method":"PUT","url":"${type}/${id}"}}`;
    linked.push({ refersTo: [...refersTo], planned: { type, id, sourceId, entryText } });
  }
  const bundles = shareOut(linked, bundleSize).map(({ members, needs }) => ({
    resources: members.flatMap((place) => linked[place]?.planned ?? []),
    needs,
  }));
  return { bundles, danglingReferences: dangling };
}

/** The transaction Bundle of some planned resources, as JSON text. */
export function bundleText(resources: readonly PlannedResource[]): string {
  return `{"resourceType":"Bundle","type":"transaction","entry":[${resources.map((one) => one.entryText()).join(',')}]}`;
}

/** By `Type/id`, in their order; one without id is named by its content. */
function withoutRepeats(resources: readonly FhirResource[]): ReadonlyMap<string, FhirResource> {
  const distinct = new Map<string, FhirResource>();
  for (const resource of resources) {
    const id = resource.id ?? createHash('sha256').update(JSON.stringify(resource)).digest('hex').slice(0, 32);
    const key = `${resource.resourceType}/${id}`;
    const before = distinct.get(key);
    if (before && JSON.stringify(before) !== JSON.stringify(resource)) {
      throw new ServiceError('ERR_DATASET', {
        detail: `there are two different resources ${resource.resourceType} of one id`,
      });
    }
    distinct.set(key, resource);
  }
  return distinct;
}

const RELATIVE_REFERENCE = /^[A-Z][A-Za-z]+\/[^/#?]+$/;

/** The same JSON with relative references rewritten: `reference` members, and `url` of attachments. Parts that hold none are shared. */
function rewriteReferences<T>(value: T, rewrite: (reference: string) => string): T;
function rewriteReferences(value: unknown, rewrite: (reference: string) => string): unknown {
  if (Array.isArray(value)) {
    const list: readonly unknown[] = value;
    const items = list.map((item) => rewriteReferences(item, rewrite));
    return items.some((item, at) => item !== list[at]) ? items : list;
  }
  if (!isObject(value)) return value;
  let copy: Record<string, unknown> | undefined;
  for (const [name, item] of Object.entries(value) as [string, unknown][]) {
    const isReference =
      typeof item === 'string' && (name === 'reference' || name === 'url') && RELATIVE_REFERENCE.test(item);
    const seen = isReference ? rewrite(item) : rewriteReferences(item, rewrite);
    if (seen === item) continue;
    copy ??= { ...value };
    copy[name] = seen;
  }
  return copy ?? value;
}
