/** The whole line on a real HAPI FHIR server: what the service makes of a chart there is what it makes of it everywhere else. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ServiceRequest } from 'fhir/r4.js';
import { signingSessions, type MimicBloodOrder } from '../../src/cohort/sources/mimic-iv/blood-orders.js';
import { isoAtOffset } from '../../src/cohort/sources/mimic-iv/mimic-time.js';
import { openMimicIv, type MimicIvSource } from '../../src/cohort/sources/mimic-iv/open-mimic-iv.js';
import { contextOf } from '../../src/commands/demo.js';
import { loadModelBundle } from '../../src/ensemble/load-model-bundle.js';
import type { ModelBundle } from '../../src/ensemble/model-bundle.js';
import { predictRisk } from '../../src/ensemble/predict-risk.js';
import { fullFeatureSpec } from '../../src/features/build-feature-spec.js';
import { differingNames, tensorDifferences } from '../../src/features/compare-tensors.js';
import { mapFeatures } from '../../src/features/map-features.js';
import { chartAsOf } from '../../src/kit/load/chart-as-of.js';
import type { BloodProduct } from '../../src/record/patient-record.js';
import { loadFixtures } from '../../src/sandbox/load-resources.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/start-sandbox.js';
import { needs, sharedData } from '../support/shared-data.js';
import { freshId, hapiBase } from './support/hapi.js';
import {
  answered,
  cardsOf,
  draftsOf,
  loadChart,
  mirror,
  PREFETCH_ROADS,
  startServiceUnderTest,
  type ServiceUnderTest,
} from './support/line.js';

const T0 = Date.UTC(2026, 4, 12, 9, 30);
const situations = await loadFixtures('fhir-fixtures', T0);
const full = fullFeatureSpec();
let sandbox: Sandbox;
let service: ServiceUnderTest;

beforeAll(async () => {
  sandbox = await startSandbox();
  service = await startServiceUnderTest();
});

afterAll(async () => {
  await service.close();
  await sandbox.close();
});

describe('each situation of fhir-fixtures on HAPI', () => {
  test.each(situations.map((fixture) => [fixture.name, fixture] as const))(
    '%s: the same tensors, probability and card as on the embedded server, by full, partial and no prefetch',
    async (_name, fixture) => {
      service.setTime(T0);
      const chart = await loadChart(hapiBase(), fixture.resources, freshId('fixture'));
      mirror(sandbox, chart);
      const { patientId } = contextOf(fixture);
      const onServer = {
        patientId: chart.idOf('Patient', patientId),
        draftOrders: chart.relinked(draftsOf(fixture.hookRequest)),
      };
      for (const [, prefetch] of PREFETCH_ROADS) {
        const sign = (fhirBase: string) => answered({ serviceUrl: service.url, fhirBase, prefetch, ...onServer });
        const [onHapi, embedded] = [await sign(hapiBase()), await sign(sandbox.baseUrl)];
        expect(cardsOf(onHapi)).toEqual(cardsOf(embedded));
        const [mine, theirs] = [service.kept(onHapi), service.kept(embedded)];
        expect(mine === undefined).toBe(theirs === undefined);
        if (mine && theirs) expect(tensorDifferences(mine.tensors, theirs.tensors)).toEqual([]);
      }
    },
  );
});

const DATASET = 'mimic-iv-demo-2.2';
const dir = sharedData(DATASET);
/**
 * The first signing of ten patients: the nine smallest charts that hold an administration by then, and the largest that
 * keeps the sum of Observations below 6,000, which takes several pages of vital signs.
 */
const SUBJECTS = [
  '10004235',
  '10005348',
  '10009628',
  '10011398',
  '10017492',
  '10018423',
  '10021487',
  '10022017',
  '10023771',
  '10037975',
] as const;
const MAXIMUM_OBSERVATIONS = 8000;

const PROCEDURE_CODES: Readonly<Partial<Record<BloodProduct, string>>> = {
  rbc: '116863004',
  platelets: '12719002',
  plasma: '116861002',
  cryo: '116795008',
};

function draft({ poeId, product, orderMs }: MimicBloodOrder, patientId: string): ServiceRequest {
  return {
    resourceType: 'ServiceRequest',
    id: `poe-${poeId}`,
    status: 'draft',
    intent: 'order',
    code: { coding: [{ system: 'http://snomed.info/sct', code: PROCEDURE_CODES[product] ?? '' }] },
    subject: { reference: `Patient/${patientId}` },
    authoredOn: isoAtOffset(orderMs),
  };
}

(dir === undefined ? describe.skip : describe)(needs(DATASET, 'ten orders of the MIMIC-IV demo on HAPI'), () => {
  let source: MimicIvSource;
  let bundle: ModelBundle;
  let observations = 0;

  beforeAll(async () => {
    source = await openMimicIv(dir ?? '');
    bundle = await loadModelBundle('models/transfusion-open');
  });

  afterAll(async () => {
    source.close();
    await bundle.close();
  });

  test.each(SUBJECTS)(
    'patient %s as of the order: bit for bit the tensors and the probability of the embedded server and of the CSV files',
    async (subjectId) => {
      const session = signingSessions(source.bloodOrders).find((one) => one.subjectId === subjectId);
      if (!session) throw new Error('the demo has no order of this patient');
      const { predictionTimeMs } = session;
      service.setTime(predictionTimeMs);
      const source_ = await source.chart(subjectId);
      const asOf = chartAsOf(source_.resources, predictionTimeMs);
      observations += asOf.filter(({ resourceType }) => resourceType === 'Observation').length;
      const chart = await loadChart(hapiBase(), asOf, freshId('mimic'));
      mirror(sandbox, chart);
      const patientId = chart.idOf('Patient', source_.patientId);
      const draftOrders = session.orders.map((order) => draft(order, patientId));
      const record = source_.record(
        session.orders.map(({ product, poeId }) => ({ products: [product], reference: `ServiceRequest/poe-${poeId}` })),
      );
      const expected = mapFeatures(record, bundle.spec, { predictionTimeMs });
      const { probability } = await predictRisk(bundle, expected, { noteEncodingMs: 60_000 });
      for (const [, prefetch] of PREFETCH_ROADS) {
        for (const fhirBase of [hapiBase(), sandbox.baseUrl]) {
          const call = await answered({ serviceUrl: service.url, fhirBase, patientId, draftOrders, prefetch });
          const kept = service.kept(call);
          if (!kept) throw new Error('the service kept no assessment');
          expect(kept.predictionTimeMs).toBe(predictionTimeMs);
          expect(tensorDifferences(kept.tensors, expected)).toEqual([]);
          const ofAll = {
            mine: mapFeatures(kept.record, full, { predictionTimeMs }),
            csv: mapFeatures(record, full, { predictionTimeMs }),
          };
          expect(differingNames(ofAll.mine, ofAll.csv, full)).toEqual([]);
          expect(kept.outcome.kind).toBe('scored');
          if (kept.outcome.kind === 'scored') expect(kept.outcome.prediction.probability).toBe(probability);
        }
      }
    },
    300_000,
  );

  test('the ten charts hold at most 8,000 Observations', () => {
    expect(observations).toBeGreaterThan(0);
    expect(observations).toBeLessThanOrEqual(MAXIMUM_OBSERVATIONS);
  });
});
