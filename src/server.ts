import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createApp } from './app.js';
import { assessOrder, type AssessOrderDeps } from './assessment/assess-order.js';
import { configurationDefaults, siteDisplayOf } from './assessment/call-rules.js';
import { withKillSwitch } from './assessment/kill-switch.js';
import { createPatientTurns } from './assessment/patient-turns.js';
import { recentShownCards } from './assessment/recent-shown-cards.js';
import { cardOptionsOf } from './cards/card-options.js';
import { withConfigurationDefaults } from './cds-hooks/configuration-options.js';
import { parsedPrefetchTemplates } from './cds-hooks/prefetch-template.js';
import { serviceCatalogue } from './cds-hooks/service-catalogue.js';
import { isLoopback, type Config } from './config/config.js';
import type { SwitchBoard } from './clients/client-registry.js';
import { loadModelBundle } from './ensemble/load-model-bundle.js';
import type { ModelBundle } from './ensemble/model-bundle.js';
import { createModelHolder, type ModelHolder } from './ensemble/model-holder.js';
import { ServiceError } from './errors/service-error.js';
import { assembleRecord } from './fhir/assemble-record.js';
import { fhirAccessOf } from './fhir/fhir-access-options.js';
import type { VerifyClientJwt } from './http/cds-client.js';
import { createDevelopmentClientPort } from './http/development-client.js';
import { openHttpServer } from './http/http-server.js';
import { createLogger, logEvent, type Log } from './logging/logger.js';
import { loadBloodProductTable } from './orders/blood-product-table.js';
import type { AssessmentStore, ShownCards } from './store/assessment-store.js';
import { createDevelopmentStore } from './store/development-store.js';
import { guardStore } from './store/guard-store.js';

/** What a caller may put in place of the service's own. */
export interface ServiceOverrides {
  /** ms since the epoch; a clock other than the real one only in sandbox mode. */
  readonly clock?: () => number;
  readonly verifyClientJwt?: VerifyClientJwt;
  readonly store?: AssessmentStore;
  /** Cards shown before, where a store is given; not given: no cooldown. */
  readonly shownCards?: ShownCards;
  /** Not given: assessing, by the configured model. */
  readonly switches?: SwitchBoard;
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
  const catalogue = withConfigurationDefaults(serviceCatalogue(), configurationDefaults(siteDisplayOf(config)));
  const models = await openModels(config, log);
  const deps = assessOrderDeps(config, overrides, log, models);
  let isReady = false;
  const app = createApp({
    catalogue,
    verifyClientJwt: overrides.verifyClientJwt ?? createDevelopmentClientPort(log),
    assessOrder: withKillSwitch((request, client) => assessOrder(deps, request, client), {
      ...deps,
      switches: overrides.switches ?? ALWAYS_ASSESSING,
      answer: config.killSwitchAnswer,
      followModel: (directory) => {
        models.follow(directory);
      },
    }),
    maxBodyBytes: config.maxBodyBytes,
    checksResponses: config.mode !== 'production',
    corsOrigins: config.corsOrigins,
    isReady: () => isReady,
    log,
  });
  const server = await openHttpServer(app, config).catch(async (error: unknown) => {
    await models.close();
    throw error;
  });
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
      await models.close();
      logEvent(log, 'service.stopped', stopped);
    },
  };
}

/** Of two orders signed at once, the second waits at most so long for the first to be kept. */
const LONGEST_TURN_MS = 1000;

const NO_EARLIER_CARDS: ShownCards = { since: () => Promise.resolve([]) };
const ALWAYS_ASSESSING: SwitchBoard = { read: () => Promise.resolve({ isAssessing: true }) };

function assessOrderDeps(config: Config, overrides: ServiceOverrides, log: Log, models: ModelHolder): AssessOrderDeps {
  const { textMatchPolicy, ordersOverlayPath } = config;
  const bloodProducts = loadBloodProductTable(
    ordersOverlayPath,
    textMatchPolicy === undefined ? {} : { textOnly: textMatchPolicy },
  );
  logEvent(log, 'orders.table-loaded', { codes: bloodProducts.classes.size, overlay: ordersOverlayPath !== undefined });
  const access = { ...fhirAccessOf(config), templates: parsedPrefetchTemplates() };
  return {
    bloodProducts,
    useModel: models.use,
    assembleRecord: async (request, orders, at) => {
      const assembled = await assembleRecord(request, orders, { ...access, ...at });
      logAssembly(log, request.hookInstance, assembled);
      return assembled;
    },
    ...storesOf(config, overrides, log),
    turns: createPatientTurns({ longestWaitMs: LONGEST_TURN_MS }),
    clock: allowedClock(config, overrides, log),
    newId: randomUUID,
    siteDisplay: siteDisplayOf(config),
    cardOptions: cardOptionsOf(config, randomUUID),
    predictOptions: { noteEncodingMs: config.noteEncodingMs },
    logEvent: (event, fields) => {
      logEvent(log, event, fields);
    },
  };
}

function storesOf(
  config: Config,
  { store, shownCards = NO_EARLIER_CARDS }: ServiceOverrides,
  log: Log,
): Pick<AssessOrderDeps, 'store' | 'shownCards'> {
  if (store) return { store: guardStore(store), shownCards };
  const inMemory = createDevelopmentStore({ capacity: config.storeCapacity, log });
  return { store: guardStore(inMemory), shownCards: recentShownCards(() => inMemory.recent()) };
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

/** Verifies the configured model and holds it; it can be replaced while the service runs. */
async function openModels(config: Config, log: Log): Promise<ModelHolder> {
  const load = (folder: string): Promise<ModelBundle> => verifiedBundle(folder, config, log);
  return createModelHolder(await load(config.modelBundleDir), config.modelBundleDir, {
    load,
    onReplaced: ({ identity: { id, version, sha256 } }) => {
      logEvent(log, 'model.replaced', { id, version, sha256 });
    },
    onRefused: ({ code, detail }) => {
      logEvent(log, 'model.refused', { code, detail: detail.slice(0, 500) });
    },
  });
}

async function verifiedBundle(directory: string, config: Config, log: Log): Promise<ModelBundle> {
  const startMs = performance.now();
  const { noteEncodersDir, noteEncoderThreads } = config;
  const bundle = await loadModelBundle(modelDirectory(directory), {
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
