import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { SourceKey } from '../../src/concepts/concept.js';

/** A request the stub was sent. */
export interface StubRequest {
  /** Below the base: `Observation`, `Patient/p1`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The prefetch key this query belongs to, by its type and codes. */
  readonly source: SourceKey | undefined;
}

export interface StubAnswer {
  readonly status?: number;
  /** A string or a Buffer is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly delayMs?: number;
  /** The connection is cut instead of an answer. */
  readonly isCut?: boolean;
  readonly isGzipped?: boolean;
  /** The body comes a byte at a time, so far apart. */
  readonly trickleMs?: number;
}

export interface FhirStub {
  /** `http://127.0.0.1:port/fhir` */
  readonly baseUrl: string;
  readonly origin: string;
  readonly requests: StubRequest[];
  readonly close: () => Promise<void>;
}

/** A FHIR server that answers what `answer` says, on 127.0.0.1. */
export async function startFhirStub(answer: (request: StubRequest) => StubAnswer): Promise<FhirStub> {
  const requests: StubRequest[] = [];
  const server = createServer((incoming, response) => {
    const url = new URL(incoming.url ?? '/', 'http://stub');
    const path = url.pathname.replace(/^\/fhir\/?/, '');
    const request: StubRequest = {
      path,
      query: url.searchParams,
      headers: incoming.headers,
      source: sourceOf(path, url.searchParams),
    };
    requests.push(request);
    const {
      status = 200,
      body,
      headers = {},
      delayMs = 0,
      isCut = false,
      isGzipped = false,
      trickleMs,
    } = answer(request);
    const answering = setTimeout(() => {
      if (isCut) {
        incoming.socket.destroy();
        return;
      }
      const content = Buffer.isBuffer(body)
        ? body
        : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body ?? {}));
      response.writeHead(status, {
        'content-type': 'application/fhir+json',
        ...(isGzipped ? { 'content-encoding': 'gzip' } : {}),
        ...headers,
      });
      if (trickleMs !== undefined) {
        trickle(response, content, trickleMs);
        return;
      }
      response.end(isGzipped ? gzipSync(content) : content);
    }, delayMs);
    response.on('close', () => {
      clearTimeout(answering);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const origin = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  return {
    baseUrl: `${origin}/fhir`,
    origin,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function trickle(response: ServerResponse, content: Buffer, everyMs: number): void {
  let sent = 0;
  const timer = setInterval(() => {
    if (sent >= content.length || response.destroyed) {
      clearInterval(timer);
      response.end();
      return;
    }
    response.write(content.subarray(sent, sent + 1));
    sent += 1;
  }, everyMs);
  response.on('close', () => {
    clearInterval(timer);
  });
}

function sourceOf(path: string, query: URLSearchParams): SourceKey | undefined {
  const [type = ''] = path.split('/');
  const codes = new Set((query.get('code') ?? '').split(','));
  switch (type) {
    case 'Patient':
      return 'patient';
    case 'Encounter':
      return 'encounters';
    case 'Observation':
      return codes.has('718-7') ? 'labs' : codes.has('8867-4') ? 'vitals' : 'bedside';
    case 'MedicationAdministration':
      return 'administrations';
    case 'Procedure':
      return 'procedures';
    case 'Condition':
      return 'conditions';
    case 'DocumentReference':
      return 'notes';
    default:
      return undefined;
  }
}
