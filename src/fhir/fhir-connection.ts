import { Client } from 'fhir-kit-client';
import { child, isElement, number, type Element } from '../record/element.js';
import { withTimeout } from './deadline.js';
import { withinExchange, type Exchange } from './exchange.js';
import type { FhirAccessOptions } from './fhir-access-options.js';
import type { FhirCall, FhirJournal } from './fhir-report.js';
import { withinBase, type ServerAccess } from './server-access.js';

/** What a GET brought: FHIR JSON, something else (a raw Binary), or nothing usable. */
export type FhirAnswer =
  | { readonly kind: 'json'; readonly body: Element }
  | { readonly kind: 'raw'; readonly contentType: string; readonly body: Uint8Array }
  | { readonly kind: 'failed'; readonly reason: FailureReason };
export type FailureReason = 'timeout' | 'unauthorized' | 'not-supported' | 'upstream-error';

export interface FhirConnection {
  /** Scopes of the token; undefined for a server that is called without one. */
  readonly scope: string | undefined;
  readonly base: URL;
  /**
   * GETs a URL that `withinBase` has let through (any other is refused without a call). Never throws, never retries,
   * never follows a redirect, and is over when the assembly's deadline or the time of one call is.
   */
  readonly get: (url: URL, about: Pick<FhirCall, 'source' | 'purpose' | 'resourceType'>) => Promise<FhirAnswer>;
}

const TIMED_OUT: FhirAnswer = { kind: 'failed', reason: 'timeout' };
/** An HTML page, `{}`, anything that is not a resource. */
const NO_RESOURCE: FhirAnswer = { kind: 'failed', reason: 'upstream-error' };

/**
 * The one place that uses fhir-kit-client: as HTTP client with our headers, redirect rule and signal. Its `nextPage` is
 * not used (it follows any link, with the token), and its errors end here (they hold URLs and bodies).
 */
export function openConnection(
  { base, authorization }: Extract<ServerAccess, { kind: 'open' }>,
  { perCallTimeoutMs, maxResponseBytes }: FhirAccessOptions,
  deadline: AbortSignal,
  journal: FhirJournal,
): FhirConnection {
  const client = new Client({
    baseUrl: base.href,
    customHeaders: { 'accept-encoding': 'gzip' },
    requestOptions: { redirect: 'manual', credentials: 'omit', referrerPolicy: 'no-referrer' },
    ...(authorization === undefined ? {} : { bearerToken: authorization.accessToken }),
  });
  return {
    scope: authorization?.scope,
    base,
    get: async (url, about) => {
      if (withinBase(base, url.href)?.href !== url.href) return { kind: 'failed', reason: 'not-supported' };
      const exchange: Exchange = { maxBytes: maxResponseBytes };
      const startedAt = performance.now();
      const received = await withTimeout(deadline, perCallTimeoutMs, TIMED_OUT, (signal) =>
        withinExchange(exchange, () => request(client, url, signal, exchange)),
      );
      const answer = received.kind === 'raw' && about.purpose !== 'attachment' ? NO_RESOURCE : received;
      if (exchange.isTooLarge === true) journal.flag('response-too-large');
      journal.calls.push({
        ...about,
        outcome: answer.kind === 'failed' ? answer.reason : 'ok',
        ...(exchange.status === undefined ? {} : { status: exchange.status }),
        durationMs: performance.now() - startedAt,
        bytes: exchange.body?.byteLength ?? 0,
      });
      return answer;
    },
  };
}

async function request(client: Client, url: URL, signal: AbortSignal, exchange: Exchange): Promise<FhirAnswer> {
  try {
    const body: unknown = await client.request(url.href, { options: { signal } });
    if (isElement(body) && typeof body['resourceType'] === 'string') return { kind: 'json', body };
    return asRaw(exchange);
  } catch (error) {
    if (signal.aborted) return TIMED_OUT;
    const status = statusOf(error) ?? exchange.status;
    if (status === 200) return asRaw(exchange);
    return { kind: 'failed', reason: reasonOf(status) };
  }
}

/** A successful answer that is not a FHIR resource in JSON; only an attachment may be one. */
function asRaw({ status, contentType = '', body, isTooLarge }: Exchange): FhirAnswer {
  if (status !== 200 || body === undefined || isTooLarge === true) return { kind: 'failed', reason: 'upstream-error' };
  return { kind: 'raw', contentType, body };
}

/** fhir-kit-client's errors hold `response.status`; a cut connection has none. */
function statusOf(error: unknown): number | undefined {
  return isElement(error) ? number(child(error, 'response'), 'status') : undefined;
}

/** 400, 404, 405, 406 and 501 say that the server does not do this query. */
function reasonOf(status: number | undefined): FailureReason {
  if (status === 401 || status === 403) return 'unauthorized';
  if (status === 400 || status === 404 || status === 405 || status === 406 || status === 501) return 'not-supported';
  return 'upstream-error';
}
