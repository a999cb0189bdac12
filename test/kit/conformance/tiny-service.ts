import { KeyObject, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify, type JWK, type JWTPayload } from 'jose';
import type { SigningKey } from '../../../src/kit/conformance/client-tokens.js';

export const TINY_ISSUER = 'https://ehr.example.org';
export const TINY_ORIGIN = 'https://pages.example.org';
const ID = 'tiny';
const RED_CELLS = '116863004';
const HAEMOGLOBIN = '718-7';

/** Anything with members, as JSON comes. */
export type Json = Readonly<Record<string, unknown>>;

/** The parts of the tiny service; a broken service is the same with one of them changed. */
export interface TinyParts {
  readonly discoveryPath: string;
  /** Throws where it is refused. */
  readonly discovery: (hasToken: boolean) => unknown;
  /** Path of a request as it is looked up. */
  readonly lookUp: (path: string) => string;
  /** Are these claims and this header those of a client? The signature is checked before, but where `skipsSignature` says so. */
  readonly acceptsClaims: (claims: JWTPayload, audiences: readonly string[], seen: Set<string>) => boolean;
  readonly skipsSignature: (header: Json) => boolean;
  /** Body of a 401. */
  readonly refusal: (why: string) => unknown;
  /** Throws where the body is refused; what it throws is the status. */
  readonly checkBody: (body: Json) => void;
  readonly isAbsent: (value: unknown, prefetch: unknown) => boolean;
  readonly mayAsk: (scope: string, resourceType: string) => boolean;
  readonly isExpired: (expiresIn: unknown) => boolean;
  readonly fhirHeaders: (accessToken: string | undefined) => Readonly<Record<string, string>>;
  readonly isOwn: (resource: unknown, patientId: string) => boolean;
  readonly followsNext: boolean;
  /** Status where required data cannot be had; undefined: answered all the same. */
  readonly statusWithoutData: (labs: readonly unknown[] | undefined) => number | undefined;
  readonly cards: (haemoglobin: number | undefined, body: Json) => readonly unknown[];
  readonly envelope: (cards: readonly unknown[]) => unknown;
  /** Body for orders that are not about blood; throws where they are refused. */
  readonly otherOrders: () => unknown;
  readonly readsBeforeScreening: boolean;
  /** Body of a refusal other than 401. */
  readonly refused: () => unknown;
  readonly preflightHeaders: (method: string) => Readonly<Record<string, string>>;
  readonly answerHeaders: (status: number) => Readonly<Record<string, string>>;
  readonly feedbackIsOpen: boolean;
  readonly feedbackStatus: (items: readonly Json[], known: ReadonlySet<string>) => number;
}

export interface TinyService {
  readonly url: string;
  /** Of its one client. */
  readonly clientKey: SigningKey;
  close(): Promise<void>;
}

const coding = (code: string, display: string): Json => ({
  system: 'https://tiny.example.org/fhir/CodeSystem/tiny',
  code,
  display,
});

export function tinyCard(haemoglobin: number | undefined): Json {
  return {
    uuid: randomUUID(),
    summary:
      haemoglobin === undefined ? 'No haemoglobin on record' : `Haemoglobin ${haemoglobin} g/dL before this order`,
    detail: '**Restrictive** transfusion is the rule.',
    indicator: 'info',
    source: { label: 'Tiny service', url: 'https://tiny.example.org/about', topic: coding('HB', 'Haemoglobin') },
    suggestions: [
      {
        label: 'Withdraw the order',
        uuid: randomUUID(),
        isRecommended: true,
        actions: [
          { type: 'delete', description: 'Delete the draft', resourceId: 'ServiceRequest/draft-1' },
          {
            type: 'create',
            description: 'Order a count',
            resource: { resourceType: 'ServiceRequest', status: 'draft' },
          },
        ],
      },
      { label: 'Keep it', uuid: randomUUID() },
    ],
    selectionBehavior: 'at-most-one',
    overrideReasons: [coding('bleeding', 'Active bleeding')],
    links: [
      { label: 'Read more', url: 'https://tiny.example.org/more', type: 'absolute', autolaunchable: false },
      { label: 'Open the app', url: 'https://tiny.example.org/launch', type: 'smart', appContext: 'tiny-1' },
    ],
    extension: { 'davinci-crd.associated-resource': ['ServiceRequest/draft-1'] },
  };
}

export function tinyDiscovery(): { readonly services: readonly Json[] } {
  return {
    services: [
      {
        hook: 'order-sign',
        hookVersion: '1.0',
        id: ID,
        title: 'Tiny service',
        description: 'Tells the haemoglobin.',
        usageRequirements: 'Patient and Observation.',
        version: '2.0.1',
        prefetch: {
          patient: 'Patient/{{context.patientId}}',
          labs: `Observation?patient={{context.patientId}}&code=${HAEMOGLOBIN},2524-7&_sort=-date&_count=50`,
          vitals: 'Observation?patient={{context.patientId}}&code=8867-4&_sort=-date&_count=400',
        },
      },
    ],
  };
}

const NOW_S = (): number => Math.floor(Date.now() / 1000);
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The correct one. */
export const CORRECT: TinyParts = {
  discoveryPath: '/cds-services',
  discovery: tinyDiscovery,
  acceptsClaims: ({ iss, aud, iat, exp, jti }, audiences, seen) => {
    const isFor = (typeof aud === 'string' ? [aud] : (aud ?? [])).some((one) => audiences.includes(one));
    if (iss !== TINY_ISSUER || !isFor || iat === undefined || exp === undefined || jti === undefined) return false;
    if (exp < NOW_S() || exp - iat > 3_600 || iat > NOW_S() + 60 || seen.has(jti)) return false;
    seen.add(jti);
    return true;
  },
  skipsSignature: () => false,
  refusal: () => outcome('login', 'Not authenticated'),
  checkBody: (body) => {
    if (body['hook'] !== 'order-sign') throw new Refusal(400);
  },
  isAbsent: (value) => value === undefined,
  mayAsk: (scope, type) =>
    scope.split(' ').some((one) => one === `patient/${type}.rs` || /^patient\/\*\.(rs|read)$/.test(one)),
  fhirHeaders: (token): Readonly<Record<string, string>> =>
    token === undefined ? {} : { Authorization: `Bearer ${token}` },
  isOwn: (resource, patientId) => at(resource, 'subject', 'reference') === `Patient/${patientId}`,
  followsNext: false,
  isExpired: (expiresIn) => expiresIn === 0,
  lookUp: (path) => path.replace(/\/$/, ''),
  statusWithoutData: (labs) => (labs === undefined ? 412 : undefined),
  cards: (haemoglobin) => [tinyCard(haemoglobin)],
  envelope: (cards) => ({ cards }),
  otherOrders: () => ({ cards: [] }),
  readsBeforeScreening: false,
  refused: () => outcome('invalid', 'Refused'),
  feedbackIsOpen: false,
  preflightHeaders: () => ({
    'Access-Control-Allow-Origin': TINY_ORIGIN,
    'Access-Control-Allow-Methods': 'GET, POST, OPTIONS',
    'Access-Control-Allow-Headers': 'Authorization, Content-Type, Accept',
    Vary: 'Origin',
  }),
  answerHeaders: () => ({ 'Access-Control-Allow-Origin': TINY_ORIGIN, Vary: 'Origin' }),
  feedbackStatus: () => 200,
};

export class Refusal extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`refused with ${status}`);
    this.status = status;
  }
}

export function outcome(code: string, text: string): Json {
  return { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code, details: { text } }] };
}

/** Starts it on a free port of 127.0.0.1, insisting on tokens of one client unless `isOpen`. */
export async function startTinyService(parts: TinyParts = CORRECT, { isOpen = false } = {}): Promise<TinyService> {
  const pair = await generateKeyPair('ES384', { extractable: true });
  const publicKey: JWK = { ...(await exportJWK(pair.publicKey)), kid: 'tiny-client', use: 'sig', alg: 'ES384' };
  const keys = createLocalJWKSet({ keys: [publicKey] });
  const state: State = { parts, isOpen, keys, seen: new Set(), known: new Set() };
  const server = createServer((request, response) => {
    answer(state, request, response).catch((error: unknown) => {
      send(state, response, error instanceof Refusal ? error.status : 500, parts.refused());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    clientKey: { privateKey: KeyObject.from(pair.privateKey), algorithm: 'ES384', kid: 'tiny-client' },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface State {
  readonly parts: TinyParts;
  readonly isOpen: boolean;
  readonly keys: ReturnType<typeof createLocalJWKSet>;
  readonly seen: Set<string>;
  /** Uuids of the cards sent. */
  readonly known: Set<string>;
}

function send({ parts }: State, response: ServerResponse, status: number, body?: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...parts.answerHeaders(status) });
  response.end(body === undefined ? '' : JSON.stringify(body));
}

async function answer(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { parts } = state;
  const path = parts.lookUp((request.url ?? '/').split('?')[0] ?? '');
  const body = await text(request);
  if (request.method === 'OPTIONS') {
    response.writeHead(204, parts.preflightHeaders(request.method)).end();
    return;
  }
  if (request.method === 'GET' && path === parts.discoveryPath) {
    send(state, response, 200, parts.discovery(request.headers.authorization !== undefined));
    return;
  }
  const [, id = '', action] = /^\/cds-services\/([^/]+)(\/feedback)?$/.exec(path) ?? [];
  if (request.method !== 'POST' || id === '') throw new Refusal(404);
  const base = `http://${request.headers.host ?? ''}`;
  const audiences = [`${base}/cds-services/${id}`, ...(action === undefined ? [] : [`${base}${path}`])];
  const isOpen = state.isOpen || (parts.feedbackIsOpen && action !== undefined);
  const why = isOpen ? undefined : await refusalOf(state, request, audiences);
  if (why !== undefined) {
    send(state, response, 401, parts.refusal(why));
    return;
  }
  if (id !== ID) throw new Refusal(404);
  if (!(request.headers['content-type'] ?? '').startsWith('application/json')) throw new Refusal(415);
  const parsed = parseObject(body);
  if (action !== undefined) {
    const items = list(parsed['feedback']).map((item) => ({ ...(item as Json) }));
    const status = parts.feedbackStatus(items, state.known);
    send(state, response, status, status < 300 ? {} : parts.refused());
    return;
  }
  parts.checkBody(parsed);
  const { status, content } = await assess(state, parsed);
  send(state, response, status, content);
}

/** Why a token is refused; undefined where it is good. */
async function refusalOf(
  { parts, keys, seen }: State,
  request: IncomingMessage,
  audiences: readonly string[],
): Promise<string | undefined> {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined) return 'no token';
  const [header = '', claims = ''] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString());
  if (parts.skipsSignature(parseObject(header))) {
    return parts.acceptsClaims(parseObject(claims), audiences, seen) ? undefined : 'claims';
  }
  try {
    // The claims are looked at by `acceptsClaims`, so that each check can be left out by itself.
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ['ES384'],
      currentDate: new Date(0),
      clockTolerance: 1e12,
    });
    return parts.acceptsClaims(payload, audiences, seen) ? undefined : 'claims';
  } catch {
    return 'signature';
  }
}

async function assess(state: State, body: Json): Promise<{ readonly status: number; readonly content: unknown }> {
  const { parts } = state;
  const orders = list(at(body, 'context', 'draftOrders', 'entry'));
  const isBlood = orders.some((entry) => JSON.stringify(entry).includes(RED_CELLS));
  if (!isBlood && !parts.readsBeforeScreening) return { status: 200, content: parts.otherOrders() };
  const patientId = String(at(body, 'context', 'patientId'));
  const templates = Object.entries(at(tinyDiscovery().services[0], 'prefetch') as Readonly<Record<string, string>>);
  const found = new Map<string, unknown>();
  for (const [key, template] of templates) {
    const given = at(body, 'prefetch', key);
    const path = template.replace('{{context.patientId}}', patientId);
    found.set(key, parts.isAbsent(given, at(body, 'prefetch')) ? ((await read(parts, body, path)) ?? given) : given);
  }
  if (!isBlood) return { status: 200, content: parts.otherOrders() };
  const labs = resourcesIn(found.get('labs'));
  const status = parts.statusWithoutData(labs);
  if (status !== undefined) return { status, content: parts.refused() };
  if (parts.followsNext) await followNext(parts, body, found.get('labs'));
  const own = (labs ?? []).filter((resource) => parts.isOwn(resource, patientId));
  const newest = own.find((resource) => JSON.stringify(at(resource, 'code')).includes(`"${HAEMOGLOBIN}"`));
  const value = at(newest, 'valueQuantity', 'value');
  const cards = parts.cards(typeof value === 'number' ? value : undefined, body);
  for (const card of cards) state.known.add(String(at(card, 'uuid')));
  return { status: 200, content: parts.envelope(cards) };
}

/** undefined where it may not or cannot be read. */
async function read(parts: TinyParts, body: Json, path: string): Promise<unknown> {
  const server = at(body, 'fhirServer');
  const authorization = at(body, 'fhirAuthorization');
  const [type = ''] = path.split(/[/?]/);
  if (typeof server !== 'string') return undefined;
  if (authorization !== undefined) {
    if (!parts.mayAsk(String(at(authorization, 'scope')), type) || parts.isExpired(at(authorization, 'expires_in')))
      return undefined;
  }
  const token = at(authorization, 'access_token');
  const response = await fetch(`${server}/${path}`, {
    headers: parts.fhirHeaders(typeof token === 'string' ? token : undefined),
  });
  return response.status === 200 ? response.json() : undefined;
}

async function followNext(parts: TinyParts, body: Json, bundle: unknown): Promise<void> {
  for (const link of list(at(bundle, 'link'))) {
    if (at(link, 'relation') !== 'next') continue;
    const token = at(body, 'fhirAuthorization', 'access_token');
    await fetch(String(at(link, 'url')), { headers: parts.fhirHeaders(typeof token === 'string' ? token : undefined) });
  }
}

/** The resources of a prefetched or fetched search; undefined where it failed. */
function resourcesIn(bundle: unknown): readonly unknown[] | undefined {
  if (bundle === undefined) return undefined;
  if (bundle === null) return [];
  if (at(bundle, 'resourceType') !== 'Bundle') return undefined;
  const resources = list(at(bundle, 'entry')).map((entry) => at(entry, 'resource'));
  return resources.some((one) => at(one, 'resourceType') === 'OperationOutcome') ? undefined : resources;
}

function parseObject(json: string): Json {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch {
    // Told below.
  }
  throw new Refusal(400);
}

/** The value at a path of names; undefined where there is none. */
export function at(value: unknown, ...names: readonly string[]): unknown {
  return names.reduce<unknown>(
    (inner, name) => (typeof inner === 'object' && inner !== null ? (inner as Json)[name] : undefined),
    value,
  );
}
