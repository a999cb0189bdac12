import { Client } from 'fhir-kit-client';
import { child, children, isElement, number, type Element } from '../record/element.js';
import type { CallOutcome, Turn } from './bases/base-gate.js';
import { AddressRefused } from './bases/checked-connector.js';
import type { FhirBases } from './bases/fhir-bases.js';
import { hasForeignShape, versionOfContentType } from './bases/fhir-version.js';
import { askedWaitMs } from './bases/retry-after.js';
import type { ChartBudget } from './chart-budget.js';
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
export type FailureReason =
  'timeout' | 'unauthorized' | 'not-supported' | 'upstream-error' | 'server-busy' | 'no-access' | 'not-r4';

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

/** What a connection is opened with. */
export interface ConnectionParts {
  readonly options: FhirAccessOptions;
  readonly bases: FhirBases;
  readonly deadline: AbortSignal;
  readonly journal: FhirJournal;
  readonly budget: ChartBudget;
  /** W3C trace context of the hook call; sent on. */
  readonly traceparent?: string | undefined;
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
  parts: ConnectionParts,
): FhirConnection {
  const { options, bases, deadline, journal, budget, traceparent } = parts;
  const { gate, version } = bases.of(base);
  const client = new Client({
    baseUrl: base.href,
    customHeaders: { 'accept-encoding': 'gzip', ...(traceparent === undefined ? {} : { traceparent }) },
    ...(authorization === undefined ? {} : { bearerToken: authorization.accessToken }),
  });
  const send = async (url: URL, exchange: Exchange): Promise<FhirAnswer> => {
    const turn = await gate.enter(deadline);
    if (turn.kind === 'no') return refusedTurn(turn, journal);
    const sentAt = performance.now();
    const answer = await withTimeout(deadline, options.perCallTimeoutMs, TIMED_OUT, (signal) =>
      withinExchange(exchange, () => request(client, url, signal, exchange)),
    );
    const { maxRetryAfterMs: longestMs, wallClock } = bases.options;
    const waitMs = askedWaitMs(exchange.status, exchange.retryAfter, { wallClockMs: wallClock(), longestMs });
    if (waitMs !== undefined) journal.flag('asked-to-wait');
    turn.end(outcomeOf(answer, exchange, performance.now() - sentAt >= options.perCallTimeoutMs / 2), waitMs);
    if (waitMs !== undefined) return { kind: 'failed', reason: 'server-busy' };
    return answer;
  };
  return {
    scope: authorization?.scope,
    base,
    get: async (url, about) => {
      if (withinBase(base, url.href)?.href !== url.href) return { kind: 'failed', reason: 'not-supported' };
      if (version.isRefused()) {
        journal.flag('not-r4');
        return { kind: 'failed', reason: 'not-r4' };
      }
      const exchange: Exchange = {
        maxBytes: options.maxResponseBytes,
        take: budget.takeBytes,
        dispatcher: bases.dispatcher,
      };
      const startedAt = performance.now();
      const received = await send(url, exchange);
      const said = versionOfContentType(exchange.contentType ?? '');
      if (said !== undefined) version.note(said);
      const answer = checked(received, about, parts, version.isRefused());
      if (exchange.isTooLarge === true) journal.flag('response-too-large');
      if (exchange.failure !== undefined && isAddressRefused(exchange.failure)) journal.flag('address-refused');
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

/** An answer that is of use: of the right version, of a form that was asked for, and within what one chart may take. */
function checked(
  answer: FhirAnswer,
  { purpose }: Pick<FhirCall, 'purpose'>,
  { journal, budget }: ConnectionParts,
  isVersionRefused: boolean,
): FhirAnswer {
  if (answer.kind === 'failed') return answer;
  if (isVersionRefused) {
    journal.flag('not-r4');
    return { kind: 'failed', reason: 'not-r4' };
  }
  if (answer.kind === 'raw') return purpose === 'attachment' ? answer : NO_RESOURCE;
  const resources = [answer.body, ...children(answer.body, 'entry').map((entry) => child(entry, 'resource'))];
  if (resources.some(hasForeignShape)) {
    journal.flag('not-r4');
    return { kind: 'failed', reason: 'not-r4' };
  }
  if (!budget.takeResources(resources.length)) {
    journal.flag('chart-too-large');
    return NO_RESOURCE;
  }
  return answer;
}

function refusedTurn({ why }: Extract<Turn, { kind: 'no' }>, journal: FhirJournal): FhirAnswer {
  switch (why) {
    case 'cut':
      return TIMED_OUT;
    case 'open':
      journal.flag('server-down');
      return NO_RESOURCE;
    case 'paused':
    case 'full':
      journal.flag('server-spared');
      return { kind: 'failed', reason: 'server-busy' };
  }
}

/** Was it the server that failed? A refused address, an answer too large and a call cut soon after its start do not tell. */
function outcomeOf(answer: FhirAnswer, { status, failure, isTooLarge }: Exchange, isLong: boolean): CallOutcome {
  if (answer.kind === 'failed' && answer.reason === 'timeout') return isLong ? 'failed' : 'unsent';
  if (status !== undefined) return status >= 500 && status !== 501 ? 'failed' : 'answered';
  if (isTooLarge === true || isAddressRefused(failure)) return 'unsent';
  return 'failed';
}

async function request(client: Client, url: URL, signal: AbortSignal, exchange: Exchange): Promise<FhirAnswer> {
  try {
    const body: unknown = await client.request(url.href, { options: { signal } });
    if (isElement(body) && typeof body['resourceType'] === 'string') return { kind: 'json', body };
    return asRaw(exchange);
  } catch (error) {
    if (signal.aborted) return TIMED_OUT;
    if (isAddressRefused(exchange.failure)) return { kind: 'failed', reason: 'no-access' };
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

/** undici gives the reason of a failed fetch as the cause, in a list where several addresses were tried. */
function isAddressRefused(error: unknown): boolean {
  if (error instanceof AddressRefused) return true;
  if (error instanceof AggregateError) return error.errors.some(isAddressRefused);
  return error instanceof Error && error.cause !== undefined && isAddressRefused(error.cause);
}

/** 400, 404, 405, 406 and 501 say that the server does not do this query. */
function reasonOf(status: number | undefined): FailureReason {
  if (status === 401 || status === 403) return 'unauthorized';
  if (status === 429) return 'server-busy';
  if (status === 400 || status === 404 || status === 405 || status === 406 || status === 501) return 'not-supported';
  return 'upstream-error';
}
