import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { Answer } from './answer.js';
import type { SandboxFault } from './faults.js';
import { operationOutcome } from './fhir-fault.js';

const compress = promisify(gzip);
/** Smaller bodies are sent as they are. */
const GZIP_FROM_BYTES = 1024;
const SLOW_STEPS = 10;
const HTML_PAGE =
  '<!DOCTYPE html><html><head><title>Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>';

/** Sends an answer as the faults that strike it would have it; gzip where the client takes it and it is worth it. */
export async function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  faults: readonly SandboxFault[],
): Promise<void> {
  let { status, body = '' } = answer;
  let contentType = 'application/fhir+json;charset=UTF-8';
  let cutAt: 'start' | 'body' | undefined;
  let slowMs = 0;
  for (const fault of faults) {
    switch (fault.kind) {
      case 'delay':
        await sleep(fault.ms, undefined, { ref: false });
        break;
      case 'status':
        status = fault.status;
        body = operationOutcome(
          'error',
          status === 401 ? 'login' : status === 403 ? 'forbidden' : 'exception',
          'Switched on for testing',
        );
        break;
      case 'html-page':
        status = fault.status ?? 502;
        body = HTML_PAGE;
        contentType = 'text/html;charset=UTF-8';
        break;
      case 'broken-json':
        body = body.slice(0, Math.max(1, Math.floor(body.length / 2)));
        break;
      case 'cut-connection':
        cutAt = fault.at ?? 'start';
        break;
      case 'slow-body':
        slowMs = fault.ms;
        break;
      case 'foreign-next':
      case 'outcome-entry':
      case 'endless-paging':
        break;
    }
  }
  if (cutAt === 'start') {
    request.socket.destroy();
    return;
  }
  const isZipped = body.length >= GZIP_FROM_BYTES && acceptsGzip(request);
  const bytes = isZipped ? await compress(body, { level: constants.Z_BEST_SPEED }) : Buffer.from(body, 'utf8');
  response.writeHead(status, {
    ...(body !== '' && { 'Content-Type': contentType }),
    'Content-Length': bytes.length,
    Vary: 'Accept-Encoding',
    ...(isZipped && { 'Content-Encoding': 'gzip' }),
    ...(status === 401 && { 'WWW-Authenticate': 'Bearer' }),
    ...answer.headers,
  });
  if (cutAt === 'body') {
    response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => request.socket.destroy());
  } else if (slowMs > 0) await dribble(response, bytes, slowMs);
  else response.end(bytes);
}

async function dribble(response: ServerResponse, bytes: Buffer, ms: number): Promise<void> {
  const half = Math.ceil(bytes.length / 2);
  const step = Math.max(1, Math.ceil((bytes.length - half) / SLOW_STEPS));
  response.write(bytes.subarray(0, half));
  for (let from = half; from < bytes.length && !response.destroyed; from += step) {
    await sleep(ms / SLOW_STEPS, undefined, { ref: false });
    response.write(bytes.subarray(from, from + step));
  }
  response.end();
}

function acceptsGzip({ headers }: IncomingMessage): boolean {
  return /(^|[\s,])(gzip|\*)\s*(?!;\s*q=0(\.0*)?\s*(,|$))/i.test(headers['accept-encoding']?.toString() ?? '');
}
