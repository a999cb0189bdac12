import { createServer, type RequestListener, type Server } from 'node:http';
import { ServiceError } from '../errors/service-error.js';

export interface HttpServer {
  /** `http://127.0.0.1:3000`, with the port that was really taken. */
  readonly url: string;
  readonly port: number;
  /**
   * Takes no new connection, lets calls in flight finish for the grace period, then cuts them.
   * Returns how long that took, and whether any was cut.
   */
  close(): Promise<{ readonly cut: boolean; readonly durationMs: number }>;
}

export interface HttpServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly closeGraceMs?: number;
}

const CLOSE_GRACE_MS = 5_000;
const CLOSE_POLL_MS = 25;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than the usual idle time of a proxy, so that the proxy closes first. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;

/** Listens on an address. Throws ServiceError ERR_CONFIG where that cannot be had, for example a port in use. */
export async function openHttpServer(listener: RequestListener, options: HttpServerOptions): Promise<HttpServer> {
  const { host, closeGraceMs = CLOSE_GRACE_MS } = options;
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS }, listener);
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  const port = await listen(server, options);
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    close: () => close(server, closeGraceMs),
  };
}

async function listen(server: Server, { host, port }: HttpServerOptions): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new ServiceError('ERR_CONFIG', { detail: `cannot listen on port ${port} of ${host}`, cause }));
    });
    server.listen(port, host, () => resolve());
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

async function close(server: Server, graceMs: number): Promise<{ readonly cut: boolean; readonly durationMs: number }> {
  const startMs = performance.now();
  let cut = false;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  // A connection that is kept alive becomes idle only after its call was answered.
  const poll = setInterval(() => {
    server.closeIdleConnections();
    if (performance.now() - startMs <= graceMs) return;
    cut = true;
    server.closeAllConnections();
  }, CLOSE_POLL_MS);
  await closed;
  clearInterval(poll);
  return { cut, durationMs: Math.round(performance.now() - startMs) };
}
