import type { CardOptions } from '../cards/card-options.js';
import type { HookRequest } from '../cds-hooks/hook-request.js';
import type { CdsClient } from '../clients/cds-client.js';
import type { UseModel } from '../ensemble/model-holder.js';
import type { PredictOptions } from '../ensemble/predict-risk.js';
import type { ExplainOptions } from '../explanation/explain-prediction.js';
import type { EventFields, EventName } from '../logging/events.js';
import type { BloodProductTable } from '../orders/blood-product-table.js';
import type { BloodOrder, PatientRecord } from '../record/patient-record.js';
import type { AssessmentStore, ShownCards } from '../store/assessment-store.js';
import type { SiteDisplay } from './call-rules.js';
import type { PatientTurns } from './patient-turns.js';

/** What the flow needs from outside: the chart, the model, the store, time, chance, and the site's choices. */
export interface AssessOrderDeps {
  readonly bloodProducts: BloodProductTable;
  /** Asked once a call: a model that is replaced meanwhile stays open for it. */
  readonly useModel: UseModel;
  /** Prefetch first, FHIR for what it lacks; throws where a required part of the chart cannot be had (412). */
  readonly assembleRecord: (
    request: HookRequest,
    orders: BloodOrder[],
    at: { readonly predictionTimeMs: number; readonly client: CdsClient; readonly traceparent?: string },
  ) => Promise<{ readonly record: PatientRecord }>;
  readonly store: AssessmentStore;
  /** Cards shown before, for the cooldown. */
  readonly shownCards: ShownCards;
  readonly turns: PatientTurns;
  /** ms since the epoch; a replay clock only in sandbox mode. */
  readonly clock: () => number;
  /** A fresh UUID v4. */
  readonly newId: () => string;
  /** When a card is shown. */
  readonly siteDisplay: SiteDisplay;
  /** What a card looks like. */
  readonly cardOptions: CardOptions;
  readonly predictOptions?: PredictOptions;
  readonly explainOptions?: ExplainOptions;
  readonly logEvent: <E extends EventName>(event: E, fields: EventFields<E>) => void;
}
