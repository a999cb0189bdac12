import { isObject, objectAt, textAt, type LooseObject } from '../../orders/loose-json.js';
import type { FhirServerAccess } from '../fhir-server/fhir-server-access.js';
import type { FhirR4Server } from '../fhir-server/inspect-fhir-server.js';
import { searchPages, type SearchEnd, type SearchRow } from '../fhir-server/search-pages.js';
import type { ServerProblem } from '../fhir-server/server-problem.js';

/** Where orders are, and where what can be ordered is listed. */
const ORDER_TYPES = [
  { type: 'ServiceRequest', date: 'authored', elements: 'status,intent,code,orderDetail' },
  { type: 'MedicationRequest', date: 'authoredon', elements: undefined },
] as const;
const CATALOGUE_TYPES = ['ActivityDefinition', 'PlanDefinition', 'ChargeItemDefinition', 'Medication'] as const;

const PAGE = 200;
const IDS_A_SEARCH = 50;

/** An order or an item of a catalogue, with the Medication it refers to where it has been read. */
export interface ReadItem {
  readonly isCatalogue: boolean;
  readonly resource: LooseObject;
  readonly medication?: LooseObject;
}

/** How the reading of one type went. */
export interface ReadNote {
  readonly type: string;
  readonly count: number;
  /** Something about it that a reader must know: a limit met, a refusal. */
  readonly remark?: string;
}

export interface ReadOrders {
  readonly kind: 'read';
  readonly items: readonly ReadItem[];
  readonly notes: readonly ReadNote[];
}

export interface ReadOrdersOptions {
  /** Orders written on this date or later (FHIR date). */
  readonly since?: string;
  /** Per type, the newest first. */
  readonly max: number;
  readonly onProgress?: (type: string, count: number) => void;
}

/** The orders and the catalogue of a site, page by page. Throws only the abort reason of `access.signal`. */
export async function readOrders(
  access: FhirServerAccess,
  server: FhirR4Server,
  options: ReadOrdersOptions,
): Promise<ReadOrders | ServerProblem> {
  const items: ReadItem[] = [];
  const notes: ReadNote[] = [];
  const medications = new Map<string, LooseObject>();
  for (const { type, date, elements } of ORDER_TYPES) {
    const includes = server.types.get(type)?.searchIncludes.has(`${type}:medication`)
      ? `&_include=${type}:medication`
      : '';
    const since = options.since === undefined ? '' : `&${date}=ge${options.since}`;
    const lean = elements === undefined ? '' : `&_elements=${elements}`;
    const read = await readType(access, server, type, options, [
      `${since}&_sort=-${date}${includes}${lean}`,
      `${since}&_sort=-${date}`,
      since,
    ]);
    if (!('rows' in read)) return read;
    notes.push(read.note);
    for (const { resource, isIncluded } of read.rows) {
      if (isIncluded) keep(medications, resource);
      else items.push({ isCatalogue: false, resource });
    }
  }
  for (const type of CATALOGUE_TYPES) {
    if (!server.types.has(type)) continue;
    const read = await readType(access, server, type, options, ['']);
    if (!('rows' in read)) return read;
    notes.push(read.note);
    for (const { resource } of read.rows) {
      items.push({ isCatalogue: true, resource });
      keep(medications, resource);
    }
  }
  const problem = await readMedications(access, items, medications);
  if (problem) return problem;
  return { kind: 'read', items: items.map((item) => withMedication(item, medications)), notes };
}

type LooseRow = Omit<SearchRow, 'resource'> & { readonly resource: LooseObject };

/** Reads a type by the first of the queries that the server does not refuse. */
async function readType(
  access: FhirServerAccess,
  server: FhirR4Server,
  type: string,
  { max, onProgress }: ReadOrdersOptions,
  queries: readonly string[],
): Promise<{ readonly rows: readonly LooseRow[]; readonly note: ReadNote } | ServerProblem> {
  if (!server.types.has(type)) return { rows: [], note: { type, count: 0, remark: 'not offered by this server' } };
  let rows: LooseRow[] = [];
  let end: SearchEnd | ServerProblem = { kind: 'complete' };
  let count = 0;
  for (const query of queries) {
    rows = [];
    count = 0;
    end = await searchPages(access, {
      path: `${type}?_count=${Math.min(PAGE, max)}${query}`,
      take: (page) => {
        for (const { resource, isIncluded } of page) {
          if (!isObject(resource) || (!isIncluded && (textAt(resource, 'resourceType') !== type || count >= max)))
            continue;
          rows.push({ resource, isIncluded });
          if (!isIncluded) count += 1;
        }
        onProgress?.(type, count);
        return count >= max ? 'enough' : 'more';
      },
    });
    if (end.kind !== 'refused' || end.status !== 400) break;
  }
  if (!isLivedWith(end)) return end;
  const remark = remarkOf(end, max);
  return { rows, note: { type, count, ...(remark === undefined ? {} : { remark }) } };
}

/** Ends of a search that leave the other types worth reading. */
type LivedWith = SearchEnd | Extract<ServerProblem, { kind: 'needs-authorization' }>;

function isLivedWith(end: SearchEnd | ServerProblem): end is LivedWith {
  const kinds = ['complete', 'limit', 'next-not-followed', 'refused'];
  return kinds.includes(end.kind) || (end.kind === 'needs-authorization' && end.status === 403);
}

function remarkOf(end: LivedWith, max: number): string | undefined {
  switch (end.kind) {
    case 'complete':
      return undefined;
    case 'limit':
      return `only the newest ${max} were read (--max)`;
    case 'next-not-followed':
      return end.reason === 'circle'
        ? 'its pages lead in a circle: the rest was not read'
        : 'its next page lies on another host and was not followed: the rest was not read';
    case 'refused':
      return `not read: the search was refused with ${end.status}${end.said === undefined ? '' : `, saying "${withoutIds(end.said)}"`}`;
    case 'needs-authorization':
      return 'not read: the server does not allow it (403)';
  }
}

/** A server's words may name a patient. */
function withoutIds(said: string): string {
  return said.replace(/\b([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]+/g, '$1/...');
}

function keep(medications: Map<string, LooseObject>, resource: LooseObject): void {
  const id = textAt(resource, 'id');
  if (textAt(resource, 'resourceType') === 'Medication' && id !== undefined) medications.set(id, resource);
}

/** Medications that orders refer to and that did not come along. */
async function readMedications(
  access: FhirServerAccess,
  items: readonly ReadItem[],
  medications: Map<string, LooseObject>,
): Promise<ServerProblem | undefined> {
  const ids = items.map(({ resource }) => medicationIdOf(resource)).filter((id) => id !== undefined);
  const missing = [...new Set(ids)].filter((id) => !medications.has(id));
  for (let at = 0; at < missing.length; at += IDS_A_SEARCH) {
    const some = missing.slice(at, at + IDS_A_SEARCH);
    const end = await searchPages(access, {
      path: `Medication?_id=${some.join(',')}&_count=${IDS_A_SEARCH}`,
      take: (rows) => {
        for (const { resource } of rows) if (isObject(resource)) keep(medications, resource);
        return 'more';
      },
    });
    // Orders whose medication cannot be read are judged by the words of the reference.
    if (end.kind === 'unreachable' || end.kind === 'server-error' || end.kind === 'rate-limited') return end;
  }
  return undefined;
}

function withMedication(item: ReadItem, medications: ReadonlyMap<string, LooseObject>): ReadItem {
  const id = medicationIdOf(item.resource);
  const medication = id === undefined ? undefined : medications.get(id);
  return medication ? { ...item, medication } : item;
}

function medicationIdOf(resource: LooseObject): string | undefined {
  const reference = objectAt(resource, 'medicationReference');
  const text = reference && textAt(reference, 'reference');
  return /(?:^|\/)Medication\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[^/]+)?$/.exec(text ?? '')?.[1];
}
