import { member, textMember, valuesAt } from '../../sandbox/resource-json.js';
import type { PrefetchQuery } from '../../sandbox/fill-prefetch.js';
import { oneLine } from '../fhir-server/outcome-words.js';
import type { CdsConnection } from './cds-connection.js';
import { serviceUrl } from './cds-connection.js';
import { TOKEN_LIFETIME_S } from './client-signer.js';
import type { FiredOrder, PreparedOrder } from './fire-order.js';
import { statusHint } from './status-hint.js';

/** What is asked and sent, line by line, for a terminal. Never a token. */
export function requestLines(prepared: PreparedOrder, connection: CdsConnection): readonly string[] {
  const { service, request, coding, encounterSays, notes } = prepared;
  const url = serviceUrl(connection, service.id);
  const { signer } = connection;
  const [order] = valuesAt(request.context.draftOrders, 'entry.resource');
  const title = textMember(service.entry, 'title');
  const bytes = Buffer.byteLength(JSON.stringify(request));
  return [
    `service      ${url}${title === undefined ? '' : ` (${oneLine(title)})`}`,
    `FHIR server  ${fhirWords(prepared)}`,
    `patient      ${oneLine(request.context.patientId)}, user ${oneLine(request.context.userId)}`,
    `encounter    ${encounterSays}`,
    `order        ${textMember(order, 'resourceType') ?? ''} ${coding.system}|${coding.code}${coding.display === undefined ? '' : ` ${coding.display}`}, ${unitsOf(order)}`,
    ...prefetchLines(prepared),
    ...(signer
      ? [
          `client       JWT ${signer.algorithm}, kid ${oneLine(signer.kid)}, iss ${oneLine(signer.issuer)}, aud ${signer.audienceOf(url)}, ${TOKEN_LIFETIME_S} s (not shown)`,
        ]
      : ['client       no JWT']),
    `request      POST, ${kilobytes(bytes)}, hookInstance ${request.hookInstance}`,
    ...notes.map((note) => `note         ${note}`),
  ];
}

function fhirWords({ request }: PreparedOrder): string {
  const { fhirServer, fhirAuthorization } = request;
  if (fhirServer === undefined) return 'not named in the request';
  if (fhirAuthorization === undefined) return `${fhirServer}, named without a token`;
  return `${fhirServer}, named with a token (not shown), scope ${oneLine(String(fhirAuthorization['scope']))}`;
}

function unitsOf(order: unknown): string {
  const quantity = member(order, 'quantityQuantity') ?? member(member(order, 'dispenseRequest'), 'quantity');
  const value = member(quantity, 'value');
  return typeof value !== 'number' ? 'no quantity' : `${value} unit${value === 1 ? '' : 's'}`;
}

function prefetchLines({ queries, prefetch, prefetchMs }: PreparedOrder): readonly string[] {
  const choice = typeof prefetch === 'string' ? prefetch : 'as chosen';
  if (queries.length === 0) return ['prefetch     the service has none'];
  const sent = queries.filter(({ state }) => state === 'data' || state === 'empty');
  const asked = queries.filter(({ state }) => state !== 'not-asked');
  const took = asked.length === 0 ? '' : `, ${Math.round(prefetchMs)} ms`;
  const width = Math.max(...queries.map(({ key }) => oneLine(key).length));
  return [
    `prefetch     ${choice}: ${sent.length} of ${queries.length} keys${took}`,
    ...queries.map((query) => `  ${oneLine(query.key).padEnd(width)}  ${queryWords(query)}`),
  ];
}

function queryWords({
  state,
  path,
  status,
  resources = 0,
  hasMore,
  bytes = 0,
  durationMs = 0,
  reason,
}: PrefetchQuery): string {
  const query = path === undefined ? '' : `  ${path.length > 90 ? `${path.slice(0, 90)}...` : path}`;
  const took = `${Math.round(durationMs)} ms`;
  switch (state) {
    case 'not-asked':
      return 'left to the service';
    case 'unresolved':
      return `left out: ${oneLine(reason ?? 'the template cannot be run')}`;
    case 'failed':
      return `left out: failed, ${reason === undefined ? `HTTP ${status ?? 0}` : oneLine(reason)}, ${took}${query}`;
    case 'empty':
      return `no data, ${took}${query}`;
    case 'data':
      return `${resources} resource${resources === 1 ? '' : 's'}${hasMore === true ? ' (a first page)' : ''}, ${kilobytes(bytes)}, ${took}${query}`;
  }
}

/** Status, time, and what an answer that is no success says and means; the cards are for the caller to print. */
export function responseLines({ prepared, answer }: FiredOrder, connection: CdsConnection): readonly string[] {
  const { status, response, bytes, durationMs, htmlTitle, retryAfter } = answer;
  const lines = [`response     HTTP ${status}, ${kilobytes(bytes.received)}, ${Math.round(durationMs)} ms`];
  const said = outcomeSays(response);
  const code = errorCode(response);
  if (said !== undefined) lines.push(`it says      ${said}${code === undefined ? '' : ` (${code})`}`);
  if (htmlTitle !== undefined)
    lines.push(
      `it says      an HTML page${htmlTitle === '' ? '' : ` "${htmlTitle}"`}: a proxy or another server answered`,
    );
  const hint = statusHint(status, {
    isSigned: connection.signer !== undefined,
    namesFhirServer: prepared.request.fhirServer !== undefined,
    hasFhirToken: prepared.request.fhirAuthorization !== undefined,
    isPrefetchWhole: prepared.queries.every(({ state }) => state === 'data' || state === 'empty'),
    bytes: bytes.sent,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
  if (hint !== undefined) lines.push(`what to do   ${hint}`);
  else if (!Array.isArray(member(response, 'cards')))
    lines.push(
      'what to do   The status is 200 but the body has no list of cards: this is not an answer of CDS Hooks (req. 34).',
    );
  return lines;
}

/** Does the answer hold cards, with status 200? */
export function isAnswered({ answer }: FiredOrder): boolean {
  return answer.status === 200 && Array.isArray(member(answer.response, 'cards'));
}

/** Words and diagnostics of an OperationOutcome's issues, and the element they are about. */
function outcomeSays(outcome: unknown): string | undefined {
  if (textMember(outcome, 'resourceType') !== 'OperationOutcome') return undefined;
  const words = valuesAt(outcome, 'issue').map((issue) => {
    const text = textMember(member(issue, 'details'), 'text');
    const parts = [text, textMember(issue, 'diagnostics')].filter((part) => part !== undefined);
    return parts.length === 0 ? (textMember(issue, 'code') ?? 'an issue without words') : parts.join(', ');
  });
  return words.length === 0 ? undefined : oneLine(words.join('; '));
}

function errorCode(outcome: unknown): string | undefined {
  const [code] = valuesAt(outcome, 'issue.details.coding.code');
  return typeof code === 'string' ? oneLine(code) : undefined;
}

/** The request as it may be shown: the access token is left out. */
export function shownRequest(request: PreparedOrder['request']): Record<string, unknown> {
  const { fhirAuthorization, ...rest } = request;
  return fhirAuthorization === undefined
    ? rest
    : { ...rest, fhirAuthorization: { ...fhirAuthorization, access_token: 'not shown' } };
}

export function kilobytes(bytes: number): string {
  return bytes < 1000 ? `${bytes} B` : `${(bytes / 1000).toFixed(bytes < 10_000 ? 1 : 0)} kB`;
}
