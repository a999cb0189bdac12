import { request as httpRequest, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import { textMember } from '../../sandbox/resource-json.js';
import type { FhirServerAccess } from './fhir-server-access.js';
import type { ServerProblem } from './server-problem.js';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Absolute, of the base's origin. */
  readonly url: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HttpAnswer {
  readonly kind: 'http-answer';
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/**
 * One request and its answer, whatever its status; redirects are not followed. What keeps an answer from coming or from being
 * read is a value. Throws only the abort reason of `access.signal`.
 */
export async function exchange(access: FhirServerAccess, request: HttpRequest): Promise<HttpAnswer | ServerProblem> {
  const started = startRequest(access, request);
  const overdue = new AbortController();
  const timer = setTimeout(() => {
    overdue.abort();
    started.destroy();
  }, access.timeLimitMs);
  try {
    const answer = await readAnswer(await answerOf(started), access.maxBytes, overdue.signal);
    // After a whole answer the connection is kept for the next request.
    if (answer.kind !== 'http-answer') started.destroy();
    return answer;
  } catch (error) {
    started.destroy();
    access.signal?.throwIfAborted();
    if (overdue.signal.aborted) return { kind: 'unreachable', reason: 'timeout', afterMs: access.timeLimitMs };
    // A kept connection that the server has just closed says nothing about the server.
    if (started.reusedSocket && codeOf(error) === 'ECONNRESET') return await exchange(access, request);
    return problemOf(error);
  } finally {
    clearTimeout(timer);
  }
}

function startRequest(
  { agent, token, signal }: FhirServerAccess,
  { method, url, body, headers }: HttpRequest,
): ClientRequest {
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  const request = send(url, {
    method,
    agent,
    headers: {
      Accept: 'application/fhir+json, application/json;q=0.9',
      'Accept-Encoding': 'gzip',
      'User-Agent': 'hemolens-kit',
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...(body !== undefined && {
        'Content-Type': 'application/fhir+json; charset=utf-8',
        'Content-Length': Buffer.byteLength(body),
      }),
      ...headers,
    },
    ...(signal && { signal }),
  });
  request.end(body);
  return request;
}

function answerOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    // Stays: a request that is destroyed after its answer may still report it.
    request.on('error', reject);
  });
}

async function readAnswer(
  answer: IncomingMessage,
  maxBytes: number,
  overdue: AbortSignal,
): Promise<HttpAnswer | ServerProblem> {
  const status = answer.statusCode ?? 0;
  const body = decoded(answer);
  if (!body) return { kind: 'broken-answer', status };
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) return { kind: 'too-large', limitBytes: maxBytes };
      chunks.push(chunk);
    }
  } catch (error) {
    if (overdue.aborted) throw error;
    const isCut = ['ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR'].includes(codeOf(error) ?? '');
    if (isCut) throw error;
    return { kind: 'broken-answer', status };
  }
  return { kind: 'http-answer', status, headers: answer.headers, text: Buffer.concat(chunks).toString('utf8') };
}

function decoded(answer: IncomingMessage): Readable | undefined {
  const encoding = answer.headers['content-encoding']?.toLowerCase() ?? 'identity';
  const decoder =
    encoding === 'gzip' || encoding === 'x-gzip'
      ? createGunzip()
      : encoding === 'deflate'
        ? createInflate()
        : undefined;
  if (decoder) {
    answer.on('error', (error) => decoder.destroy(error));
    return answer.pipe(decoder);
  }
  return encoding === 'identity' ? answer : undefined;
}

const TLS_REASONS: Readonly<Record<string, Extract<ServerProblem, { kind: 'untrusted-tls' }>['reason']>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'unknown-issuer',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unknown-issuer',
  UNABLE_TO_GET_ISSUER_CERT: 'unknown-issuer',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unknown-issuer',
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not-yet-valid',
  ERR_TLS_CERT_ALTNAME_INVALID: 'wrong-host',
};

const NETWORK_REASONS: Readonly<Record<string, Extract<ServerProblem, { kind: 'unreachable' }>['reason']>> = {
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'no-route',
  ENETUNREACH: 'no-route',
  ECONNRESET: 'cut',
  EPIPE: 'cut',
  ERR_STREAM_PREMATURE_CLOSE: 'cut',
  ABORT_ERR: 'cut',
};

function problemOf(error: unknown): ServerProblem {
  const code = codeOf(error) ?? '';
  const tls = TLS_REASONS[code];
  if (tls) return { kind: 'untrusted-tls', reason: tls, code };
  // OpenSSL's reason, for Node passes the code on in some cases only.
  if (/wrong version number|packet length too long/i.test(textMember(error, 'message') ?? ''))
    return { kind: 'wrong-protocol', spoken: 'https-to-http' };
  if (code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS') || code === 'EPROTO')
    return { kind: 'untrusted-tls', reason: 'other', code };
  if (code.startsWith('HPE_')) return { kind: 'wrong-protocol', spoken: 'not-http' };
  return { kind: 'unreachable', reason: NETWORK_REASONS[code] ?? 'other', ...(code === '' ? {} : { code }) };
}

function codeOf(error: unknown): string | undefined {
  return textMember(error, 'code');
}
