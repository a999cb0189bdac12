import { isObject, member, textMember } from '../../sandbox/resource-json.js';
import type { Exchange } from './exchange.js';

/** What a rule saw: one line, and where one exchange shows it, that exchange, shortened and without tokens. */
export interface Evidence {
  readonly says: string;
  readonly request?: string;
  readonly response?: string;
}

const MAXIMUM = 600;
const SECRET_MEMBERS: ReadonlySet<string> = new Set(['access_token', 'id_token', 'refresh_token']);
const COMPACT_JWS = /\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g;
const BEARER = /\bBearer\s+[A-Za-z0-9._~+/=-]{8,}/gi;

/** Evidence of one exchange. `part` is what of the response shows it; the whole response unless given. */
export function evidenceOf(says: string, exchange?: Exchange, part?: unknown): Evidence {
  if (!exchange) return { says: withoutTokens(says) };
  return {
    says: withoutTokens(says),
    request: describeRequest(exchange),
    response: describeResponse(exchange, part),
  };
}

function describeRequest({ method, path, label, sent }: Exchange): string {
  const body = sent === undefined ? '' : `\n${shorten(jsonOf(summary(sent)))}`;
  return withoutTokens(`${method} ${path} (${label})${body}`);
}

function describeResponse({ status, text, body, trouble }: Exchange, part: unknown): string {
  if (status === 0) return `no answer: ${trouble ?? 'the connection broke'}`;
  const shown: unknown = part ?? body;
  return withoutTokens(`HTTP ${status}\n${shorten(shown === undefined ? text : jsonOf(masked(shown)))}`);
}

/** A hook call with each prefetch value told by its kind: whole charts show nothing. */
function summary(sent: unknown): unknown {
  const prefetch = member(sent, 'prefetch');
  const shown = masked(sent);
  if (!isObject(prefetch) || !isObject(shown)) return shown;
  const states: Readonly<Record<string, string>> = Object.fromEntries(
    Object.entries(prefetch).map(([key, value]: [string, unknown]) => [key, prefetchState(value)]),
  );
  return { ...shown, prefetch: states };
}

function prefetchState(value: unknown): string {
  if (value === null) return 'null';
  const type = textMember(value, 'resourceType') ?? typeof value;
  const entries = member(value, 'entry');
  return type === 'Bundle' ? `Bundle of ${Array.isArray(entries) ? entries.length : 0}` : type;
}

/** The same JSON with the value of every token replaced. */
function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => masked(item));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]: [string, unknown]) => [
      name,
      SECRET_MEMBERS.has(name) ? '(token)' : masked(inner),
    ]),
  );
}

/** The text without anything that looks like a token. */
export function withoutTokens(text: string): string {
  return text.replace(COMPACT_JWS, '(token)').replace(BEARER, 'Bearer (token)');
}

function jsonOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** At most so many characters, with a sign where something was left out. */
export function shorten(text: string, maximum = MAXIMUM): string {
  return text.length <= maximum ? text : `${text.slice(0, maximum - 1)}…`;
}
