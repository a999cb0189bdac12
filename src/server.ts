import { createApp } from './app.js';
import { configurationDefaults, siteDisplayOf } from './assessment/call-rules.js';
import { withConfigurationDefaults } from './cds-hooks/configuration-options.js';
import { serviceCatalogue } from './cds-hooks/service-catalogue.js';
import type { SwitchBoard } from './clients/client-registry.js';
import { composeAssessOrder } from './composition/compose-assess-order.js';
import { openModels, type Models } from './composition/open-models.js';
import { composeSaveFeedback, OFFERED_REASON_CODES } from './composition/save-feedback.js';
import type { ServiceOverrides } from './composition/service-overrides.js';
import { openServiceStore } from './composition/service-store.js';
import { isLoopback, type Config } from './config/config.js';
import { ServiceError } from './errors/service-error.js';
import { createFhirBases, fhirBasesOf } from './fhir/bases/fhir-bases.js';
import { createClientPort } from './http/client-port.js';
import { openHttpServer } from './http/http-server.js';
import { tlsFilesOf } from './http/tls-material.js';
import { createLogger, logEvent, type Log } from './logging/logger.js';
import { meteredLog } from './monitoring/metered-log.js';
import { createServiceMetrics, type ServiceMetrics } from './monitoring/service-metrics.js';

export type { ServiceOverrides } from './composition/service-overrides.js';

export interface RunningService {
  /** `http://127.0.0.1:3000`, with the port that was really taken. */
  readonly url: string;
  /** Stops taking calls, lets those in flight finish for at most 5 s, then cuts them. */
  close(): Promise<void>;
}

/**
 * Composes the service, verifies its model, opens its store and only then listens. Throws ServiceError ERR_MODEL_BUNDLE naming
 * file, expected and found, ERR_STORE or ERR_CONFIG; nothing listens then.
 */
export async function startService(config: Config, overrides: ServiceOverrides = {}): Promise<RunningService> {
  const metrics = createServiceMetrics({ overrideReasonCodes: OFFERED_REASON_CODES });
  const log = meteredLog(overrides.log ?? createLogger(config), metrics.count);
  logEvent(log, 'service.starting', { mode: config.mode });
  /** What was opened so far, to be closed in the opposite order. */
  const opened: (() => Promise<void>)[] = [
    () => {
      metrics.close();
      return Promise.resolve();
    },
  ];
  try {
    return await start({ config, overrides, log, metrics, opened });
  } catch (error) {
    await closeAll(opened);
    if (error instanceof ServiceError) {
      logEvent(log, 'service.refused', { code: error.code, detail: error.detail.slice(0, 500) });
    }
    throw error;
  }
}

interface Starting {
  readonly config: Config;
  readonly overrides: ServiceOverrides;
  readonly log: Log;
  readonly metrics: ServiceMetrics;
  readonly opened: (() => Promise<void>)[];
}

async function start({ config, overrides, log, metrics, opened }: Starting): Promise<RunningService> {
  const catalogue = withConfigurationDefaults(serviceCatalogue(), configurationDefaults(siteDisplayOf(config)));
  const clock = allowedClock(config, overrides, log);
  const models = await openModels(config, log);
  opened.push(() => models.holder.close());
  const store = await openServiceStore(config, overrides, log);
  opened.push(() => store.close());
  await useModelOfBoard(models, store);
  const verifyClientJwt =
    overrides.verifyClientJwt ??
    createClientPort(config, { clients: { registry: store, ledger: store }, clock: () => Date.now(), log });
  const bases = createFhirBases(fhirBasesOf(config));
  opened.push(() => bases.close());
  let isReady = false;
  const app = createApp({
    catalogue,
    verifyClientJwt,
    assessOrder: composeAssessOrder({ config, log, models: models.holder, bases, store, clock }),
    saveFeedback: composeSaveFeedback(store, log),
    maxBodyBytes: config.maxBodyBytes,
    limits: config,
    trustedProxies: config.trustedProxies,
    requiresTls: config.mode === 'production' && !isLoopback(config.host),
    checksResponses: config.mode !== 'production',
    corsOrigins: config.corsOrigins,
    isReady: () => isReady,
    modelCard: () => models.card(),
    metrics,
    metricsReaders: config.metrics,
    log,
  });
  const tls = tlsFilesOf(config);
  const { host, port, maxConnections } = config;
  const server = await openHttpServer(app, { host, port, maxConnections, log, ...(tls ? { tls } : {}) });
  isReady = true;
  if (!isLoopback(host)) {
    logEvent(log, 'network.open', { detail: 'other machines may reach this service', host });
  }
  logEvent(log, 'service.listening', { host, port: server.port, services: catalogue.services.length });
  return {
    url: server.url,
    close: async () => {
      isReady = false;
      logEvent(log, 'service.stopping');
      const stopped = await server.close();
      await closeAll(opened);
      logEvent(log, 'service.stopped', stopped);
    },
  };
}

/**
 * A model that was rolled back must not answer again because the service starts anew. A board that cannot be read says nothing:
 * it is read at every call, which then fails.
 */
async function useModelOfBoard({ holder }: Models, store: SwitchBoard): Promise<void> {
  const switches = await store.read().catch(() => undefined);
  holder.follow(switches?.modelBundleDir);
  await holder.settled();
}

async function closeAll(opened: (() => Promise<void>)[]): Promise<void> {
  for (let close = opened.pop(); close; close = opened.pop()) await close();
}

function allowedClock({ mode }: Config, { clock }: ServiceOverrides, log: Log): () => number {
  if (!clock) return () => Date.now();
  if (mode !== 'sandbox') throw new ServiceError('ERR_CONFIG', { detail: 'a replay clock is for sandbox mode only' });
  logEvent(log, 'clock.replay', { detail: 'the service runs on a replay clock' });
  return clock;
}
