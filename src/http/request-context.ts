import { randomUUID } from 'node:crypto';
import type { RequestHandler, Response } from 'express';
import type { CallContext } from '../cds-hooks/call-context.js';
import { logEvent, type Log } from '../logging/logger.js';
import { continueTrace } from './traceparent.js';

export type RouteName =
  'discovery' | 'service' | 'feedback' | 'healthz' | 'readyz' | 'metrics' | 'model-card' | 'openapi' | 'other';

/** What is known about a request while it is answered. */
export interface RequestContext extends CallContext {
  /** Of the trace the caller's `traceparent` names. */
  readonly traceId?: string;
  /** Name of the route, never the path: a path can hold anything. */
  route: RouteName;
  /** Id of the client, once its credentials were verified; never what a request says. */
  client?: string;
  hookInstance?: string;
  requestBytes?: number;
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const contexts = new WeakMap<Response, RequestContext>();

/** Gives every request an id, sends it back as `X-Request-Id`, and logs one line when the answer has left. */
export function requestContext(log: Log): RequestHandler {
  return (request, response, next) => {
    const context: RequestContext = {
      requestId: randomUUID(),
      route: 'other',
      ...continueTrace(request.headers['traceparent']),
    };
    contexts.set(response, context);
    response.setHeader('X-Request-Id', context.requestId);
    const startMs = performance.now();
    response.once('close', () => {
      logEvent(log, 'http.request', {
        requestId: context.requestId,
        hookInstance: context.hookInstance,
        method: METHODS.has(request.method) ? request.method : 'OTHER',
        route: context.route,
        client: context.client,
        status: response.headersSent ? response.statusCode : 0,
        durationMs: Math.round((performance.now() - startMs) * 10) / 10,
        requestBytes: context.requestBytes,
        traceId: context.traceId,
      });
    });
    next();
  };
}

/** The context of the request that `response` answers. */
export function contextOf(response: Response): RequestContext {
  const context = contexts.get(response);
  if (!context) throw new Error('requestContext is not installed');
  return context;
}
