import type { RiskAssessment } from '../../src/assessment/risk-assessment.js';
import type { SourceKey } from '../../src/concepts/concept.js';
import type { RiskPrediction } from '../../src/ensemble/risk-prediction.js';
import { riskTier } from '../../src/ensemble/risk-tier.js';
import type { Driver, Explanation } from '../../src/explanation/explanation.js';
import type { Evidence, FeatureTensors } from '../../src/features/feature-tensors.js';
import type { BloodOrder, PatientRecord, SourceCoverage } from '../../src/record/patient-record.js';

export const T0 = Date.parse('2026-11-23T10:00:00Z');
export const HOUR = 3_600_000;
export const CARD_ID = '3f0c5c1e-5a0b-4c0e-9a3e-2b8f6a1d7e10';

const COVERED: SourceCoverage = { kind: 'covered', sinceMs: null, origin: 'prefetch' };

export function coverage(changes: Partial<Record<SourceKey, SourceCoverage>> = {}): Record<SourceKey, SourceCoverage> {
  const all: Record<SourceKey, SourceCoverage> = {
    patient: COVERED,
    encounters: COVERED,
    labs: COVERED,
    vitals: COVERED,
    bedside: COVERED,
    administrations: COVERED,
    procedures: COVERED,
    conditions: COVERED,
    notes: COVERED,
  };
  return { ...all, ...changes };
}

export function record(changes: Partial<PatientRecord> = {}): PatientRecord {
  return { birthDate: '1945-06-01', ...recordOfUnknownAge(), ...changes };
}

export function recordOfUnknownAge(changes: Partial<PatientRecord> = {}): PatientRecord {
  return {
    sex: 'female',
    values: [],
    administrations: [],
    procedures: [],
    encounters: [],
    conditions: [],
    notes: [],
    orders: [],
    coverage: coverage(),
    rejections: [],
    ...changes,
  };
}

export function evidence(concept: string, value: number, unit: string | null, hoursBefore: number): Evidence {
  const timeMs = T0 - hoursBefore * HOUR;
  return { concept, value, unit, timeMs, hoursBefore, provisional: false, evidence: `Observation/${concept}` };
}

export function tensors(seen: readonly Evidence[] = [], changes: Partial<FeatureTensors> = {}): FeatureTensors {
  return {
    specId: 'test-spec',
    predictionTimeMs: T0,
    tabular: new Float32Array(0),
    states: new Uint8Array(0),
    series: {
      conceptIds: new Int32Array(0),
      hoursBefore: new Float32Array(0),
      values: new Float32Array(0),
      mask: new Uint8Array(0),
      tokens: 0,
    },
    notes: { chunks: [], mask: new Uint8Array(0) },
    evidence: new Map(seen.map((one) => [one.concept, one])),
    modalities: { tabular: 'present', series: 'present', notes: 'empty' },
    ...changes,
  };
}

export function prediction(probability: number, changes: Partial<RiskPrediction> = {}): RiskPrediction {
  return {
    probability,
    logit: Math.log(probability / (1 - probability)),
    tier: riskTier(probability),
    baseLearners: [{ id: 'gbm', kind: 'lightgbm', modalities: ['tabular'], available: true, logit: 0, weight: 1 }],
    modalities: { tabular: 'read', series: 'unused', notes: 'unused' },
    model: { id: 'icu-baseline', version: '0.1.0', sha256: 'a'.repeat(64), title: 'General ICU model' },
    population: { description: 'general ICU patients', baseRate: 0.082, icuOnly: true },
    ...changes,
  };
}

export const LACTATE: Driver = {
  concept: 'lactate',
  contribution: 0.81,
  display: 'Lactate',
  value: 6.1,
  unit: 'mmol/L',
  timeMs: T0 - 2 * HOUR,
  hoursBefore: 2,
  evidence: 'Observation/lactate',
  wording: 'lactate 6.1 mmol/L, 2 h ago',
};

export function explanation(changes: Partial<Explanation> = {}): Explanation {
  return {
    base: -2.4,
    contributions: [{ concept: 'lactate', contribution: 0.81 }],
    parts: [],
    drivers: [LACTATE],
    absent: [],
    unavailable: [],
    ...changes,
  };
}

export const RED_CELLS: BloodOrder = { products: ['rbc'], orderedUnits: 2, reference: 'ServiceRequest/draft-1' };

export function scored(probability: number, changes: Partial<RiskAssessment> = {}): RiskAssessment {
  return {
    assessmentId: 'as-1',
    hookInstance: 'd1577c69-dfbe-44ad-ba6d-3e05e953b2ea',
    predictionTimeMs: T0,
    orders: [RED_CELLS],
    record: record(),
    tensors: tensors([evidence('lactate', 6.1, 'mmol/L', 2), evidence('hr', 118, '/min', 0.2)]),
    inIcu: true,
    outcome: { kind: 'scored', prediction: prediction(probability), explanation: explanation() },
    ...changes,
  };
}
