import { STATUS_CODES } from 'node:http';
import type { FhirResource } from 'fhir/r4.js';
import { outcomeAnswer, resourceAnswer, type Answer, type FhirRequest, type ServerState } from './answer.js';
import { assertKnownType, badRequest, FhirFault } from './fhir-fault.js';
import {
  checkPatientExists,
  checkResource,
  checkUpdateId,
  checkVersion,
  deleteResource,
  matchOf,
  updateResource,
} from './interactions.js';
import { isObject, member, textMember } from './resource-json.js';
import type { StoredResource } from './sandbox-store.js';

/** What an entry is answered with; of a write, as in HAPI, only that it was done. */
interface EntryAnswer extends Answer {
  readonly isWrite?: boolean;
}

type BundleRequest =
  | {
      readonly kind: 'create' | 'update';
      readonly at: number;
      readonly resource: unknown;
      readonly type: string;
      readonly id: string;
      readonly ifMatch?: string;
    }
  | { readonly kind: 'found'; readonly at: number; readonly row: StoredResource }
  | { readonly kind: 'delete'; readonly at: number; readonly type: string; readonly id: string }
  | { readonly kind: 'get'; readonly at: number; readonly url: string };

/** Answers a GET inside a Bundle. */
export type AnswerGet = (request: FhirRequest) => Answer;

/**
 * Runs a transaction (all or nothing: deletes, then creates, then updates, then reads; `urn:uuid` references between entries become
 * references to what was created) or a batch (each entry for itself) and answers with the response Bundle, entry for entry.
 * Creates may be conditional (`ifNoneExist`), updates name a version (`ifMatch`); other conditions are refused. Throws FhirFault 400 for a Bundle that is neither.
 * @see https://hl7.org/fhir/R4/http.html#transaction
 */
export function processBundle(state: ServerState, request: FhirRequest, bundle: unknown, answerGet: AnswerGet): Answer {
  const type = textMember(bundle, 'type');
  if (textMember(bundle, 'resourceType') !== 'Bundle' || (type !== 'transaction' && type !== 'batch')) {
    throw badRequest('The base takes a Bundle of type transaction or batch');
  }
  const entries: unknown = member(bundle, 'entry') ?? [];
  if (!Array.isArray(entries)) throw badRequest('Bundle.entry must be a list');
  const answers =
    type === 'batch'
      ? runBatch(state, request, entries, answerGet)
      : runTransaction(state, request, entries, answerGet);
  return {
    status: 200,
    body: `{"resourceType":"Bundle","type":"${type}-response","entry":[${answers.map((answer) => entryJson(answer, request.baseUrl)).join(',')}]}`,
  };
}

function runBatch(
  state: ServerState,
  request: FhirRequest,
  entries: readonly unknown[],
  answerGet: AnswerGet,
): readonly EntryAnswer[] {
  return entries.map((entry, at) => {
    try {
      const { requests, renamed } = planEntries(state, [entry], at);
      return requests.map((one) => run(state, request, prepare(state, one, renamed), answerGet))[0] ?? { status: 400 };
    } catch (error) {
      if (error instanceof FhirFault) return outcomeAnswer(error);
      throw error;
    }
  });
}

const ORDER = { found: 0, delete: 0, create: 1, update: 2, get: 3 } as const;

function runTransaction(
  state: ServerState,
  request: FhirRequest,
  entries: readonly unknown[],
  answerGet: AnswerGet,
): readonly EntryAnswer[] {
  const { requests, renamed } = planEntries(state, entries, 0);
  const written = requests.flatMap((one) =>
    one.kind === 'get' || one.kind === 'found' ? [] : [`${one.type}/${one.id}`],
  );
  if (new Set(written).size !== written.length)
    throw badRequest('Transaction bundle contains multiple resources with the same identity');
  const incoming = new Set(
    requests.flatMap((one) => (one.kind === 'create' || one.kind === 'update' ? [`${one.type}/${one.id}`] : [])),
  );
  // Everything that can fail is checked before anything is written.
  const prepared = requests
    .map((one) => prepare(state, one, renamed, incoming))
    .sort((a, b) => ORDER[a.kind] - ORDER[b.kind]);
  for (const one of prepared) {
    if (one.kind === 'delete' && one.type === 'Patient' && state.store.isReferenced(one.id))
      throw new FhirFault(
        409,
        'conflict',
        `Unable to delete Patient/${one.id} because at least one resource has a reference to it`,
      );
  }
  const answers = new Map(prepared.map((one) => [one.at, run(state, request, one, answerGet)]));
  return requests.map(({ at }) => answers.get(at) ?? { status: 500 });
}

/** What the entries ask for, with an id for each create, and what their `fullUrl`s stand for. */
function planEntries(
  state: ServerState,
  entries: readonly unknown[],
  from: number,
): { requests: readonly BundleRequest[]; renamed: ReadonlyMap<string, string> } {
  const { store } = state;
  const renamed = new Map<string, string>();
  const requests = entries.map((entry, index): BundleRequest => {
    const at = from + index;
    const request = member(entry, 'request');
    const method = textMember(request, 'method');
    const url = textMember(request, 'url');
    if (method === undefined || url === undefined)
      throw badRequest(`Bundle.entry[${at}].request must have a method and a url`);
    for (const condition of ['ifNoneMatch', 'ifModifiedSince']) {
      if (member(request, condition) !== undefined)
        throw badRequest(`Bundle.entry[${at}].request.${condition} is not supported`);
    }
    if (method === 'GET') return { kind: 'get', at, url };
    const [type = '', id, ...more] = url.split('/');
    if (url.includes('?') || more.length > 0)
      throw badRequest(`Bundle.entry[${at}].request.url must be Type or Type/id`);
    assertKnownType(type);
    const fullUrl = textMember(entry, 'fullUrl');
    const remember = (local: string): string => {
      if (fullUrl?.startsWith('urn:')) renamed.set(fullUrl, `${type}/${local}`);
      return local;
    };
    const ifNoneExist = textMember(request, 'ifNoneExist');
    const ifMatch = textMember(request, 'ifMatch');
    if (method === 'POST' && id === undefined && ifNoneExist !== undefined) {
      const row = matchOf(state, type, ifNoneExist);
      if (row) {
        remember(row.id);
        return { kind: 'found', at, row };
      }
    }
    if (method === 'POST' && id === undefined)
      return { kind: 'create', at, resource: member(entry, 'resource'), type, id: remember(store.newId(type)) };
    if (method === 'PUT' && id !== undefined)
      return {
        kind: 'update',
        at,
        resource: member(entry, 'resource'),
        type,
        id: remember(id),
        ...(ifMatch !== undefined && { ifMatch }),
      };
    if (method === 'DELETE' && id !== undefined) return { kind: 'delete', at, type, id };
    throw badRequest(`Bundle.entry[${at}].request: ${method} is not possible at this url`);
  });
  return { requests, renamed };
}

type PreparedRequest =
  | { readonly kind: 'create' | 'update'; readonly at: number; readonly resource: FhirResource; readonly id: string }
  | Extract<BundleRequest, { kind: 'delete' | 'get' | 'found' }>;

function prepare(
  state: ServerState,
  request: BundleRequest,
  renamed: ReadonlyMap<string, string>,
  incoming?: ReadonlySet<string>,
): PreparedRequest {
  if (request.kind === 'get' || request.kind === 'delete' || request.kind === 'found') return request;
  const resource = checkResource(replaceReferences(request.resource, renamed), request.type);
  if (request.kind === 'update') {
    checkUpdateId(resource, request.id);
    checkVersion(state, request.type, request.id, request.ifMatch);
  }
  checkPatientExists(state, resource, incoming);
  return { kind: request.kind, at: request.at, resource, id: request.id };
}

function run(state: ServerState, request: FhirRequest, one: PreparedRequest, answerGet: AnswerGet): EntryAnswer {
  switch (one.kind) {
    case 'create':
    case 'update':
      return { ...updateResource(state, one.resource, one.id, request.baseUrl), isWrite: true };
    case 'found': {
      const { type, id, version } = one.row;
      const place = { Location: `${request.baseUrl}/${type}/${id}/_history/${version}` };
      return { ...resourceAnswer(200, one.row, place), isWrite: true };
    }
    case 'delete':
      return { ...deleteResource(state, one.type, one.id), status: 204, isWrite: true };
    case 'get': {
      const [path = '', query = ''] = one.url.replace(/^\//, '').split('?');
      return answerGet({ ...request, method: 'GET', path, query, body: '' });
    }
  }
}

/** The same JSON with every text that is a key of `renamed` replaced. */
function replaceReferences(value: unknown, renamed: ReadonlyMap<string, string>): unknown {
  if (renamed.size === 0) return value;
  if (typeof value === 'string') return renamed.get(value) ?? value;
  if (Array.isArray(value)) return value.map((item: unknown) => replaceReferences(item, renamed));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, replaceReferences(item, renamed)]));
}

function entryJson({ status, body, headers, isWrite = false }: EntryAnswer, baseUrl: string): string {
  const response = {
    status: `${status} ${STATUS_CODES[status] ?? ''}`.trim(),
    ...(headers?.['Location'] !== undefined && { location: headers['Location'].slice(baseUrl.length + 1) }),
    ...(headers?.['ETag'] !== undefined && { etag: headers['ETag'] }),
  };
  const text = JSON.stringify(response);
  if (body === undefined || (isWrite && status < 400)) return `{"response":${text}}`;
  if (status >= 400) return `{"response":${text.slice(0, -1)},"outcome":${body}}}`;
  return `{"resource":${body},"response":${text}}`;
}
