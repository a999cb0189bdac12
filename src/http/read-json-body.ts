import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import { ServiceError } from '../errors/service-error.js';
import { createJsonGuard, DEFAULT_JSON_LIMITS, type JsonGuardLimits } from './json-guard.js';

export interface JsonBody {
  readonly value: unknown;
  /** Bytes on the wire. */
  readonly bytes: number;
}

export interface BodyLimits {
  /** As sent, and as inflated. */
  readonly maxBytes: number;
  /** Time for the whole body to arrive. */
  readonly timeoutMs: number;
  readonly json?: JsonGuardLimits;
  /** Waited for between the last byte and the parsing, which takes the processor. */
  readonly beforeParsing?: () => Promise<void>;
}

const MEDIA_TYPES = new Set(['application/json', 'application/fhir+json']);
const BYTE_ORDER_MARK = '\uFEFF';

/**
 * Reads a request's JSON body, plain or gzip, parsed once from its bytes. Size, depth and number of values are watched as the
 * chunks arrive (as they are inflated), so that nothing hostile is read to its end. No fault quotes the body.
 * Throws ServiceError ERR_CONTENT_TYPE (415) for another media type, charset or encoding, ERR_BODY_TOO_LARGE (413),
 * ERR_BODY_SLOW (408) when it does not arrive in time, ERR_BODY_MALFORMED (400) for what is not JSON in UTF-8.
 */
export async function readJsonBody(request: IncomingMessage, limits: BodyLimits): Promise<JsonBody> {
  const { maxBytes } = limits;
  checkContentType(request.headers['content-type']);
  const isGzip = checkEncoding(request.headers['content-encoding']);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const { chunks, sentBytes } = isGzip ? await readGzip(request, limits) : await readPlain(request, limits);
  await limits.beforeParsing?.();
  return { value: parseJson(chunks), bytes: sentBytes };
}

function checkContentType(header: string | undefined): void {
  const [type = '', ...parameters] = (header ?? '').split(';').map((part) => part.trim().toLowerCase());
  if (!MEDIA_TYPES.has(type)) throw notSupported('Content-Type must be application/json or application/fhir+json');
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length);
  if (charset !== undefined && charset.replaceAll('"', '') !== 'utf-8') throw notSupported('the charset must be utf-8');
}

function checkEncoding(header: string | undefined): boolean {
  const encoding = (header ?? 'identity').trim().toLowerCase();
  if (encoding === 'gzip') return true;
  if (encoding === 'identity' || encoding === '') return false;
  throw notSupported('Content-Encoding must be gzip or identity');
}

interface Arrived {
  readonly chunks: readonly Buffer[];
  readonly sentBytes: number;
}

/** Keeps JSON text while it is within the limits. */
function createSink({ maxBytes, json }: BodyLimits): { readonly chunks: Buffer[]; keep(chunk: Buffer): void } {
  const guard = createJsonGuard(json ?? DEFAULT_JSON_LIMITS);
  const chunks: Buffer[] = [];
  let length = 0;
  return {
    chunks,
    keep(chunk) {
      length += chunk.length;
      if (length > maxBytes) throw tooLarge(maxBytes);
      guard.check(chunk);
      chunks.push(chunk);
    },
  };
}

async function readPlain(request: IncomingMessage, limits: BodyLimits): Promise<Arrived> {
  const sink = createSink(limits);
  const sentBytes = await arrival(request, limits, { onChunk: (chunk) => sink.keep(chunk) });
  return { chunks: sink.chunks, sentBytes };
}

/** Inflates chunk by chunk: a decompression bomb is refused as soon as it is over the limit. */
async function readGzip(request: IncomingMessage, limits: BodyLimits): Promise<Arrived> {
  const sink = createSink(limits);
  const gunzip = createGunzip();
  const inflated = new Promise<void>((resolve, reject) => {
    gunzip.on('data', (chunk: Buffer) => {
      try {
        sink.keep(chunk);
      } catch (error) {
        reject(error instanceof Error ? error : malformed('is not JSON'));
      }
    });
    gunzip.once('end', resolve).once('error', () => reject(malformed('is not gzip')));
  });
  const sent = arrival(request, limits, {
    onChunk: (chunk) => {
      if (gunzip.write(chunk)) return;
      request.pause();
      gunzip.once('drain', () => request.resume());
    },
    stopsWith: inflated,
  }).then((bytes) => {
    gunzip.end();
    return bytes;
  });
  try {
    const [sentBytes] = await Promise.all([sent, inflated]);
    return { chunks: sink.chunks, sentBytes };
  } finally {
    // Its own error listener stays, so that a late complaint goes nowhere.
    gunzip.destroy();
    request.resume();
  }
}

interface ArrivalListeners {
  /** May throw a ServiceError, which ends the reading. */
  readonly onChunk: (chunk: Buffer) => void;
  /** Reading ends when this rejects. */
  readonly stopsWith?: Promise<unknown>;
}

/** The length of the body once all of it is here. After a fault no byte is kept; what to do with the rest is up to the answer. */
function arrival(request: IncomingMessage, limits: BodyLimits, listeners: ArrivalListeners): Promise<number> {
  const { maxBytes, timeoutMs } = limits;
  return new Promise((resolve, reject) => {
    let length = 0;
    const finish = (error?: unknown): void => {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('error', onCut).off('close', onCut);
      if (error === undefined) resolve(length);
      else reject(error instanceof Error ? error : malformed('could not be read'));
    };
    const onData = (chunk: Buffer): void => {
      length += chunk.length;
      if (length > maxBytes) {
        finish(tooLarge(maxBytes));
        return;
      }
      try {
        listeners.onChunk(chunk);
      } catch (error) {
        finish(error);
      }
    };
    const onEnd = (): void => finish();
    const onCut = (): void => finish(malformed('ended before it was complete'));
    const timer = setTimeout(() => finish(tooSlow(timeoutMs)), timeoutMs);
    request.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut);
    listeners.stopsWith?.catch(finish);
    // A client that left while its token was checked has nothing more to say, and must not hold its place until the time is up.
    if (request.destroyed) onCut();
  });
}

function parseJson(chunks: readonly Buffer[]): unknown {
  const bytes = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
  if (!isUtf8(bytes)) throw malformed('is not UTF-8');
  const text = bytes.toString('utf8');
  try {
    return JSON.parse(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text);
  } catch {
    // The parser's message quotes the text, so it is neither passed on nor kept as a cause.
    throw malformed('is not JSON');
  }
}

function tooLarge(maxBytes: number): ServiceError {
  return new ServiceError('ERR_BODY_TOO_LARGE', { detail: `the body is over ${maxBytes} bytes` });
}

function tooSlow(timeoutMs: number): ServiceError {
  return new ServiceError('ERR_BODY_SLOW', { detail: `the body did not arrive within ${timeoutMs} ms` });
}

function notSupported(detail: string): ServiceError {
  return new ServiceError('ERR_CONTENT_TYPE', { detail });
}

function malformed(what: string): ServiceError {
  return new ServiceError('ERR_BODY_MALFORMED', { detail: `the body ${what}` });
}
