import type { AnsweredCall } from '../../../src/assessment/answered-call.js';
import type { RiskAssessment } from '../../../src/assessment/risk-assessment.js';
import { SOURCE_KEYS } from '../../../src/concepts/concept.js';
import type { SourceCoverage } from '../../../src/record/patient-record.js';

export const NOTE = 'CANARY-note seen by the ward round';
export const PATIENT = 'CANARY-patient-7';
export const USER = 'Practitioner/CANARY-user-8';
export const ENCOUNTER = 'CANARY-encounter-9';
export const FHIR_SERVER = 'https://ehr.example.org/fhir';
export const COLUMNS = 150;

const coverage: SourceCoverage = { kind: 'covered', sinceMs: null, origin: 'prefetch' };

/** A scored order about platelets, as the service would keep it; every identifier is a canary. */
export function scoredAssessment(assessmentId: string, atMs = Date.UTC(2026, 0, 5, 10)): RiskAssessment {
  return {
    assessmentId,
    hookInstance: 'd1577c69-dfbe-44ad-ba6d-3e05e953b2ea',
    predictionTimeMs: atMs,
    orders: [{ products: ['platelets'], orderedUnits: 1, reference: 'ServiceRequest/draft-1' }],
    record: {
      birthDate: '1950-03-02',
      values: [{ concept: 'lactate', value: 6.1, timeMs: atMs, availableMs: atMs, evidence: 'Observation/77' }],
      administrations: [],
      procedures: [],
      encounters: [{ setting: 'icu', startMs: atMs - 1e6, evidence: `Encounter/${ENCOUNTER}` }],
      conditions: [],
      notes: [{ kind: 'progress', availableMs: atMs, text: NOTE, evidence: 'DocumentReference/1' }],
      orders: [],
      coverage: Object.fromEntries(SOURCE_KEYS.map((key) => [key, coverage])) as RiskAssessment['record']['coverage'],
      rejections: [{ reason: 'unit-unknown', concept: 'lactate', count: 2 }],
    },
    tensors: {
      specId: 'test',
      predictionTimeMs: atMs,
      tabular: Float32Array.from({ length: COLUMNS }, (_, index) => (index % 3 === 0 ? NaN : index * 1.1)),
      states: Uint8Array.from({ length: 60 }, (_, index) => index % 3),
      series: {
        conceptIds: Int32Array.from([3, 5, 0, 0]),
        hoursBefore: Float32Array.from([0.1, 2.3, 0, 0]),
        values: Float32Array.from([6.1, 88, 0, 0]),
        mask: Uint8Array.from([1, 1, 0, 0]),
        tokens: 2,
      },
      notes: {
        chunks: [{ text: NOTE, kind: 'progress', hoursBefore: 1, evidence: 'DocumentReference/1' }],
        mask: Uint8Array.from([1]),
      },
      evidence: new Map([
        [
          'age',
          {
            concept: 'age',
            value: 75,
            unit: 'a',
            timeMs: atMs,
            hoursBefore: 0,
            provisional: false,
            evidence: `Patient/${PATIENT}`,
          },
        ],
      ]),
      modalities: { tabular: 'present', series: 'present', notes: 'present' },
    },
    inIcu: true,
    outcome: {
      kind: 'scored',
      prediction: {
        probability: 0.31,
        logit: -0.8,
        tier: 'very-high',
        baseLearners: [
          { id: 'trees', kind: 'lightgbm', available: true, logit: -0.7, weight: 0.6 },
          { id: 'fusion', kind: 'network', available: true, logit: -0.9, weight: 0.4 },
        ],
        modalities: { tabular: 'read', series: 'read', notes: 'read' },
        model: { id: 'test-model', version: '1.0.0', sha256: 'ab'.repeat(32), title: 'Test' },
        population: { description: 'test patients', baseRate: 0.1, icuOnly: false },
      },
      explanation: {
        base: -2,
        contributions: [{ concept: 'lactate', contribution: 1.2 }],
        parts: [],
        drivers: [
          {
            concept: 'lactate',
            contribution: 1.2,
            display: 'Lactate',
            value: 6.1,
            unit: 'mmol/L',
            evidence: 'Observation/77',
            wording: 'lactate 6.1 mmol/L, 2 h ago',
          },
          {
            concept: 'age',
            contribution: 0.2,
            display: 'Age',
            value: 75,
            evidence: `Patient/${PATIENT}`,
            wording: 'age 75 years',
          },
        ],
        absent: [],
        unavailable: [],
      },
    },
  };
}

/** What a case says about its call; everything else is as usual. */
export interface CallChanges {
  readonly id?: string;
  readonly clientId?: string;
  readonly tenant?: string;
  readonly patientId?: string;
  readonly cardIds?: readonly string[];
  readonly answeredAtMs?: number;
  readonly display?: AnsweredCall['display'];
  readonly fhirServer?: string;
}

export function answeredCall(changes: CallChanges = {}): AnsweredCall {
  const answeredAtMs = changes.answeredAtMs ?? Date.UTC(2026, 0, 5, 10);
  return {
    assessment: scoredAssessment(changes.id ?? crypto.randomUUID(), answeredAtMs),
    client: { id: changes.clientId ?? 'ehr-1', ...(changes.tenant === undefined ? {} : { tenant: changes.tenant }) },
    subject: {
      patientId: changes.patientId ?? PATIENT,
      userId: USER,
      encounterId: ENCOUNTER,
      fhirServer: changes.fhirServer ?? FHIR_SERVER,
    },
    display: changes.display ?? { kind: 'shown' },
    cardIds: changes.cardIds ?? [],
    answeredAtMs,
    latencyMs: { assemble: 100, features: 2, predict: 5, explain: 3, total: 112 },
  };
}
