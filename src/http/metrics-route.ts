import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { Router } from 'express';
import { ServiceError } from '../errors/service-error.js';
import { methodNotAllowed, onRoute } from './routes.js';

/** Metrics as Prometheus reads them. */
export interface MetricsText {
  readonly contentType: string;
  text(): Promise<string>;
}

export interface MetricsRouteDeps {
  /** Not given: nothing is counted, and there is nothing at the address. */
  readonly metrics?: MetricsText;
  readonly metricsReaders: 'loopback' | 'everyone' | 'off';
}

/** `GET /metrics`. Whoever may not read it is told that there is nothing at the address. */
export function metricsRoute({ metrics, metricsReaders }: MetricsRouteDeps): Router {
  const router = Router();
  if (!metrics || metricsReaders === 'off') return router;
  router
    .route('/metrics')
    .all(onRoute('metrics'), (request, _response, next) => {
      if (metricsReaders === 'loopback' && !isLocal(request)) {
        throw new ServiceError('ERR_ROUTE_UNKNOWN', { detail: 'there is nothing at this address' });
      }
      next();
    })
    .get(async (request, response) => {
      const text = Buffer.from(await metrics.text());
      response.setHeader('Content-Type', metrics.contentType);
      response.setHeader('Content-Length', text.length);
      response.setHeader('Cache-Control', 'no-store');
      response.setHeader('X-Content-Type-Options', 'nosniff');
      response.end(request.method === 'HEAD' ? undefined : text);
    })
    .all(methodNotAllowed('GET, HEAD'));
  return router;
}

/**
 * Did a program on this machine ask, of its own accord? Judged by the socket: no header can make a caller local, but one that a proxy adds
 * shows that a proxy on this machine asks for somebody else.
 */
export function isLocal({
  socket,
  headers,
}: Pick<IncomingMessage, 'headers'> & { socket: { remoteAddress?: string | undefined } }): boolean {
  if (['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].some((name) => headers[name] !== undefined)) return false;
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:/i, '');
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}
