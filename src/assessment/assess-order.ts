import { buildCards } from '../cards/build-cards.js';
import { buildTextOnlyCards } from '../cards/build-text-only-cards.js';
import type { CdsResponse } from '../cds-hooks/card.js';
import type { HookRequest } from '../cds-hooks/hook-request.js';
import type { CdsClient } from '../clients/cds-client.js';
import { predictRisk } from '../ensemble/predict-risk.js';
import { explainPrediction } from '../explanation/explain-prediction.js';
import type { FeatureTensors } from '../features/feature-tensors.js';
import { mapFeatures } from '../features/map-features.js';
import { screenOrders } from '../orders/screen-orders.js';
import type { PatientRecord } from '../record/patient-record.js';
import type { AnsweredCall } from './answered-call.js';
import { wasInIcu, whyNotScored } from './applicability.js';
import type { AssessOrderDeps } from './assess-order-deps.js';
import { logAnswer, logDecision, logScreening } from './assessment-log.js';
import { predictionTime } from './prediction-time.js';
import type { AssessmentOutcome, RiskAssessment } from './risk-assessment.js';

export type { AssessOrderDeps } from './assess-order-deps.js';

/**
 * Answers one `order-sign` call: the whole flow, in its order. The list of cards is empty where nothing being signed is a
 * blood product and where the site wants silence. Throws ServiceError on a fault, which never becomes an empty list.
 */
export async function assessOrder(
  deps: AssessOrderDeps,
  request: HookRequest,
  client: CdsClient,
): Promise<CdsResponse> {
  const { hookInstance, context } = request;
  const arrivalMs = deps.clock();
  const startMs = performance.now();

  const screening = screenOrders(context.draftOrders, context.patientId, deps.bloodProducts);
  logScreening(deps, hookInstance, screening);
  if (screening.kind === 'not-blood') {
    const isReported = deps.bloodProducts.policy.textOnly === 'report';
    return { cards: isReported ? buildTextOnlyCards(screening.textOnly, deps.cardOptions) : [] };
  }
  const { orders, authoredOn, textOnly } = screening;

  const predictionTimeMs = predictionTime(authoredOn, arrivalMs);
  const { record } = await deps.assembleRecord(request, [...orders], { predictionTimeMs, client });
  const assembledMs = performance.now();
  const tensors = mapFeatures(record, deps.bundle.spec, { predictionTimeMs });
  const mappedMs = performance.now();
  const { outcome, predictedMs } = await score(deps, record, tensors);
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
  const cards = buildCards(assessment, deps.cardOptions);
  const call: AnsweredCall = {
    assessment,
    client,
    subject: subjectOf(request),
    display: cards.length > 0 ? { kind: 'shown' } : { kind: 'withheld', why: 'below-tier' },
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

async function score(
  deps: AssessOrderDeps,
  record: PatientRecord,
  tensors: FeatureTensors,
): Promise<{ readonly outcome: AssessmentOutcome; readonly predictedMs: number }> {
  const reason = whyNotScored(record, tensors.predictionTimeMs);
  if (reason) return { outcome: { kind: 'not-scored', reason }, predictedMs: performance.now() };
  const prediction = await predictRisk(deps.bundle, tensors, deps.predictOptions);
  const predictedMs = performance.now();
  const explanation = explainPrediction(deps.bundle, tensors, prediction, record, deps.explainOptions);
  return { outcome: { kind: 'scored', prediction, explanation }, predictedMs };
}
