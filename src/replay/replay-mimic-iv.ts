import { randomUUID } from 'node:crypto';
import type { ServiceRequest } from 'fhir/r4.js';
import { signingSessions, type SigningSession } from '../cohort/sources/mimic-iv/blood-orders.js';
import { orderEpisodeId } from '../cohort/plan/episodes.js';
import { diedWithinSevenDays } from '../cohort/sources/mimic-iv/death.js';
import { isoAtOffset } from '../cohort/sources/mimic-iv/mimic-time.js';
import { openMimicIv, type MimicChart } from '../cohort/sources/mimic-iv/open-mimic-iv.js';
import { rowDifferences, type DatasetRows } from '../cohort/dataset-rows.js';
import type { ModelBundle } from '../ensemble/model-bundle.js';
import { predictRisk, type PredictOptions } from '../ensemble/predict-risk.js';
import { fullFeatureSpec } from '../features/build-feature-spec.js';
import type { FeatureSpec } from '../features/feature-spec.js';
import type { FeatureTensors } from '../features/feature-tensors.js';
import { mapFeatures } from '../features/map-features.js';
import { SNOMED_CT } from '../record/code-systems.js';
import type { BloodOrder, BloodProduct, NoteDocument, PatientRecord } from '../record/patient-record.js';
import { discoverOrderSign, signOrders, type DiscoveredService, type SignedOrders } from '../sandbox/ehr-client.js';
import { startSandbox, type Sandbox } from '../sandbox/start-sandbox.js';
import { differingNames, tensorDifferences } from '../features/compare-tensors.js';
import { replayReport, type ReplayedCall, type ReplayedLearner, type ReplayReport } from './replay-report.js';
import { syntheticNotes } from './synthetic-notes.js';

/** What the service kept of an answered call. */
export interface ServedAssessment {
  readonly hookInstance: string;
  readonly record: PatientRecord;
  readonly tensors: FeatureTensors;
}

/** Starts the service under replay: with this clock and this store. Handed in: nothing imports the entry points. */
export type StartReplayedService = (overrides: {
  readonly clock: () => number;
  readonly store: { save(call: { readonly assessment: ServedAssessment }): Promise<void> };
}) => Promise<{ readonly url: string; close(): Promise<void> }>;

export interface ReplayOptions {
  /** Folder in MIMIC-IV's published CSV layout. */
  readonly dir: string;
  readonly bundle: ModelBundle;
  /** As of the service: a limit that is never met, so that both roads read the same notes. */
  readonly predictOptions?: PredictOptions;
  readonly startService: StartReplayedService;
  /** A training set of the same files, every signing an episode (`--gap-hours 0`): its rows are compared with what is served. */
  readonly dataset?: DatasetRows;
  /** Only the first so many patients with orders. */
  readonly maxPatients?: number;
  readonly onProgress?: (calls: number, of: number) => void;
}

const PROCEDURE_CODES: Readonly<Record<BloodProduct, string>> = {
  rbc: '116863004',
  platelets: '12719002',
  plasma: '116861002',
  cryo: '116795008',
  'whole-blood': '33389009',
  granulocytes: '',
};

interface Stage {
  readonly bundle: ModelBundle;
  readonly predictOptions: PredictOptions | undefined;
  readonly full: FeatureSpec;
  readonly dataset: DatasetRows | undefined;
  readonly sandbox: Sandbox;
  readonly serviceUrl: string;
  readonly service: DiscoveredService;
  readonly served: Map<string, ServedAssessment>;
  readonly setTime: (ms: number) => void;
  readonly errors: string[];
}

/**
 * Fires every signed blood bank order of the dataset at the service, over HTTP and at its own time, once with prefetch and
 * once without, from charts served as they stood then; compares both with the road straight from CSV.
 * Throws ERR_DATASET for a folder that does not fit.
 */
export async function replayMimicIv(options: ReplayOptions): Promise<ReplayReport> {
  const source = await openMimicIv(options.dir);
  let nowMs = 0;
  const served = new Map<string, ServedAssessment>();
  const sandbox = await startSandbox({ viewAt: () => nowMs });
  const service = await options.startService({
    clock: () => nowMs,
    store: {
      save: ({ assessment }) => {
        served.set(assessment.hookInstance, assessment);
        return Promise.resolve();
      },
    },
  });
  try {
    const stage: Stage = {
      bundle: options.bundle,
      predictOptions: options.predictOptions,
      full: fullFeatureSpec(),
      dataset: options.dataset,
      sandbox,
      serviceUrl: service.url,
      service: await discoverOrderSign(service.url),
      served,
      setTime: (ms) => {
        nowMs = ms;
      },
      errors: [],
    };
    const sessions = signingSessions(source.bloodOrders);
    const patients = [...new Set(sessions.map(({ subjectId }) => subjectId))].slice(0, options.maxPatients);
    const calls: ReplayedCall[] = [];
    let withoutStoreTime = 0;
    for (const subjectId of patients) {
      const chart = await source.chart(subjectId);
      withoutStoreTime += chart.withoutStoreTime;
      const own = sessions.filter((session) => session.subjectId === subjectId);
      const notes = syntheticNotes(chart.patientId, own[0]?.predictionTimeMs ?? 0, isoAtOffset);
      sandbox.store.clear();
      sandbox.store.load([...chart.resources, ...notes.resources]);
      const admissions = new Set<string>();
      for (const session of own) {
        const call = await replayCall(stage, chart, session, notes.documents, admissions);
        if (call) calls.push(call);
        options.onProgress?.(calls.length + stage.errors.length, sessions.length);
      }
    }
    const orders = source.bloodOrders.filter(
      ({ subjectId }) => options.maxPatients === undefined || patients.includes(subjectId),
    );
    return replayReport(calls, {
      source: 'mimic-iv',
      orders: orders.length,
      discontinued: orders.filter(({ transaction }) => transaction === 'D/C').length,
      errors: stage.errors,
      rowsOfTrainingSet: options.dataset?.byEpisode.size ?? 0,
      valuesWithoutStoreTime: withoutStoreTime,
    });
  } finally {
    await service.close();
    await sandbox.close();
    source.close();
  }
}

async function replayCall(
  stage: Stage,
  chart: MimicChart,
  session: SigningSession,
  notes: readonly NoteDocument[],
  admissions: Set<string>,
): Promise<ReplayedCall | undefined> {
  const predictionTimeMs = session.predictionTimeMs;
  stage.setTime(predictionTimeMs);
  const drafts = session.orders.map((order) => draftOrder(order.poeId, order, chart.patientId));
  const sign = (prefetch: 'full' | 'none'): Promise<SignedOrders> =>
    signOrders({
      serviceUrl: stage.serviceUrl,
      fhirBase: stage.sandbox.baseUrl,
      patientId: chart.patientId,
      draftOrders: drafts,
      prefetch,
      hookInstance: randomUUID(),
      service: stage.service,
    });
  const prefetched = await sign('full');
  const fetched = await sign('none');
  const bad = [prefetched, fetched].find(({ status }) => status !== 200);
  if (bad) {
    stage.errors.push(`HTTP ${bad.status}: ${JSON.stringify(bad.response).slice(0, 300)}`);
    return undefined;
  }
  const csv = chart.record(session.orders.map(bloodOrder), notes);
  const admission = session.orders[0]?.hadmId ?? '';
  const isFirstOfAdmission = !admissions.has(admission);
  admissions.add(admission);
  const answer = answerOf(prefetched);
  const answerFhir = answerOf(fetched);
  const expected = await predictRisk(
    stage.bundle,
    mapFeatures(csv, stage.bundle.spec, { predictionTimeMs }),
    stage.predictOptions,
  );
  return {
    patient: chart.patientId,
    admission,
    orders: session.orders.length,
    isFirstOfAdmission,
    inIcu: isInIcu(csv, predictionTimeMs),
    died: diedWithinSevenDays(chart.deathMs, predictionTimeMs),
    ...answer,
    ...(answer.probability === undefined ? {} : { servedVsCsv: Math.abs(answer.probability - expected.probability) }),
    ...(answer.probability === undefined && answerFhir.probability === undefined
      ? {}
      : { prefetchVsFhir: Math.abs((answer.probability ?? NaN) - (answerFhir.probability ?? NaN)) }),
    mismatches: mismatchesOf(stage, chart.patientId, csv, predictionTimeMs, [
      ['prefetch', prefetched],
      ['fhir', fetched],
    ]),
    prefetchHookMs: prefetched.timing.hookMs,
    fhirHookMs: fetched.timing.hookMs,
  };
}

/** Tensors the service used, and those of every concept, against the CSV road. */
function mismatchesOf(
  { served, bundle, full, dataset }: Stage,
  patientId: string,
  csv: PatientRecord,
  predictionTimeMs: number,
  roads: readonly (readonly [string, SignedOrders])[],
): readonly string[] {
  return roads.flatMap(([road, { request }]) => {
    const kept = served.get(request.hookInstance);
    served.delete(request.hookInstance);
    if (!kept) return [`${road}: the service kept no assessment`];
    if (kept.tensors.predictionTimeMs !== predictionTimeMs) return [`${road}: another prediction time`];
    const compare = (spec: FeatureSpec, mine: FeatureTensors): readonly string[] => {
      const expected = mapFeatures(csv, spec, { predictionTimeMs });
      const tensors = tensorDifferences(mine, expected);
      return [...tensors, ...differingNames(mine, expected, spec)].map((name) => `${road}, ${spec.id}: ${name}`);
    };
    return [
      ...compare(bundle.spec, kept.tensors),
      ...compare(full, mapFeatures(kept.record, full, { predictionTimeMs })),
      ...(dataset ? datasetDifferences(dataset, patientId, kept.record, predictionTimeMs, road) : []),
    ];
  });
}

/** The row a training set holds of this signing, against the service's own record mapped by the training set's spec. */
function datasetDifferences(
  { spec, byEpisode }: DatasetRows,
  patientId: string,
  record: PatientRecord,
  predictionTimeMs: number,
  road: string,
): readonly string[] {
  const row = byEpisode.get(orderEpisodeId(patientId, predictionTimeMs));
  if (!row) return [`${road}: the training set has no row of this signing`];
  const differences = rowDifferences(row, mapFeatures(record, spec, { predictionTimeMs }));
  return differences.map((name) => `${road}, training set: ${name}`);
}

function draftOrder(
  poeId: string,
  { product, transaction, orderMs }: SigningSession['orders'][number],
  patientId: string,
): ServiceRequest {
  return {
    resourceType: 'ServiceRequest',
    id: `poe-${poeId}`,
    // A changed order is signed again: it is no draft any more.
    status: transaction === 'Change' ? 'active' : 'draft',
    intent: 'order',
    code: { coding: [{ system: SNOMED_CT, code: PROCEDURE_CODES[product] }] },
    subject: { reference: `Patient/${patientId}` },
    authoredOn: isoAtOffset(orderMs),
  };
}

function bloodOrder({ product, poeId }: SigningSession['orders'][number]): BloodOrder {
  return { products: [product], reference: `ServiceRequest/poe-${poeId}` };
}

function isInIcu({ encounters }: PatientRecord, atMs: number): boolean {
  return encounters.some(
    ({ setting, startMs, endMs }) => setting === 'icu' && startMs <= atMs && (endMs === undefined || endMs > atMs),
  );
}

type Answer = Pick<ReplayedCall, 'hasCard' | 'outcome' | 'tier' | 'probability' | 'learners' | 'modalitiesUsed'>;

function answerOf({ response }: SignedOrders): Answer {
  const cards = member(response, 'cards');
  const card: unknown = Array.isArray(cards) ? cards[0] : undefined;
  const facts = member(member(card, 'extension'), 'org.hemolens.assessment');
  const probability = member(facts, 'probability');
  const tier = member(facts, 'tier');
  const notScored = member(facts, 'notScored');
  return {
    hasCard: card !== undefined,
    outcome: typeof notScored === 'string' ? notScored : card === undefined ? 'silent' : 'scored',
    ...(typeof tier === 'string' ? { tier } : {}),
    ...(typeof probability === 'number' ? { probability, ...partsOf(facts) } : {}),
  };
}

/** Base learners and modalities of the card's extension. */
function partsOf(facts: unknown): Pick<ReplayedCall, 'learners' | 'modalitiesUsed'> {
  const listed: unknown = member(facts, 'learners');
  const learners = (Array.isArray(listed) ? listed : []).flatMap((learner: unknown): ReplayedLearner[] => {
    const [id, logit, weight] = [member(learner, 'id'), member(learner, 'logit'), member(learner, 'weight')];
    if (typeof id !== 'string') return [];
    return [{ id, weight: typeof weight === 'number' ? weight : 0, ...(typeof logit === 'number' ? { logit } : {}) }];
  });
  const used = member(facts, 'modalitiesUsed');
  const uses = typeof used === 'object' && used !== null ? Object.entries(used) : [];
  return { learners, modalitiesUsed: Object.fromEntries(uses.map(([name, use]) => [name, String(use)])) };
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1] as unknown;
}
