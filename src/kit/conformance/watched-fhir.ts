import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { ServiceError } from '../../errors/service-error.js';
import type { FhirSeen } from './exchange.js';

/** A FHIR server that says what it was asked. */
export interface WatchedFhir {
  /** As the CDS service is told it. */
  readonly baseUrl: string;
  /** As the suite itself reaches it. */
  readonly localUrl: string;
  /** What is asked while `act` runs. */
  watch<T>(act: () => Promise<T>): Promise<{ readonly result: T; readonly seen: readonly FhirSeen[] }>;
  /** While `act` runs every search finds nothing; reads are answered as ever. */
  withEmptySearches<T>(act: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface WatchedFhirOptions {
  /** Base of the FHIR server behind it. It is asked without a token: the tokens of the suite are its own inventions. */
  readonly target: string;
  /** 0: any free one. */
  readonly port: number;
  /** Address under which the CDS service reaches it, where that is not 127.0.0.1. */
  readonly address?: string;
}

const BASE_PATH = '/fhir';

/** Starts it on 127.0.0.1, before the FHIR server at `target`. Throws ServiceError ERR_CONFIG where the port is taken. */
export async function startWatchedFhir({ target, port, address }: WatchedFhirOptions): Promise<WatchedFhir> {
  let seen: FhirSeen[] | undefined;
  let findsNothing = false;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://watched');
    const path = url.pathname.replace(/^\/fhir\/?/, '');
    void answer(request, response, url, path).catch(() => response.destroy());
  });
  const answer = async (request: IncomingMessage, response: ServerResponse, url: URL, path: string): Promise<void> => {
    const body = await buffer(request);
    const { method = 'GET', headers } = request;
    const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;
    const query = new URLSearchParams(isForm ? `${url.search.slice(1)}&${body.toString()}` : url.search);
    seen?.push({ method, path: path.replace(/\/_search$/, ''), query, authorization: headers.authorization });
    if (findsNothing && /^[A-Za-z]+(\/_search)?$/.test(path) && path !== 'metadata') {
      response.writeHead(200, { 'Content-Type': 'application/fhir+json' });
      response.end(JSON.stringify({ resourceType: 'Bundle', type: 'searchset', total: 0 }));
      return;
    }
    await pass({ target, ownBase: baseUrl, path: `${path}${url.search}`, body }, request, response);
  };
  const localUrl = `http://127.0.0.1:${await listen(server, port)}${BASE_PATH}`;
  const baseUrl = address?.replace(/\/+$/, '') ?? localUrl;
  return {
    baseUrl,
    localUrl,
    async watch(act) {
      const own: FhirSeen[] = [];
      seen = own;
      try {
        return { result: await act(), seen: own };
      } finally {
        seen = undefined;
      }
    },
    async withEmptySearches(act) {
      findsNothing = true;
      try {
        return await act();
      } finally {
        findsNothing = false;
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Passed {
  readonly target: string;
  readonly ownBase: string;
  readonly path: string;
  readonly body: Buffer;
}

async function pass({ target, ownBase, path, body }: Passed, request: IncomingMessage, response: ServerResponse) {
  const { method = 'GET', headers } = request;
  const contentType = headers['content-type'];
  const answer = await fetch(`${target}/${path}`, {
    method,
    headers: {
      Accept: headers.accept ?? 'application/fhir+json',
      ...(contentType === undefined ? {} : { 'Content-Type': contentType }),
    },
    ...(method === 'GET' || method === 'HEAD' ? {} : { body: new Uint8Array(body) }),
  });
  const type = answer.headers.get('content-type') ?? 'application/octet-stream';
  const bytes = Buffer.from(await answer.arrayBuffer());
  // `next` links and full URLs lead back here, or what is asked next would not be seen.
  const content = type.includes('json') ? Buffer.from(bytes.toString().replaceAll(target, ownBase)) : bytes;
  response.writeHead(answer.status, { 'Content-Type': type, 'Content-Length': content.length });
  response.end(content);
}

/** The port taken. */
export async function listen(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new ServiceError('ERR_CONFIG', { detail: `the suite cannot listen on port ${port} of 127.0.0.1`, cause })),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}
