import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';

/** A request that went through the proxy; times in ms of `performance.now()`. No header values but the three that are asked about. */
export interface ProxiedExchange {
  readonly method: string;
  /** Path and query as they came. */
  readonly url: string;
  readonly acceptEncoding: string | undefined;
  readonly cacheControl: string | undefined;
  readonly startedMs: number;
  /** Undefined until the server's first byte came. */
  firstByteMs?: number;
  /** Undefined until the answer's last byte was passed on. */
  lastByteMs?: number;
  status?: number;
  contentEncoding?: string;
}

/** What the proxy may do with a request instead of passing it on at once. */
export type ProxyAction =
  | { readonly kind: 'pass' }
  /** Answered by the proxy itself, with an OperationOutcome. */
  | { readonly kind: 'refuse'; readonly status: number; readonly code: string; readonly text: string }
  | { readonly kind: 'delay'; readonly ms: number };

export interface FhirProxy {
  /** With the path of the server behind it. */
  readonly baseUrl: string;
  readonly exchanges: ProxiedExchange[];
  close(): Promise<void>;
}

export interface FhirProxyOptions {
  /** Base of the FHIR server behind it. */
  readonly target: string;
  readonly decide?: (request: {
    readonly method: string;
    readonly path: string;
    readonly authorization?: string;
  }) => ProxyAction;
}

/**
 * A proxy on 127.0.0.1 before a real FHIR server: watches what is asked, checks tokens, slows down. The Host header is passed on,
 * so that a server which writes it into its `next` links leads back here.
 */
export async function startFhirProxy({ target, decide }: FhirProxyOptions): Promise<FhirProxy> {
  const behind = new URL(target);
  const exchanges: ProxiedExchange[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const server = createServer((request, response) => {
    const exchange = recorded(request);
    exchanges.push(exchange);
    const { authorization } = request.headers;
    const action = decide?.({
      method: exchange.method,
      path: exchange.url.slice(behind.pathname.length + 1),
      ...(authorization === undefined ? {} : { authorization }),
    }) ?? { kind: 'pass' };
    if (action.kind === 'refuse') {
      refuse(response, exchange, action);
      return;
    }
    if (action.kind === 'pass') {
      pass(behind, request, response, exchange);
      return;
    }
    const timer = setTimeout(() => {
      timers.delete(timer);
      pass(behind, request, response, exchange);
    }, action.ms);
    timers.add(timer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    baseUrl: `http://127.0.0.1:${port}${behind.pathname.replace(/\/+$/, '')}`,
    exchanges,
    close: () =>
      new Promise((resolve) => {
        for (const timer of timers) clearTimeout(timer);
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function recorded({ method = 'GET', url = '/', headers }: IncomingMessage): ProxiedExchange {
  return {
    method,
    url,
    acceptEncoding: headers['accept-encoding']?.toString(),
    cacheControl: headers['cache-control'],
    startedMs: performance.now(),
  };
}

function refuse(
  response: ServerResponse,
  exchange: ProxiedExchange,
  { status, code, text }: Extract<ProxyAction, { kind: 'refuse' }>,
): void {
  exchange.status = status;
  exchange.firstByteMs = exchange.lastByteMs = performance.now();
  response.writeHead(status, { 'Content-Type': 'application/fhir+json' }).end(
    JSON.stringify({
      resourceType: 'OperationOutcome',
      issue: [{ severity: 'error', code, diagnostics: text }],
    }),
  );
}

function pass(behind: URL, request: IncomingMessage, response: ServerResponse, exchange: ProxiedExchange): void {
  const outgoing = httpRequest(
    { host: behind.hostname, port: behind.port, method: request.method, path: request.url, headers: request.headers },
    (answer) => {
      exchange.firstByteMs = performance.now();
      exchange.status = answer.statusCode ?? 0;
      const encoding = answer.headers['content-encoding'];
      if (encoding !== undefined) exchange.contentEncoding = encoding;
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      answer.on('end', () => {
        exchange.lastByteMs = performance.now();
      });
      answer.on('error', () => response.destroy());
    },
  );
  // A server that is gone is a connection that breaks: the proxy adds no answer of its own.
  outgoing.on('error', () => response.destroy());
  response.on('close', () => outgoing.destroy());
  request.pipe(outgoing);
}
