import type { IncomingHttpHeaders } from 'node:http';
import type { FhirServerAccess } from './fhir-server-access.js';
import { exchange, type HttpAnswer, type HttpRequest } from './http-exchange.js';
import { isHtml, oneLine, outcomeWords, pageTitle } from './outcome-words.js';
import type { ServerProblem } from './server-problem.js';

/** An answer of a FHIR server: a success, or a refusal that the caller must judge (400, 404, 409, 410, 412, 413, 422 ...). */
export interface FhirAnswer {
  readonly kind: 'answer';
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Parsed body; undefined where it is empty or no JSON. */
  readonly json: unknown;
  /** What a refusal says for itself, on one line. */
  readonly said?: string;
  /** How often it was sent until this came. */
  readonly attempts: number;
}

export interface FhirRequestOptions extends Omit<HttpRequest, 'url'> {
  /** Below the base (`Patient?_id=1`, empty for the base itself), or an absolute address of the same origin. */
  readonly path: string;
  /** Refusals to try again like 429 and 503. */
  readonly isWorthRetrying?: (answer: FhirAnswer) => boolean;
  /** A server that has never answered is not waited for when it refuses connections. */
  readonly isFirstContact?: true;
}

const BUSY: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/**
 * Sends a request and waits out a busy server: 429 and 502 to 504, and broken connections, are tried again up to `access.attempts`
 * times, after `Retry-After` or with a wait that doubles. Every request of the kit may be sent twice without harm.
 * Throws only the abort reason of `access.signal`.
 */
export async function fhirRequest(
  access: FhirServerAccess,
  request: FhirRequestOptions,
): Promise<FhirAnswer | ServerProblem> {
  const { path, isWorthRetrying, isFirstContact, ...rest } = request;
  const http: HttpRequest = { ...rest, url: urlOf(access.baseUrl, path) };
  for (let attempt = 1; ; attempt += 1) {
    const raw = await exchange(access, http);
    const result = raw.kind === 'http-answer' ? judge(access, rest.method, raw, attempt) : raw;
    const pauseMs = pauseBefore(access, raw, attempt);
    const isTransient =
      result.kind === 'answer' ? (isWorthRetrying?.(result) ?? false) : mayPass(result, isFirstContact ?? false);
    if (!isTransient || attempt >= access.attempts || pauseMs > access.longestWaitMs) return result;
    await access.wait(pauseMs, access.signal);
  }
}

function urlOf(baseUrl: string, path: string): string {
  if (/^https?:/.test(path)) return path;
  return path === '' || path.startsWith('?') ? `${baseUrl}${path}` : `${baseUrl}/${path}`;
}

/** What cannot be worked with, told from status and body. */
function judge(
  { token }: FhirServerAccess,
  method: HttpRequest['method'],
  { status, headers, text }: HttpAnswer,
  attempts: number,
): FhirAnswer | ServerProblem {
  const json = parsed(text);
  const said = status < 300 ? undefined : outcomeWords(json, text);
  const saying = said === undefined ? {} : { said };
  if (status >= 300 && status < 400 && status !== 304) {
    const { location } = headers;
    return { kind: 'redirected', status, ...(location === undefined ? {} : { location: safeLocation(location) }) };
  }
  if (status === 401 || (status === 403 && method === 'GET'))
    return { kind: 'needs-authorization', status, hadToken: token !== undefined };
  if (status === 429) {
    const retryAfterMs = retryAfter(headers, Date.now());
    return { kind: 'rate-limited', attempts, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }
  if (status >= 500 && status !== 501) return { kind: 'server-error', status, attempts, ...saying };
  if (status < 300 && text !== '' && json === undefined) {
    if (looksLikeJson(text)) return { kind: 'broken-answer', status };
    if (!isHtml(text)) return { kind: 'not-fhir', reason: 'not-json', status };
    const title = pageTitle(text);
    return { kind: 'not-fhir', reason: 'html', status, ...(title === undefined ? {} : { said: title }) };
  }
  return { kind: 'answer', status, headers, json, attempts, ...saying };
}

/** Only what another attempt may cure; a refused connection too, for a server that did answer may be restarting. */
function mayPass(problem: ServerProblem, isFirstContact: boolean): boolean {
  switch (problem.kind) {
    case 'rate-limited':
      return true;
    case 'server-error':
      return BUSY.has(problem.status) || isConflict(problem.said);
    case 'unreachable':
      return !isFirstContact && (problem.reason === 'refused' || problem.reason === 'cut');
    default:
      return false;
  }
}

/** Databases that gave up one of two transactions: HAPI passes their words on under 500. */
function isConflict(said: string | undefined): boolean {
  return /deadlock|lock timeout|could not serialize|concurrent|constraint (violation|failure)|version conflict/i.test(
    said ?? '',
  );
}

function pauseBefore({ backoffMs }: FhirServerAccess, raw: HttpAnswer | ServerProblem, attempt: number): number {
  const asked = raw.kind === 'http-answer' ? retryAfter(raw.headers, Date.now()) : undefined;
  return asked ?? backoffMs * 2 ** (attempt - 1);
}

/** Milliseconds to wait that a `Retry-After` asks for, given as seconds or as a date. @see RFC 9110, 10.2.3 */
function retryAfter(headers: IncomingHttpHeaders, nowMs: number): number | undefined {
  const value = headers['retry-after']?.trim();
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

/** Without query and fragment: a login page's address carries secrets there. */
function safeLocation(location: string): string {
  return oneLine(location.split(/[?#]/, 1)[0] ?? '');
}

function looksLikeJson(text: string): boolean {
  return /^\s*[[{]/.test(text);
}

function parsed(text: string): unknown {
  if (!looksLikeJson(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
