import { isDeepStrictEqual } from 'node:util';
import type { FhirResource } from 'fhir/r4.js';
import { resourceAnswer, type Answer, type ServerState } from './answer.js';
import { assertKnownType, badRequest, FhirFault, operationOutcome } from './fhir-fault.js';
import { localReference } from './index-resource.js';
import { textMember, valuesAt } from './resource-json.js';
import { isResource, type StoredResource } from './sandbox-store.js';
import { parseSearch } from './search-query.js';
import { searchStore } from './search-store.js';

const FHIR_ID = /^[A-Za-z0-9\-.]{1,64}$/;

/** The resource as it stands at the chart's time. Throws 404 where it never was, 410 where it was deleted. */
export function readResource({ store, viewAt }: ServerState, type: string, id: string): StoredResource {
  assertKnownType(type);
  if (store.isDeleted(type, id)) throw new FhirFault(410, 'deleted', `Resource was deleted: ${type}/${id}`);
  const stored = store.get(type, id);
  const viewMs = viewAt();
  const row = stored && viewMs !== undefined ? store.asItStood(stored, viewMs) : stored;
  if (!row) throw new FhirFault(404, 'not-found', `Resource ${type}/${id} is not known`);
  return row;
}

export function createResource({ store }: ServerState, resource: FhirResource, baseUrl: string): Answer {
  const row = store.put(resource, store.newId(resource.resourceType));
  return resourceAnswer(201, row, location(row, baseUrl));
}

/** Creates or replaces; an update that changes nothing makes no new version, as in HAPI. */
export function updateResource({ store }: ServerState, resource: FhirResource, id: string, baseUrl: string): Answer {
  const previous = store.get(resource.resourceType, id);
  if (previous && isUnchanged(previous, resource)) return resourceAnswer(200, previous, location(previous, baseUrl));
  const row = store.put(resource, id);
  return resourceAnswer(previous ? 200 : 201, row, location(row, baseUrl));
}

function isUnchanged({ id, version, lastUpdatedMs, json }: StoredResource, resource: FhirResource): boolean {
  const meta = { ...resource.meta, versionId: String(version), lastUpdated: new Date(lastUpdatedMs).toISOString() };
  const stored: unknown = JSON.parse(json);
  return isDeepStrictEqual(JSON.parse(JSON.stringify({ ...resource, id, meta })), stored);
}

/** Deleting what is not there succeeds, as in HAPI. Throws 409 for a Patient that others refer to. */
export function deleteResource({ store }: ServerState, type: string, id: string): Answer {
  assertKnownType(type);
  if (type === 'Patient' && store.isReferenced(id)) {
    throw new FhirFault(
      409,
      'conflict',
      `Unable to delete Patient/${id} because at least one resource has a reference to it`,
    );
  }
  const version = store.delete(type, id);
  const words = version === undefined ? 'Not deleted: it does not exist' : 'Successfully deleted 1 resource(s)';
  return { status: 200, body: operationOutcome('information', 'informational', words) };
}

/** The resource in a JSON text. Throws 400 for malformed JSON, a type not known or another type than `type`. */
export function parseResource(text: string, type?: string): FhirResource {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new FhirFault(400, 'structure', 'Failed to parse request body as JSON resource');
  }
  return checkResource(value, type);
}

/** The value as a resource. Throws as `parseResource`. */
export function checkResource(value: unknown, type?: string): FhirResource {
  if (!isResource(value))
    throw badRequest(`Not a resource of a known type: ${textMember(value, 'resourceType') ?? 'no resourceType'}`);
  if (type !== undefined && value.resourceType !== type)
    throw badRequest(`Incorrect resource type, expected ${type} but found ${value.resourceType}`);
  return value;
}

/** Throws 400 unless the id of an update is legal and the resource's own. */
export function checkUpdateId(resource: FhirResource, id: string): void {
  if (!FHIR_ID.test(id)) throw badRequest('The id of an update must be a FHIR id');
  if (resource.id !== id)
    throw badRequest(
      `Can not update resource, resource body must contain an ID element which matches the request URL for update`,
    );
}

/** Throws 409 where an update names another version than the one there is. */
export function checkVersion({ store }: ServerState, type: string, id: string, ifMatch: string | undefined): void {
  const version = store.get(type, id)?.version;
  if (ifMatch === undefined || version === undefined) return;
  if (ifMatch.replace(/^W\//, '').replace(/^"(.*)"$/, '$1') !== String(version))
    throw new FhirFault(409, 'conflict', `Trying to update ${type}/${id} but this is not the current version`);
}

/** The one resource a conditional create finds, or undefined. Throws 412 where there are several, 400 for a search that cannot be read. */
export function matchOf({ store }: ServerState, type: string, condition: string): StoredResource | undefined {
  const query = parseSearch(type, new URLSearchParams(condition.replace(/^[^?]*\?/, '')));
  if (query.criteria.length === 0) throw badRequest('A conditional create needs a search that narrows');
  const [first, second] = searchStore(store, query).slice(0, 2);
  if (second) throw new FhirFault(412, 'multiple-matches', 'The condition of the create matches several resources');
  return first;
}

/** Throws 400 where a resource is about a Patient that is neither here nor about to be. */
export function checkPatientExists(
  { store }: ServerState,
  resource: FhirResource,
  incoming: ReadonlySet<string> = new Set(),
): void {
  for (const path of ['subject.reference', 'patient.reference']) {
    for (const reference of valuesAt(resource, path)) {
      const local = typeof reference === 'string' ? localReference(reference) : '';
      if (!local.startsWith('Patient/') || incoming.has(local)) continue;
      if (!store.get('Patient', local.slice('Patient/'.length)))
        throw badRequest(
          `Resource ${local} not found, specified in path: ${resource.resourceType}.${path.replace('.reference', '')}`,
        );
    }
  }
}

function location({ type, id, version }: StoredResource, baseUrl: string): Record<string, string> {
  return { Location: `${baseUrl}/${type}/${id}/_history/${version}` };
}
