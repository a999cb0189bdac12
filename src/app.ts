import express, { type Express } from 'express';
import { createAuthenticationGuard, createClientQuota } from './http/client-limits.js';
import { cors } from './http/cors.js';
import { faultHandler } from './http/fault-handler.js';
import { metricsRoute, type MetricsRouteDeps } from './http/metrics-route.js';
import { modelCardRoute, type ModelCardRouteDeps } from './http/model-card-route.js';
import { GENEROUS_LIMITS, type HttpLimits } from './http/http-limits.js';
import { createLoadGate } from './http/load-gate.js';
import { openApiRoute } from './http/openapi/openapi-route.js';
import { requestContext } from './http/request-context.js';
import { createRequestOrigin } from './http/request-origin.js';
import { cdsRoutes, healthRoutes, unknownRoute, type CdsRoutesDeps } from './http/routes.js';
import { requireTls } from './http/require-tls.js';
import { securityHeaders } from './http/security-headers.js';
import { shedLoad } from './http/shed-load.js';
import type { VerifyClientJwt } from './http/cds-client.js';
import type { Log } from './logging/logger.js';

export interface AppDeps extends Omit<CdsRoutesDeps, 'guards' | 'log'>, MetricsRouteDeps, ModelCardRouteDeps {
  readonly verifyClientJwt: VerifyClientJwt;
  readonly maxBodyBytes: number;
  /** Default: bounds that only hostile use reaches. */
  readonly limits?: HttpLimits;
  /** Addresses and networks whose `X-Forwarded-*` headers are believed; none by default. */
  readonly trustedProxies?: readonly string[];
  /** Is everything but the health refused over plain http? Default: no. */
  readonly requiresTls?: boolean;
  readonly log: Log;
  readonly corsOrigins: readonly string[];
  /** May the service be sent calls? */
  readonly isReady: () => boolean;
}

/** The HTTP service around `assessOrder`; everything it uses comes in as an argument. */
export function createApp(deps: AppDeps): Express {
  const { log, limits = GENEROUS_LIMITS } = deps;
  const originOf = createRequestOrigin(deps.trustedProxies);
  const guards = {
    verifyClientJwt: deps.verifyClientJwt,
    authenticationGuard: createAuthenticationGuard(limits.failedAuthenticationsPerMinute),
    quota: createClientQuota({
      requestsPerMinute: limits.clientRequestsPerMinute,
      concurrent: limits.clientConcurrentCalls,
    }),
    originOf,
    bodyLimits: { maxBytes: deps.maxBodyBytes, timeoutMs: limits.bodyTimeoutMs },
  };
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.use(securityHeaders(originOf));
  app.use(cors(deps.corsOrigins));
  app.use(shedLoad(createLoadGate(limits), log));
  app.use(requestContext(log));
  // Before the rule about TLS: a probe that asks the process itself sends and gets nothing of anyone.
  app.use(healthRoutes(deps.isReady));
  if (deps.requiresTls === true) app.use(requireTls(originOf));
  app.use(cdsRoutes({ ...deps, guards }));
  app.use(modelCardRoute(deps));
  app.use(metricsRoute(deps));
  app.use(openApiRoute(deps));
  app.use(unknownRoute);
  app.use(faultHandler(log));
  return app;
}
