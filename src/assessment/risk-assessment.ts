import type { RiskPrediction } from '../ensemble/risk-prediction.js';
import type { Explanation } from '../explanation/explanation.js';
import type { FeatureTensors } from '../features/feature-tensors.js';
import type { BloodOrder, PatientRecord } from '../record/patient-record.js';

/** Why a signed blood order was not scored. */
export type NotScoredReason = 'under-18' | 'age-unknown' | 'too-little-data';

export type AssessmentOutcome =
  | { readonly kind: 'scored'; readonly prediction: RiskPrediction; readonly explanation: Explanation }
  | { readonly kind: 'not-scored'; readonly reason: NotScoredReason };

/** One answered hook call about a blood product order. */
export interface RiskAssessment {
  readonly assessmentId: string;
  readonly hookInstance: string;
  readonly predictionTimeMs: number;
  readonly orders: readonly BloodOrder[];
  /** References of orders that only their words name as blood products; absent when there are none. */
  readonly textOnly?: readonly string[];
  readonly record: PatientRecord;
  readonly tensors: FeatureTensors;
  /** Was the patient in an ICU at the prediction time? undefined: no encounter of that time could be read. */
  readonly inIcu: boolean | undefined;
  readonly outcome: AssessmentOutcome;
}
