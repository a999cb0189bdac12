import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { ServiceError } from '../errors/service-error.js';

export interface JsonBody {
  readonly value: unknown;
  /** Bytes on the wire. */
  readonly bytes: number;
}

const inflate = promisify(gunzip);
const MEDIA_TYPES = new Set(['application/json', 'application/fhir+json']);
const BYTE_ORDER_MARK = '\uFEFF';

/**
 * Reads a request's JSON body, plain or gzip, parsed once from its bytes. No fault quotes the body.
 * Throws ServiceError ERR_CONTENT_TYPE (415) for another media type, charset or encoding, ERR_BODY_TOO_LARGE (413) over
 * `maxBytes` (as sent or inflated), ERR_BODY_MALFORMED (400) for what is not JSON in UTF-8.
 */
export async function readJsonBody(request: IncomingMessage, maxBytes: number): Promise<JsonBody> {
  checkContentType(request.headers['content-type']);
  const isGzip = checkEncoding(request.headers['content-encoding']);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const sent = await readBytes(request, maxBytes);
  const bytes = isGzip ? await inflateBytes(sent, maxBytes) : sent;
  return { value: parseJson(bytes), bytes: sent.length };
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

/** The whole body. Over the limit it stops keeping bytes at once; node drains the rest of the request. */
function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const finish = (settle: () => void): void => {
      request.off('data', onData).off('end', onEnd).off('error', onCut).off('close', onCut);
      settle();
    };
    const onData = (chunk: Buffer): void => {
      length += chunk.length;
      if (length > maxBytes) finish(() => reject(tooLarge(maxBytes)));
      else chunks.push(chunk);
    };
    const onEnd = (): void =>
      finish(() => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, length)));
    const onCut = (): void => finish(() => reject(malformed('ended before it was complete')));
    request.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut);
  });
}

async function inflateBytes(sent: Buffer, maxBytes: number): Promise<Buffer> {
  try {
    return await inflate(sent, { maxOutputLength: maxBytes });
  } catch (error) {
    const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
    throw code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge(maxBytes) : malformed('is not gzip');
  }
}

function parseJson(bytes: Buffer): unknown {
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

function notSupported(detail: string): ServiceError {
  return new ServiceError('ERR_CONTENT_TYPE', { detail });
}

function malformed(what: string): ServiceError {
  return new ServiceError('ERR_BODY_MALFORMED', { detail: `the body ${what}` });
}
