import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import type { FhirResource } from 'fhir/r4.js';
import { ServiceError } from '../errors/service-error.js';
import { outcomeAnswer, type Answer, type FhirRequest, type ServerState } from './answer.js';
import { replacesAnswer, SandboxFaults, type FaultTarget, type SandboxFault } from './faults.js';
import { FhirFault, operationOutcome } from './fhir-fault.js';
import { answerFhir } from './fhir-routes.js';
import { PageStore } from './page-store.js';
import { SandboxStore } from './sandbox-store.js';
import { sendAnswer } from './send-answer.js';

export interface SandboxOptions {
  /** 0 (the default) takes any free port. */
  readonly port?: number;
  readonly resources?: Iterable<FhirResource>;
  /** Clock of `meta.lastUpdated` and of page expiry, in ms. */
  readonly now?: () => number;
  /** Chart clock, in ms: the chart is served as it stood then; undefined as it is. */
  readonly viewAt?: () => number | undefined;
  /** Refuses requests without this bearer token, but for /metadata. */
  readonly requireToken?: string;
  /** Refuses a raw `|` and other characters a URL should not have, with Tomcat's HTML page. */
  readonly refuseRawCharacters?: boolean;
  /** Mode of the configuration; `production` is refused. */
  readonly mode?: string;
}

/** A request the sandbox was sent; header values are not kept. */
export interface LoggedRequest {
  readonly method: string;
  /** Path and query as they came. */
  readonly url: string;
  readonly resourceType?: string;
  /** Lower case, without their values. */
  readonly headerNames: readonly string[];
  /** Milliseconds of a steady clock (`performance.now()`). */
  readonly startedMs: number;
  /** When the answer was sent or the connection ended; undefined while it is under way. */
  endedMs?: number;
  /** Undefined where the connection was cut before a status was sent. */
  status?: number;
}

export interface Sandbox {
  /** For example `http://127.0.0.1:8080/fhir`. */
  readonly baseUrl: string;
  readonly store: SandboxStore;
  readonly faults: SandboxFaults;
  /** Newest last; the oldest are dropped beyond 20,000. */
  readonly requests: LoggedRequest[];
  /** Makes every open `next` link expire. */
  expirePages(): void;
  close(): Promise<void>;
}

const BASE_PATH = '/fhir';
const MAXIMUM_LOG = 20_000;
const RAW_CHARACTERS = /["<>\\^`{|}]/;

/**
 * Starts an in-memory FHIR R4 server on 127.0.0.1, for trying and testing.
 * Throws ServiceError ERR_CONFIG in production mode, ERR_DATASET for resources of an unknown type.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  if (options.mode === 'production') {
    throw new ServiceError('ERR_CONFIG', { detail: 'the sandbox FHIR server does not start in production mode' });
  }
  const now = options.now ?? Date.now;
  const store = new SandboxStore({ now });
  store.load(options.resources ?? []);
  const state: ServerState = {
    store,
    pages: new PageStore({ now }),
    viewAt: options.viewAt ?? (() => undefined),
    needsToken: options.requireToken !== undefined,
  };
  const faults = new SandboxFaults();
  const requests: LoggedRequest[] = [];
  const server = createServer((request, response) => {
    const entry = log(requests, request, response);
    void serve({ state, faults, options }, request, response, entry).catch(() => {
      if (response.headersSent) request.socket.destroy();
      else
        response
          .writeHead(500, { 'Content-Type': 'application/fhir+json' })
          .end(operationOutcome('error', 'exception', 'The sandbox failed'));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new ServiceError('ERR_CONFIG', { detail: `the sandbox cannot listen on port ${options.port ?? 0}`, cause }),
      ),
    );
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    baseUrl: `http://127.0.0.1:${port}${BASE_PATH}`,
    store,
    faults,
    requests,
    expirePages: () => state.pages.clear(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Serving {
  readonly state: ServerState;
  readonly faults: SandboxFaults;
  readonly options: SandboxOptions;
}

type MutableLog = LoggedRequest & { resourceType?: string };

async function serve(
  { state, faults, options }: Serving,
  request: IncomingMessage,
  response: ServerResponse,
  entry: MutableLog,
): Promise<void> {
  const url = request.url ?? '/';
  if (options.refuseRawCharacters === true && RAW_CHARACTERS.test(url)) {
    response
      .writeHead(400, { 'Content-Type': 'text/html;charset=utf-8' })
      .end('<!doctype html><html><body><h1>HTTP Status 400 – Bad Request</h1></body></html>');
    return;
  }
  const body = await text(request);
  const [rawPath, query = ''] = splitOnce(url, '?');
  const path = rawPath.replace(/^\/fhir(?=\/|$)/, '').replace(/^\/+|\/+$/g, '');
  const target = faultTarget(state, path, query, body, request);
  if (target.resourceType !== undefined) entry.resourceType = target.resourceType;
  const struck = faults.strike(target);
  const fhirRequest: FhirRequest = {
    method: request.method ?? 'GET',
    path,
    query,
    contentType: request.headers['content-type'] ?? '',
    body,
    ...conditionsOf(request),
    baseUrl: `http://${request.headers.host ?? '127.0.0.1'}${BASE_PATH}`,
    faults: bundleFaults(struck),
  };
  const answer = struck.some(replacesAnswer)
    ? { status: 500 }
    : answerOf(state, options, request, rawPath, fhirRequest);
  await sendAnswer(request, response, answer, struck);
}

function conditionsOf({ headers }: IncomingMessage): Pick<FhirRequest, 'ifMatch' | 'ifNoneExist'> {
  const ifNoneExist = headers['if-none-exist']?.toString();
  return {
    ...(headers['if-match'] !== undefined && { ifMatch: headers['if-match'] }),
    ...(ifNoneExist !== undefined && { ifNoneExist }),
  };
}

function answerOf(
  state: ServerState,
  { requireToken }: SandboxOptions,
  { headers }: IncomingMessage,
  rawPath: string,
  request: FhirRequest,
): Answer {
  if (!/^\/fhir(\/|$)/.test(rawPath))
    return outcomeAnswer(new FhirFault(404, 'not-found', `The FHIR base is ${request.baseUrl}`));
  if (requireToken !== undefined && request.path !== 'metadata' && headers.authorization !== `Bearer ${requireToken}`) {
    return outcomeAnswer(new FhirFault(401, 'login', 'A valid bearer token is needed'));
  }
  const accept = headers.accept ?? '*/*';
  if (!/json|\*\/\*|application\/\*/i.test(accept))
    return outcomeAnswer(new FhirFault(406, 'not-supported', 'This server writes application/fhir+json only'));
  return answerFhir(state, request);
}

function faultTarget(
  { pages }: ServerState,
  path: string,
  query: string,
  body: string,
  { headers }: IncomingMessage,
): FaultTarget {
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;
  const parameters = new URLSearchParams(isForm ? `${query}&${body}` : query);
  const pageId = parameters.get('_getpages');
  const named = path.split('/')[0];
  return {
    resourceType: pageId === null ? (named === '' ? undefined : named) : pages.typeOf(pageId),
    parameters,
    isFurtherPage: pageId !== null,
  };
}

function bundleFaults(struck: readonly SandboxFault[]): FhirRequest['faults'] {
  let found: FhirRequest['faults'] = {};
  for (const fault of struck) {
    if (fault.kind === 'foreign-next')
      found = { ...found, foreignNext: fault.base ?? 'https://elsewhere.example/fhir' };
    if (fault.kind === 'outcome-entry') found = { ...found, outcomeEntry: fault.severity ?? 'error' };
    if (fault.kind === 'endless-paging') found = { ...found, isEndless: true };
  }
  return found;
}

function log(requests: LoggedRequest[], request: IncomingMessage, response: ServerResponse): MutableLog {
  const entry: MutableLog = {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    headerNames: Object.keys(request.headers),
    startedMs: performance.now(),
  };
  response.once('close', () => {
    entry.endedMs = performance.now();
    if (response.headersSent) entry.status = response.statusCode;
  });
  requests.push(entry);
  if (requests.length > MAXIMUM_LOG) requests.splice(0, MAXIMUM_LOG / 10);
  return entry;
}

function splitOnce(value: string, separator: string): [string, string?] {
  const at = value.indexOf(separator);
  return at < 0 ? [value] : [value.slice(0, at), value.slice(at + 1)];
}
