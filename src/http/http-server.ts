import { createServer, STATUS_CODES, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { ServiceError } from '../errors/service-error.js';
import { logEvent, silentLog, type Log } from '../logging/logger.js';
import { expectsContinue } from './early-answer.js';
import { readTlsMaterial, type TlsFiles } from './tls-material.js';

export interface HttpServer {
  /** `http://127.0.0.1:3000` or `https://…`, with the port that was really taken. */
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
  readonly maxConnections?: number;
  /** HTTPS, and nothing else, where given. */
  readonly tls?: TlsFiles;
  readonly timeouts?: Partial<ConnectionTimeouts>;
  readonly log?: Log;
}

/** Bounds of a connection against clients that are slow on purpose. */
export interface ConnectionTimeouts {
  readonly headersMs: number;
  readonly requestMs: number;
  readonly checkIntervalMs: number;
}

const TIMEOUTS: ConnectionTimeouts = { headersMs: 10_000, requestMs: 30_000, checkIntervalMs: 2_000 };
const CLOSE_GRACE_MS = 5_000;
const CLOSE_POLL_MS = 25;
/** Longer than the usual idle time of a proxy, so that the proxy closes first. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const MAX_CONNECTIONS = 2_048;
/** A token of an EHR is 1–4 kB. */
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_HEADERS = 100;
const MAX_REQUESTS_PER_SOCKET = 10_000;

/**
 * Listens on an address. With TLS, SIGHUP reads the files again.
 * Throws ServiceError ERR_CONFIG where the address cannot be had, for example a port in use, or the TLS files do not fit.
 */
export async function openHttpServer(listener: RequestListener, options: HttpServerOptions): Promise<HttpServer> {
  const { host, tls, closeGraceMs = CLOSE_GRACE_MS, log = silentLog } = options;
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const serverOptions: ServerOptions = {
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: timeouts.checkIntervalMs,
    headersTimeout: timeouts.headersMs,
    requestTimeout: timeouts.requestMs,
    maxHeaderSize: MAX_HEADER_BYTES,
  };
  const secure = tls ? createSecureServer({ ...serverOptions, ...readTlsMaterial(tls) }, listener) : undefined;
  const server = secure ?? createServer(serverOptions, listener);
  server.maxHeadersCount = MAX_HEADERS;
  server.maxConnections = options.maxConnections ?? MAX_CONNECTIONS;
  server.maxRequestsPerSocket = MAX_REQUESTS_PER_SOCKET;
  server.on('checkContinue', (request, response) => {
    expectsContinue(request);
    listener(request, response);
  });
  refuseBrokenRequests(server, log);
  const stopReloading = tls && secure ? reloadOnHangup(secure, tls, log) : undefined;
  try {
    const port = await listen(server, options);
    const scheme = secure ? 'https' : 'http';
    return {
      url: `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`,
      port,
      close: () => {
        stopReloading?.();
        return close(server, closeGraceMs);
      },
    };
  } catch (error) {
    stopReloading?.();
    throw error;
  }
}

const STATUS_OF: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** What is no HTTP request gets a bare status line: nothing of it is quoted, nor of our software. */
function refuseBrokenRequests(server: Server | SecureServer, log: Log): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const { code = '' } = error;
    if (code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const status = STATUS_OF[code] ?? 400;
    logEvent(log, 'http.connection-refused', { reason: /^[A-Z0-9_]{1,60}$/.test(code) ? code : 'OTHER', count: 1 });
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\nCache-Control: no-store\r\n\r\n`,
    );
    socket.once('finish', () => socket.destroy());
  });
}

function reloadOnHangup(server: SecureServer, files: TlsFiles, log: Log): () => void {
  logEvent(log, 'tls.loaded', { clientCertificates: files.clientCaFile !== undefined });
  const reload = (): void => {
    try {
      server.setSecureContext(readTlsMaterial(files));
      logEvent(log, 'tls.loaded', { clientCertificates: files.clientCaFile !== undefined });
    } catch (error) {
      // The pair that was good stays in use.
      logEvent(log, 'tls.not-reloaded', { code: error instanceof ServiceError ? error.code : 'ERR_INTERNAL' });
    }
  };
  process.on('SIGHUP', reload);
  return () => process.off('SIGHUP', reload);
}

async function listen(server: Server | SecureServer, { host, port }: HttpServerOptions): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new ServiceError('ERR_CONFIG', { detail: `cannot listen on port ${port} of ${host}`, cause }));
    });
    server.listen(port, host, () => resolve());
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

async function close(
  server: Server | SecureServer,
  graceMs: number,
): Promise<{ readonly cut: boolean; readonly durationMs: number }> {
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
