import type { FhirResource } from 'fhir/r4.js';
import { ServiceError } from '../errors/service-error.js';
import { asItStood, type ChartContext } from './as-of.js';
import { indexResource, ListPool, localReference, type ResourceIndex } from './index-resource.js';
import { isObject, member } from './resource-json.js';
import { RESOURCE_TYPES } from './search-parameters.js';

/** A resource at rest: its JSON text, with `meta.versionId` and `meta.lastUpdated`, and what it is found by. */
export interface StoredResource {
  readonly type: string;
  readonly id: string;
  readonly version: number;
  readonly lastUpdatedMs: number;
  readonly json: string;
  readonly index: ResourceIndex;
}

interface TypeShelf {
  readonly byId: Map<string, StoredResource>;
  readonly byPatient: Map<string, PatientShelf>;
  /** Last version of what is gone. */
  readonly deleted: Map<string, number>;
}

/** One patient's resources of one type. */
interface PatientShelf {
  /** Sorted by main date and id. Never changed, only replaced: a search may still be reading it. */
  rows: readonly StoredResource[];
  /** Written since `rows` was sorted. */
  pending: StoredResource[];
  /** Rows that were replaced or deleted and are still in `rows` or `pending`. */
  readonly gone: Set<StoredResource>;
}

/** Resources in memory, found by id or by type and patient. Holds JSON text, so a caller's objects are never shared. */
export class SandboxStore {
  readonly #shelves = new Map<string, TypeShelf>();
  readonly #pool = new ListPool();
  readonly #now: () => number;
  /** `Binary/id` → documents that point to it. */
  readonly #documentsOf = new Map<string, Set<string>>();
  #nextId = 1000;

  constructor({ now }: { readonly now: () => number }) {
    this.#now = now;
  }

  /** Adds or replaces resources; one without an id gets one. Throws ServiceError ERR_DATASET for an unknown type. */
  load(resources: Iterable<FhirResource>): void {
    for (const resource of resources) {
      if (!RESOURCE_TYPES.has(resource.resourceType)) {
        throw new ServiceError('ERR_DATASET', {
          detail: `the sandbox does not know the type ${resource.resourceType}`,
        });
      }
      this.put(resource, resource.id ?? this.newId(resource.resourceType));
    }
  }

  clear(): void {
    this.#shelves.clear();
    this.#pool.clear();
    this.#documentsOf.clear();
  }

  /** How many resources there are of each type. */
  counts(): ReadonlyMap<string, number> {
    return new Map(
      [...this.#shelves].filter(([, { byId }]) => byId.size > 0).map(([type, { byId }]) => [type, byId.size]),
    );
  }

  newId(type: string): string {
    do this.#nextId += 1;
    while (this.#shelf(type).byId.has(String(this.#nextId)) || this.#shelf(type).deleted.has(String(this.#nextId)));
    return String(this.#nextId);
  }

  get(type: string, id: string): StoredResource | undefined {
    return this.#shelves.get(type)?.byId.get(id);
  }

  isDeleted(type: string, id: string): boolean {
    return this.#shelves.get(type)?.deleted.has(id) ?? false;
  }

  /** Creates or updates, as the next version. */
  put(resource: FhirResource, id: string): StoredResource {
    const type = resource.resourceType;
    const shelf = this.#shelf(type);
    const previous = shelf.byId.get(id);
    if (previous) this.#unshelve(previous);
    const version = (previous?.version ?? shelf.deleted.get(id) ?? 0) + 1;
    const lastUpdatedMs = this.#now();
    const meta = { ...resource.meta, versionId: String(version), lastUpdated: new Date(lastUpdatedMs).toISOString() };
    const whole = { ...resource, id, meta };
    const row = {
      type,
      id,
      version,
      lastUpdatedMs,
      json: JSON.stringify(whole),
      index: indexResource(whole, this.#pool),
    };
    shelf.byId.set(id, row);
    shelf.deleted.delete(id);
    if (row.index.patientId !== undefined) {
      const patient = shelf.byPatient.get(row.index.patientId);
      if (patient) patient.pending.push(row);
      else shelf.byPatient.set(row.index.patientId, { rows: [], pending: [row], gone: new Set() });
    }
    for (const binary of row.index.attachments) {
      const documents = this.#documentsOf.get(binary) ?? new Set();
      this.#documentsOf.set(binary, documents.add(id));
    }
    return row;
  }

  /** Removes; the version the deletion has, or undefined where there was nothing. */
  delete(type: string, id: string): number | undefined {
    const row = this.get(type, id);
    if (!row) return undefined;
    const shelf = this.#shelf(type);
    this.#unshelve(row);
    shelf.byId.delete(id);
    shelf.deleted.set(id, row.version + 1);
    return row.version + 1;
  }

  /** Is there any resource about this patient, beside the Patient? */
  isReferenced(patientId: string): boolean {
    return [...this.#shelves].some(
      ([type, { byPatient }]) => type !== 'Patient' && liveRows(byPatient.get(patientId)) > 0,
    );
  }

  /** All resources of a type, in no particular order. */
  rows(type: string): Iterable<StoredResource> {
    return this.#shelves.get(type)?.byId.values() ?? [];
  }

  /** One patient's resources of a type by the type's main date, oldest first, no date last, then by id. Later writes leave it alone. */
  rowsOfPatient(type: string, patientId: string): readonly StoredResource[] {
    const patient = this.#shelves.get(type)?.byPatient.get(patientId);
    if (!patient) return [];
    const { rows, pending, gone } = patient;
    if (pending.length > 0 || gone.size > 0) {
      const mainDate = RESOURCE_TYPES.get(type)?.mainDate ?? '';
      const live = [...rows, ...pending].filter((row) => !gone.has(row));
      patient.rows = live.sort((a, b) => compareLow(a, b, mainDate) || compareIds(a, b));
      patient.pending = [];
      gone.clear();
    }
    return patient.rows;
  }

  /** The row as it stood at `atMs`; undefined if it did not exist then, the row itself if nothing changed since. */
  asItStood(row: StoredResource, atMs: number): StoredResource | undefined {
    const { fromMs, settledMs, encounter } = row.index;
    if (row.type === 'Binary') return this.#isBinaryFiled(row, atMs) ? row : undefined;
    const hangsOnEncounter = row.type === 'Condition' && encounter !== undefined;
    if (!hangsOnEncounter && fromMs > atMs) return undefined;
    if (!hangsOnEncounter && settledMs <= atMs) return row;
    const seen = asItStood(parseStored(row.json), atMs, this.#context);
    if (seen === undefined || hangsOnEncounter) return seen && row;
    return { ...row, json: JSON.stringify(seen), index: indexResource(seen, this.#pool) };
  }

  readonly #context: ChartContext = {
    encounterEndMs: (reference) => this.#encounterEndMs(localReference(reference)),
  };

  /** End of an encounter and of whatever it is part of; at most a few levels, a circle ends there. */
  #encounterEndMs(reference: string, level = 0): number | undefined {
    const encounter = this.get('Encounter', reference.slice('Encounter/'.length));
    if (!encounter || level > 5) return undefined;
    const parent = encounter.index.references['part-of']?.[0];
    const ends = [
      encounter.index.endMs ?? Infinity,
      parent === undefined ? -Infinity : (this.#encounterEndMs(parent, level + 1) ?? -Infinity),
    ];
    return Math.max(...ends);
  }

  #isBinaryFiled({ id }: StoredResource, atMs: number): boolean {
    const documents = this.#documentsOf.get(`Binary/${id}`);
    return (
      documents === undefined ||
      [...documents].some((document) => (this.get('DocumentReference', document)?.index.fromMs ?? Infinity) <= atMs)
    );
  }

  #shelf(type: string): TypeShelf {
    let shelf = this.#shelves.get(type);
    if (!shelf) {
      shelf = { byId: new Map(), byPatient: new Map(), deleted: new Map() };
      this.#shelves.set(type, shelf);
    }
    return shelf;
  }

  #unshelve(row: StoredResource): void {
    const { patientId, attachments } = row.index;
    if (patientId !== undefined) this.#shelf(row.type).byPatient.get(patientId)?.gone.add(row);
    for (const binary of attachments) this.#documentsOf.get(binary)?.delete(row.id);
  }
}

function liveRows(patient: PatientShelf | undefined): number {
  return patient === undefined ? 0 : patient.rows.length + patient.pending.length - patient.gone.size;
}

/** Earlier start first; no date comes last. */
export function compareLow(a: StoredResource, b: StoredResource, parameter: string): number {
  const low = a.index.dates[parameter]?.low ?? Infinity;
  const other = b.index.dates[parameter]?.low ?? Infinity;
  return low === other ? 0 : low < other ? -1 : 1;
}

export function compareIds(a: StoredResource, b: StoredResource): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function parseStored(json: string): FhirResource {
  const value: unknown = JSON.parse(json);
  if (!isResource(value)) throw new Error('the store holds something that is no resource');
  return value;
}

/** Is this JSON a resource of a type the sandbox knows? */
export function isResource(value: unknown): value is FhirResource {
  const type = member(value, 'resourceType');
  return isObject(value) && typeof type === 'string' && RESOURCE_TYPES.has(type);
}
