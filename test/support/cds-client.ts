import { emptyMembers } from '../../src/cds-hooks/empty-members.js';

/** An answer of the service, its JSON body already scanned. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed JSON; undefined where the answer has no body. */
  readonly body: unknown;
}

export interface CdsTestClient {
  readonly baseUrl: string;
  discover(): Promise<Answer>;
  /** POSTs a hook call to a service. */
  call(serviceId: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** Any request. */
  send(path: string, init?: RequestInit): Promise<Answer>;
}

/**
 * The CDS client of the tests. It checks every answer it gets: JSON, and no null, `""`, `[]` or `{}` other than
 * `cards: []` and `services: []` (req. 2).
 */
export function cdsTestClient(baseUrl: string): CdsTestClient {
  const send = async (path: string, init: RequestInit = {}): Promise<Answer> =>
    readAnswer(path, await fetch(`${baseUrl}${path}`, init));
  return {
    baseUrl,
    send,
    discover: () => send('/cds-services'),
    call: (serviceId, body, headers = {}) =>
      send(`/cds-services/${serviceId}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
  };
}

/** Addresses that may answer with something else than JSON: text for Prometheus, a page for people. */
const NOT_ONLY_JSON = ['/metrics', '/model-card'];

/** An OpenAPI document writes an empty list for a scheme without scopes, and shows an answer without cards. */
const MAY_BE_EMPTY: Readonly<Record<string, readonly string[]>> = {
  '/openapi.json': [
    'paths./cds-services/{id}.post.security[0].clientJwt',
    'paths./cds-services/{id}/feedback.post.security[0].clientJwt',
    'paths./cds-services/{id}.post.responses.200.content.application/json.examples.noCard.value.cards',
  ],
};

async function readAnswer(path: string, response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false;
  if (!isJson && NOT_ONLY_JSON.includes(path)) {
    return { status: response.status, headers: response.headers, text, body: undefined };
  }
  if (text === '') return { status: response.status, headers: response.headers, text, body: undefined };
  const body: unknown = JSON.parse(text);
  const empty = emptyMembers(body, MAY_BE_EMPTY[path] ?? ['cards', 'services']);
  if (empty.length > 0) throw new Error(`the answer has members without a value (req. 2): ${empty.join(', ')}`);
  return { status: response.status, headers: response.headers, text, body };
}

/** What an OperationOutcome says: code of ours, FHIR issue code, words, element. */
export interface Issue {
  readonly severity: string;
  readonly code: string;
  readonly errorCode: string;
  readonly text: string;
  readonly expression: string | undefined;
}

/** The only issue of an answer's OperationOutcome; throws when the body is anything else. */
export function issueOf({ body }: Answer): Issue {
  const outcome = record(body);
  if (outcome['resourceType'] !== 'OperationOutcome') throw new Error('the body is not an OperationOutcome');
  const issue = record(only(outcome['issue']));
  const details = record(issue['details']);
  return {
    severity: String(issue['severity']),
    code: String(issue['code']),
    errorCode: String(record(only(details['coding']))['code']),
    text: String(details['text']),
    expression: issue['expression'] === undefined ? undefined : String(only(issue['expression'])),
  };
}

function only(value: unknown): unknown {
  if (!Array.isArray(value) || value.length !== 1) throw new Error('not an array of one');
  return value[0];
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error('not an object');
  return { ...value };
}
