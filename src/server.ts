import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createApp } from './app.js';
import { assessOrder, type AssessOrderDeps } from './assessment/assess-order.js';
import { cardOptionsOf } from './cards/card-options.js';
import { parsedPrefetchTemplates } from './cds-hooks/prefetch-template.js';
import { serviceCatalogue } from './cds-hooks/service-catalogue.js';
import { isLoopback, type Config } from './config/config.js';
import { loadModelBundle } from './ensemble/load-model-bundle.js';
import type { ModelBundle } from './ensemble/model-bundle.js';
import { ServiceError } from './errors/service-error.js';
import { assembleRecord } from './fhir/assemble-record.js';
import { fhirAccessOf } from './fhir/fhir-access-options.js';
import type { SaveFeedback } from './http/answer-feedback.js';
import type { VerifyClientJwt } from './http/cds-client.js';
import { createDevelopmentClientPort } from './http/development-client.js';
import { openHttpServer } from './http/http-server.js';
import { tlsFilesOf } from './http/tls-material.js';
import { createLogger, logEvent, type Log } from './logging/logger.js';
import { loadBloodProductTable } from './orders/blood-product-table.js';
import type { AssessmentStore } from './store/assessment-store.js';
import { createDevelopmentStore } from './store/development-store.js';
import { guardStore } from './store/guard-store.js';

/** What a caller may put in place of the service's own. */
export interface ServiceOverrides {
  /** ms since the epoch; a clock other than the real one only in sandbox mode. */
  readonly clock?: () => number;
  readonly verifyClientJwt?: VerifyClientJwt;
  readonly store?: AssessmentStore;
  /** Where feedback on cards goes; without it none is offered. */
  readonly saveFeedback?: SaveFeedback;
  readonly log?: Log;
}

export interface RunningService {
  /** `http://127.0.0.1:3000`, with the port that was really taken. */
  readonly url: string;
  /** Stops taking calls, lets those in flight finish for at most 5 s, then cuts them. */
  close(): Promise<void>;
}

/**
 * Composes the service, verifies its model and only then listens. Throws ServiceError ERR_MODEL_BUNDLE naming file,
 * expected and found, or ERR_CONFIG; nothing listens then.
 */
export async function startService(config: Config, overrides: ServiceOverrides = {}): Promise<RunningService> {
  const log = overrides.log ?? createLogger(config);
  logEvent(log, 'service.starting', { mode: config.mode });
  try {
    return await start(config, overrides, log);
  } catch (error) {
    if (error instanceof ServiceError) {
      logEvent(log, 'service.refused', { code: error.code, detail: error.detail.slice(0, 500) });
    }
    throw error;
  }
}

async function start(config: Config, overrides: ServiceOverrides, log: Log): Promise<RunningService> {
  const catalogue = serviceCatalogue();
  const bundle = await verifiedBundle(config, log);
  const deps = assessOrderDeps(config, overrides, log, bundle);
  let isReady = false;
  const app = createApp({
    catalogue,
    verifyClientJwt: overrides.verifyClientJwt ?? createDevelopmentClientPort(log),
    assessOrder: (request, client) => assessOrder(deps, request, client),
    ...(overrides.saveFeedback ? { saveFeedback: overrides.saveFeedback } : {}),
    maxBodyBytes: config.maxBodyBytes,
    limits: config,
    trustedProxies: config.trustedProxies,
    checksResponses: config.mode !== 'production',
    corsOrigins: config.corsOrigins,
    isReady: () => isReady,
    log,
  });
  const tls = tlsFilesOf(config);
  const { host, port, maxConnections } = config;
  const server = await openHttpServer(app, { host, port, maxConnections, log, ...(tls ? { tls } : {}) }).catch(
    async (error: unknown) => {
      await bundle.close();
      throw error;
    },
  );
  isReady = true;
  if (!isLoopback(config.host)) {
    logEvent(log, 'network.open', { detail: 'other machines may reach this service', host: config.host });
  }
  logEvent(log, 'service.listening', { host: config.host, port: server.port, services: catalogue.services.length });
  return {
    url: server.url,
    close: async () => {
      isReady = false;
      logEvent(log, 'service.stopping');
      const stopped = await server.close();
      await bundle.close();
      logEvent(log, 'service.stopped', stopped);
    },
  };
}

function assessOrderDeps(config: Config, overrides: ServiceOverrides, log: Log, bundle: ModelBundle): AssessOrderDeps {
  const { textMatchPolicy, ordersOverlayPath } = config;
  const bloodProducts = loadBloodProductTable(
    ordersOverlayPath,
    textMatchPolicy === undefined ? {} : { textOnly: textMatchPolicy },
  );
  logEvent(log, 'orders.table-loaded', { codes: bloodProducts.classes.size, overlay: ordersOverlayPath !== undefined });
  const access = { ...fhirAccessOf(config), templates: parsedPrefetchTemplates() };
  return {
    bloodProducts,
    bundle,
    assembleRecord: async (request, orders, at) => {
      const assembled = await assembleRecord(request, orders, { ...access, ...at });
      logAssembly(log, request.hookInstance, assembled);
      return assembled;
    },
    store: guardStore(overrides.store ?? createDevelopmentStore({ capacity: config.storeCapacity, log })),
    clock: allowedClock(config, overrides, log),
    newId: randomUUID,
    cardOptions: cardOptionsOf(config, randomUUID),
    predictOptions: { noteEncodingMs: config.noteEncodingMs },
    logEvent: (event, fields) => {
      logEvent(log, event, fields);
    },
  };
}

function logAssembly(
  log: Log,
  hookInstance: string,
  { record, report }: Awaited<ReturnType<typeof assembleRecord>>,
): void {
  for (const call of report.calls)
    logEvent(log, 'fhir.call', { hookInstance, ...call, durationMs: Math.round(call.durationMs) });
  const rejected = new Map<string, number>();
  for (const { reason, count } of record.rejections) rejected.set(reason, (rejected.get(reason) ?? 0) + count);
  logEvent(log, 'record.assembled', {
    hookInstance,
    durationMs: Math.round(report.durationMs),
    calls: report.calls.length,
    pages: report.pages,
    observations: record.values.length,
    administrations: record.administrations.length,
    notes: record.notes.length,
    fromPrefetch: report.fromPrefetch,
    fromFhir: report.fromFhir,
    unavailable: Object.keys(report.unavailable).length,
    foreignResources: report.foreignResources,
    flags: { ...report.flags },
    rejected: Object.fromEntries(rejected),
  });
}

function allowedClock({ mode }: Config, { clock }: ServiceOverrides, log: Log): () => number {
  if (!clock) return () => Date.now();
  if (mode !== 'sandbox') throw new ServiceError('ERR_CONFIG', { detail: 'a replay clock is for sandbox mode only' });
  logEvent(log, 'clock.replay', { detail: 'the service runs on a replay clock' });
  return clock;
}

async function verifiedBundle(config: Config, log: Log): Promise<ModelBundle> {
  const startMs = performance.now();
  const { modelBundleDir, noteEncodersDir, noteEncoderThreads } = config;
  const bundle = await loadModelBundle(modelDirectory(modelBundleDir), {
    ...(noteEncodersDir === undefined ? {} : { encodersDir: modelDirectory(noteEncodersDir) }),
    noteEncoder: { threads: noteEncoderThreads },
  });
  const { id, version, sha256 } = bundle.identity;
  const noteEncoder = bundle.noteEncoder?.id;
  const durationMs = Math.round(performance.now() - startMs);
  logEvent(log, 'model.verified', {
    id,
    version,
    sha256,
    columns: bundle.spec.tabular.length,
    noteEncoder,
    durationMs,
  });
  return bundle;
}

/** A relative folder is looked for from the working directory, then from the project. */
function modelDirectory(directory: string): string {
  const here = resolve(directory);
  if (isAbsolute(directory) || existsSync(here)) return here;
  return fileURLToPath(new URL(`../${directory}`, import.meta.url));
}
