import { randomUUID } from 'node:crypto';
import { assessOrder, type AssessOrderDeps } from '../assessment/assess-order.js';
import { siteDisplayOf } from '../assessment/call-rules.js';
import { withKillSwitch, type AnswerCall } from '../assessment/kill-switch.js';
import { createPatientTurns } from '../assessment/patient-turns.js';
import { cardOptionsOf } from '../cards/card-options.js';
import { parsedPrefetchTemplates } from '../cds-hooks/prefetch-template.js';
import type { Config } from '../config/config.js';
import type { ModelHolder } from '../ensemble/model-holder.js';
import { assembleRecord } from '../fhir/assemble-record.js';
import type { FhirBases } from '../fhir/bases/fhir-bases.js';
import { fhirAccessOf } from '../fhir/fhir-access-options.js';
import { logEvent, type Log } from '../logging/logger.js';
import { loadBloodProductTable } from '../orders/blood-product-table.js';
import { guardStore } from '../store/guard-store.js';
import type { HemolensStore } from '../store/hemolens-store.js';
import { logAssembly } from './log-assembly.js';

/** Of two orders signed at once, the second waits at most so long for the first to be kept. */
const LONGEST_TURN_MS = 1000;

export interface ServiceParts {
  readonly config: Config;
  readonly log: Log;
  readonly models: ModelHolder;
  readonly bases: FhirBases;
  readonly store: HemolensStore;
  readonly clock: () => number;
}

/** How this service answers a call: the kill switch, then the flow of `assessOrder`. Throws ServiceError ERR_CONFIG for an overlay that does not fit. */
export function composeAssessOrder(parts: ServiceParts): AnswerCall {
  const { config, models, store } = parts;
  const deps = assessOrderDeps(parts);
  return withKillSwitch((request, client, call) => assessOrder(deps, request, client, call), {
    ...deps,
    switches: store,
    answer: config.killSwitchAnswer,
    followModel: (directory) => {
      models.follow(directory);
    },
  });
}

function assessOrderDeps({ config, log, models, bases, store, clock }: ServiceParts): AssessOrderDeps {
  const { textMatchPolicy, ordersOverlayPath } = config;
  const bloodProducts = loadBloodProductTable(
    ordersOverlayPath,
    textMatchPolicy === undefined ? {} : { textOnly: textMatchPolicy },
  );
  logEvent(log, 'orders.table-loaded', { codes: bloodProducts.classes.size, overlay: ordersOverlayPath !== undefined });
  const templates = parsedPrefetchTemplates();
  return {
    bloodProducts,
    useModel: models.use,
    assembleRecord: async (request, orders, at) => {
      const access = fhirAccessOf(config, at.client);
      const assembled = await assembleRecord(request, orders, { ...access, templates, bases, ...at });
      logAssembly(log, request.hookInstance, assembled);
      return assembled;
    },
    store: guardStore(store),
    shownCards: store,
    turns: createPatientTurns({ longestWaitMs: LONGEST_TURN_MS }),
    clock,
    newId: randomUUID,
    siteDisplay: siteDisplayOf(config),
    cardOptions: cardOptionsOf(config, randomUUID),
    predictOptions: { noteEncodingMs: config.noteEncodingMs },
    logEvent: (event, fields) => {
      logEvent(log, event, fields);
    },
  };
}
