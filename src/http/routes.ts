import { Router, type RequestHandler } from 'express';
import type { CallContext } from '../cds-hooks/call-context.js';
import type { CdsResponse } from '../cds-hooks/card.js';
import { discoveryDocument, findService } from '../cds-hooks/discovery.js';
import type { HookRequest } from '../cds-hooks/hook-request.js';
import { parseHookRequest } from '../cds-hooks/parse-hook-request.js';
import { prefetchTemplates } from '../cds-hooks/prefetch-template.js';
import { assertResponseShape } from '../cds-hooks/response-shape.js';
import type { ServiceCatalogue } from '../cds-hooks/service-catalogue.js';
import { ServiceError } from '../errors/service-error.js';
import type { Log } from '../logging/logger.js';
import { answerFeedback, type SaveFeedback } from './answer-feedback.js';
import type { CdsClient } from './cds-client.js';
import { hasCredentials } from './client-jwt/bearer-token.js';
import { preflight } from './cors.js';
import { contextOf, type RequestContext } from './request-context.js';
import { sendJson } from './send-json.js';
import { authenticate, takeCall, type CallGuards } from './take-call.js';

export interface CdsRoutesDeps {
  readonly catalogue: ServiceCatalogue;
  readonly guards: CallGuards;
  readonly assessOrder: (request: HookRequest, client: CdsClient, call: CallContext) => Promise<CdsResponse>;
  /** Keeps feedback on cards; without it no feedback is offered, and its address is unknown. */
  readonly saveFeedback?: SaveFeedback;
  /** Check every response against the standard before it leaves? */
  readonly checksResponses: boolean;
  readonly log: Log;
}

/**
 * `GET /cds-services`, `POST /cds-services/:id` and, where feedback is kept, `POST /cds-services/:id/feedback`.
 * @see requirements 5–18, 34–37, 56–60
 */
export function cdsRoutes(deps: CdsRoutesDeps): Router {
  const { catalogue, saveFeedback } = deps;
  const discovery = Buffer.from(JSON.stringify(discoveryDocument(catalogue)));
  const router = Router();

  router
    .route('/cds-services')
    .all(onRoute('discovery'))
    .get(async (request, response) => {
      // Open to all, as nothing in it is private; a token that is sent has to be right all the same (req. 14).
      if (hasCredentials(request)) await authenticate(deps.guards, request);
      response.setHeader('Cache-Control', 'no-cache');
      sendJson(response, 200, discovery);
    })
    .options(preflight('GET, HEAD, OPTIONS'))
    .all(methodNotAllowed('GET, HEAD, OPTIONS'));

  router
    .route('/cds-services/:id')
    .all(onRoute('service'))
    .options(requireService(catalogue), preflight('POST, OPTIONS'))
    .post(answerHookCall(deps))
    .all(requireService(catalogue), methodNotAllowed('POST, OPTIONS'));

  if (saveFeedback) {
    router
      .route('/cds-services/:id/feedback')
      .all(onRoute('feedback'))
      .options(requireService(catalogue), preflight('POST, OPTIONS'))
      .post(async (request, response) => {
        await takeCall(deps.guards, request, response, {
          checkRoute: () => checkService(catalogue, request.params.id),
          answer: (body, client) => answerFeedback({ saveFeedback, log: deps.log }, response, body, client),
        });
      })
      .all(requireService(catalogue), methodNotAllowed('POST, OPTIONS'));
  }
  return router;
}

function answerHookCall({
  catalogue,
  guards,
  assessOrder,
  checksResponses,
}: CdsRoutesDeps): RequestHandler<{ id: string }> {
  const templates = prefetchTemplates(catalogue);
  return async (request, response) => {
    await takeCall(guards, request, response, {
      checkRoute: () => checkService(catalogue, request.params.id),
      answer: async (body, client) => {
        const context = contextOf(response);
        const hookRequest = parseHookRequest(body, templates);
        context.hookInstance = hookRequest.hookInstance;
        const answer = await assessOrder(hookRequest, client, callContextOf(context));
        if (checksResponses) assertResponseShape(answer);
        sendJson(response, 200, answer);
      },
    });
  };
}

function callContextOf({ requestId, traceparent }: RequestContext): CallContext {
  return traceparent === undefined ? { requestId } : { requestId, traceparent };
}

/** `GET /healthz`: the process answers. `GET /readyz`: it may be sent calls; 503 before and after. */
export function healthRoutes(isReady: () => boolean): Router {
  const router = Router();
  const routes = [
    ['healthz', () => true],
    ['readyz', isReady],
  ] as const;
  for (const [name, isGood] of routes) {
    router
      .route(`/${name}`)
      .all(onRoute(name))
      .get((_request, response) => {
        const status = isGood() ? 200 : 503;
        sendJson(response, status, { status: status === 200 ? 'ok' : 'unavailable' });
      })
      .all(methodNotAllowed('GET, HEAD'));
  }
  return router;
}

/** For a request that no route took. */
export const unknownRoute: RequestHandler = () => {
  throw new ServiceError('ERR_ROUTE_UNKNOWN', { detail: 'there is nothing at this address' });
};

/** Notes which route a request took. */
export function onRoute(route: RequestContext['route']): RequestHandler {
  return (_request, response, next) => {
    contextOf(response).route = route;
    next();
  };
}

function requireService(catalogue: ServiceCatalogue): RequestHandler<{ id: string }> {
  return (request, _response, next) => {
    checkService(catalogue, request.params.id);
    next();
  };
}

function checkService(catalogue: ServiceCatalogue, id: string): void {
  if (!findService(catalogue, id)) {
    throw new ServiceError('ERR_SERVICE_UNKNOWN', {
      detail: 'there is no CDS service with this id; GET /cds-services lists them',
    });
  }
}

/** Answers 405 and names the methods of the route. */
export function methodNotAllowed(methods: string): RequestHandler {
  return (_request, response) => {
    response.setHeader('Allow', methods);
    throw new ServiceError('ERR_METHOD_NOT_ALLOWED', { detail: `the methods here are ${methods}` });
  };
}
