import { outcomeAnswer, resourceAnswer, type Answer, type FhirRequest, type ServerState } from './answer.js';
import { capabilityStatement } from './capability-statement.js';
import { assertKnownType, badRequest, FhirFault } from './fhir-fault.js';
import {
  checkPatientExists,
  checkUpdateId,
  checkVersion,
  createResource,
  deleteResource,
  matchOf,
  parseResource,
  readResource,
  updateResource,
} from './interactions.js';
import { processBundle } from './process-bundle.js';
import { countBundle, searchPage } from './search-bundle.js';
import { parseCount, parseSearch } from './search-query.js';
import { searchStore } from './search-store.js';

/** Answers a request below the FHIR base; a refusal is an OperationOutcome. */
export function answerFhir(state: ServerState, request: FhirRequest): Answer {
  try {
    return route(state, request);
  } catch (error) {
    if (error instanceof FhirFault) return outcomeAnswer(error);
    throw error;
  }
}

function route(state: ServerState, request: FhirRequest): Answer {
  const { method, path, query, baseUrl } = request;
  const [type = '', id, ...more] = path.split('/').map(decodePart);
  if (path === '') return atBase(state, request);
  if (path === 'metadata')
    return only(method, ['GET'], () => ({ status: 200, body: capabilityStatement(baseUrl, state.needsToken) }));
  assertKnownType(type);
  if (id === '_search' && more.length === 0) {
    return only(method, ['POST'], () => search(state, request, type, searchParameters(request)));
  }
  if (id === undefined) {
    if (method === 'GET') return search(state, request, type, new URLSearchParams(query));
    return only(method, ['POST'], () => create(state, request, type));
  }
  if (id.startsWith('_') || id.startsWith('$') || more.length > 0)
    throw new FhirFault(400, 'not-supported', `This server has no ${type} operation of this name`);
  switch (method) {
    case 'GET':
      return resourceAnswer(200, readResource(state, type, id));
    case 'PUT':
      return update(state, request, type, id);
    case 'DELETE':
      return deleteResource(state, type, id);
    default:
      return only(method, [], () => ({ status: 405 }));
  }
}

function atBase(state: ServerState, request: FhirRequest): Answer {
  if (request.method === 'POST') {
    return processBundle(state, request, parseJson(jsonBody(request)), (inner) => answerFhir(state, inner));
  }
  return only(request.method, ['GET'], () => furtherPage(state, request));
}

function search(
  state: ServerState,
  { baseUrl, faults }: FhirRequest,
  type: string,
  parameters: URLSearchParams,
): Answer {
  const query = parseSearch(type, parameters);
  const text = parameters.toString();
  const rows = searchStore(state.store, query, state.viewAt());
  if (query.isCountOnly) return { status: 200, body: countBundle(rows.total()) };
  const found = { type, rows, wantsTotal: query.wantsTotal, parameters: text, isEndless: faults.isEndless ?? false };
  const isWhole = !rows.exceeds(query.count) && !found.isEndless;
  const kept = isWhole ? { ...found, id: '' } : state.pages.keep(found);
  return { status: 200, body: searchPage(kept, baseUrl, 0, query.count, faults) };
}

function furtherPage({ pages }: ServerState, { query, baseUrl, faults }: FhirRequest): Answer {
  const parameters = new URLSearchParams(query);
  const id = parameters.get('_getpages');
  if (id === null) throw badRequest('This is the base of a FHIR server: name a resource type, or POST a Bundle');
  const kept = pages.find(id);
  const offset = parameters.get('_getpagesoffset') ?? '0';
  if (!/^\d{1,9}$/.test(offset)) throw badRequest(`Parameter '_getpagesoffset' must be a whole number`);
  const count = parseCount(parameters.get('_count') ?? '20');
  return { status: 200, body: searchPage(kept, baseUrl, Number(offset), Math.max(count, 1), faults) };
}

function create(state: ServerState, request: FhirRequest, type: string): Answer {
  const resource = parseResource(jsonBody(request), type);
  const existing = request.ifNoneExist === undefined ? undefined : matchOf(state, type, request.ifNoneExist);
  if (existing) return resourceAnswer(200, existing);
  checkPatientExists(state, resource);
  return createResource(state, resource, request.baseUrl);
}

function update(state: ServerState, request: FhirRequest, type: string, id: string): Answer {
  const resource = parseResource(jsonBody(request), type);
  checkUpdateId(resource, id);
  checkVersion(state, type, id, request.ifMatch);
  checkPatientExists(state, resource);
  return updateResource(state, resource, id, request.baseUrl);
}

/** Parameters of a POST search: those of the URL and those of the body. */
function searchParameters({ query, contentType, body }: FhirRequest): URLSearchParams {
  if (!/^application\/x-www-form-urlencoded(;|$)/i.test(contentType))
    throw new FhirFault(415, 'not-supported', '_search takes application/x-www-form-urlencoded');
  return new URLSearchParams([...new URLSearchParams(query), ...new URLSearchParams(body)]);
}

function jsonBody({ contentType, body }: FhirRequest): string {
  if (!/^application\/(fhir\+)?json(;|$)/i.test(contentType))
    throw new FhirFault(415, 'not-supported', 'The content type must be application/fhir+json');
  return body;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new FhirFault(400, 'structure', 'Failed to parse request body as JSON resource');
  }
}

function only(method: string, allowed: readonly string[], answer: () => Answer): Answer {
  if (!allowed.includes(method)) throw new FhirFault(405, 'not-supported', `${method} is not possible here`);
  return answer();
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw badRequest('The path is not well encoded');
  }
}
