import { buildCards } from '../cards/build-cards.js';
import { buildTextOnlyCards } from '../cards/build-text-only-cards.js';
import type { CallContext } from '../cds-hooks/call-context.js';
import type { CdsResponse } from '../cds-hooks/card.js';
import type { HookRequest } from '../cds-hooks/hook-request.js';
import type { CdsClient } from '../clients/cds-client.js';
import type { ModelBundle } from '../ensemble/model-bundle.js';
import { predictRisk } from '../ensemble/predict-risk.js';
import { explainPrediction } from '../explanation/explain-prediction.js';
import type { FeatureTensors } from '../features/feature-tensors.js';
import { mapFeatures } from '../features/map-features.js';
import { screenOrders } from '../orders/screen-orders.js';
import type { PatientRecord } from '../record/patient-record.js';
import type { AnsweredCall } from './answered-call.js';
import { wasInIcu, whyNotScored } from './applicability.js';
import type { AssessOrderDeps } from './assess-order-deps.js';
import { logAnswer, logConfiguration, logDecision, logScreening } from './assessment-log.js';
import { callRules } from './call-rules.js';
import { decideDisplay, whyNoCardAtAll } from './decide-display.js';
import { predictionTime } from './prediction-time.js';
import type { AssessmentOutcome, RiskAssessment } from './risk-assessment.js';

export type { AssessOrderDeps } from './assess-order-deps.js';

/**
 * Answers one `order-sign` call: the whole flow, in its order. The list of cards is empty where nothing being signed is a
 * blood product and where a rule withholds the card (`decideDisplay`). Throws ServiceError on a fault, which never becomes an
 * empty list.
 */
export async function assessOrder(
  deps: AssessOrderDeps,
  request: HookRequest,
  client: CdsClient,
  { traceparent }: Partial<CallContext> = {},
): Promise<CdsResponse> {
  const { hookInstance, context } = request;
  const arrivalMs = deps.clock();
  const startMs = performance.now();
  const rules = callRules({ display: deps.siteDisplay, cardOptions: deps.cardOptions }, client, request.configuration);
  logConfiguration(deps, request, client, rules);

  const screening = screenOrders(context.draftOrders, context.patientId, deps.bloodProducts);
  logScreening(deps, hookInstance, screening);
  if (screening.kind === 'not-blood') {
    const isReported = deps.bloodProducts.policy.textOnly === 'report' && !whyNoCardAtAll(request, rules.display);
    return { cards: isReported ? buildTextOnlyCards(screening.textOnly, rules.cards) : [] };
  }
  const { orders, authoredOn, textOnly } = screening;

  const predictionTimeMs = predictionTime(authoredOn, arrivalMs);
  const { record } = await deps.assembleRecord(request, [...orders], {
    predictionTimeMs,
    client,
    ...(traceparent === undefined ? {} : { traceparent }),
  });
  const assembledMs = performance.now();
  const { tensors, outcome, mappedMs, predictedMs } = await deps.useModel((bundle) =>
    score(deps, bundle, record, predictionTimeMs),
  );
  const assessment: RiskAssessment = {
    assessmentId: deps.newId(),
    hookInstance,
    predictionTimeMs,
    orders,
    ...(textOnly.length > 0 ? { textOnly } : {}),
    record,
    tensors,
    inIcu: wasInIcu(record, predictionTimeMs),
    outcome,
  };
  const explainedMs = performance.now();
  return deps.turns.inTurn(patientKey(request, client), async () => {
    const display = await decideDisplay(assessment, request, client, rules, deps);
    const cards = display.kind === 'shown' ? buildCards(assessment, rules.cards) : [];
    const call: AnsweredCall = {
      assessment,
      client,
      subject: subjectOf(request),
      display,
      cardIds: cards.map(({ uuid }) => uuid),
      answeredAtMs: deps.clock(),
      latencyMs: {
        assemble: assembledMs - startMs,
        features: mappedMs - assembledMs,
        predict: predictedMs - mappedMs,
        explain: explainedMs - predictedMs,
        total: performance.now() - startMs,
      },
    };
    await deps.store.save(call);
    logDecision(deps, call);
    logAnswer(deps, call, deps.clock() - arrivalMs);
    return { cards };
  });
}

function patientKey({ context, fhirServer }: HookRequest, { id, tenant }: CdsClient): string {
  return JSON.stringify([id, tenant, fhirServer, context.patientId]);
}

function subjectOf({ context, fhirServer }: HookRequest): AnsweredCall['subject'] {
  const { patientId, userId, encounterId } = context;
  return {
    patientId,
    userId,
    ...(encounterId === undefined ? {} : { encounterId }),
    ...(fhirServer === undefined ? {} : { fhirServer }),
  };
}

interface Scored {
  readonly tensors: FeatureTensors;
  readonly outcome: AssessmentOutcome;
  readonly mappedMs: number;
  readonly predictedMs: number;
}

/** mapFeatures, predictRisk and explain, all by one model. */
async function score(
  deps: AssessOrderDeps,
  bundle: ModelBundle,
  record: PatientRecord,
  predictionTimeMs: number,
): Promise<Scored> {
  const tensors = mapFeatures(record, bundle.spec, { predictionTimeMs });
  const mappedMs = performance.now();
  const reason = whyNotScored(record, predictionTimeMs);
  if (reason) return { tensors, outcome: { kind: 'not-scored', reason }, mappedMs, predictedMs: performance.now() };
  const prediction = await predictRisk(bundle, tensors, deps.predictOptions);
  const predictedMs = performance.now();
  const explanation = explainPrediction(bundle, tensors, prediction, record, deps.explainOptions);
  return { tensors, outcome: { kind: 'scored', prediction, explanation }, mappedMs, predictedMs };
}
