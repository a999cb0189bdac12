import { Router, type RequestHandler } from 'express';
import type { CdsResponse } from '../cds-hooks/card.js';
import { discoveryDocument, findService } from '../cds-hooks/discovery.js';
import type { HookRequest } from '../cds-hooks/hook-request.js';
import { parseHookRequest } from '../cds-hooks/parse-hook-request.js';
import { prefetchTemplates } from '../cds-hooks/prefetch-template.js';
import { assertResponseShape } from '../cds-hooks/response-shape.js';
import type { ServiceCatalogue } from '../cds-hooks/service-catalogue.js';
import { ServiceError } from '../errors/service-error.js';
import type { CdsClient, VerifyClientJwt } from './cds-client.js';
import { hasCredentials } from './client-jwt/bearer-token.js';
import { preflight } from './cors.js';
import { readJsonBody } from './read-json-body.js';
import { contextOf, type RequestContext } from './request-context.js';
import { sendJson } from './send-json.js';

export interface CdsRoutesDeps {
  readonly catalogue: ServiceCatalogue;
  readonly verifyClientJwt: VerifyClientJwt;
  readonly assessOrder: (request: HookRequest, client: CdsClient) => Promise<CdsResponse>;
  readonly maxBodyBytes: number;
  /** Check every response against the standard before it leaves? */
  readonly checksResponses: boolean;
}

/**
 * `GET /cds-services` and `POST /cds-services/:id`.
 * @see requirements 5–18, 34–37
 */
export function cdsRoutes({
  catalogue,
  verifyClientJwt,
  assessOrder,
  maxBodyBytes,
  checksResponses,
}: CdsRoutesDeps): Router {
  const discovery = Buffer.from(JSON.stringify(discoveryDocument(catalogue)));
  const templates = prefetchTemplates(catalogue);
  const router = Router();

  router
    .route('/cds-services')
    .all(onRoute('discovery'))
    .get(async (request, response) => {
      // Open to all, as nothing in it is private; a token that is sent has to be right all the same (req. 14).
      if (hasCredentials(request)) await verifyClientJwt(request);
      response.setHeader('Cache-Control', 'no-cache');
      sendJson(response, 200, discovery);
    })
    .options(preflight('GET, HEAD, OPTIONS'))
    .all(methodNotAllowed('GET, HEAD, OPTIONS'));

  router
    .route('/cds-services/:id')
    .all(onRoute('service'))
    .options(requireService(catalogue), preflight('POST, OPTIONS'))
    .post(async (request, response) => {
      const client = await verifyClientJwt(request);
      checkService(catalogue, request.params.id);
      const { value, bytes } = await readJsonBody(request, maxBodyBytes);
      const context = contextOf(response);
      context.requestBytes = bytes;
      const hookRequest = parseHookRequest(value, templates);
      context.hookInstance = hookRequest.hookInstance;
      const answer = await assessOrder(hookRequest, client);
      if (checksResponses) assertResponseShape(answer);
      sendJson(response, 200, answer);
    })
    .all(requireService(catalogue), methodNotAllowed('POST, OPTIONS'));
  return router;
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

function onRoute(route: RequestContext['route']): RequestHandler {
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

function methodNotAllowed(methods: string): RequestHandler {
  return (_request, response) => {
    response.setHeader('Allow', methods);
    throw new ServiceError('ERR_METHOD_NOT_ALLOWED', { detail: `the methods here are ${methods}` });
  };
}
