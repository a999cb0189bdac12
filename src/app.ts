import express, { type Express } from 'express';
import { cors } from './http/cors.js';
import { faultHandler } from './http/fault-handler.js';
import { metricsRoute, type MetricsRouteDeps } from './http/metrics-route.js';
import { modelCardRoute, type ModelCardRouteDeps } from './http/model-card-route.js';
import { openApiRoute } from './http/openapi/openapi-route.js';
import { requestContext } from './http/request-context.js';
import { cdsRoutes, healthRoutes, unknownRoute, type CdsRoutesDeps } from './http/routes.js';
import type { Log } from './logging/logger.js';

export interface AppDeps extends CdsRoutesDeps, MetricsRouteDeps, ModelCardRouteDeps {
  readonly log: Log;
  readonly corsOrigins: readonly string[];
  /** May the service be sent calls? */
  readonly isReady: () => boolean;
}

/** The HTTP service around `assessOrder`; everything it uses comes in as an argument. */
export function createApp(deps: AppDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.use(requestContext(deps.log));
  app.use(cors(deps.corsOrigins));
  app.use(cdsRoutes(deps));
  app.use(healthRoutes(deps.isReady));
  app.use(modelCardRoute(deps));
  app.use(metricsRoute(deps));
  app.use(openApiRoute(deps));
  app.use(unknownRoute);
  app.use(faultHandler(deps.log));
  return app;
}
