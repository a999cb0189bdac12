import type { ConditionEntry } from '../../../record/patient-record.js';
import type { Row } from './eicu-layout.js';
import { minutesOf, unitMs, type UnitClock } from './eicu-time.js';
import { evidenceOf } from './evidence.js';

/**
 * Charlson categories of `pastHistory` paths, by the meaning of the codes in Quan et al. 2005 (TIA is G45, a renal transplant
 * Z94.0, asthma J45). Left out: HIV without AIDS (Z21), CABG and coronary interventions, pulmonary embolism, restrictive disease.
 * @see Quan et al. 2005, Med Care 43(11):1130-9
 */
const CATEGORIES: readonly (readonly [RegExp, string])[] = [
  [/\/Myocardial Infarction\//, 'myocardial-infarction'],
  [/\/Congestive Heart Failure\//, 'congestive-heart-failure'],
  [/\/Peripheral Vascular Disease\//, 'peripheral-vascular-disease'],
  [/\/Strokes\/|\/TIA\(s\)\//, 'cerebrovascular-disease'],
  [/\/Dementia\//, 'dementia'],
  [/\/COPD\/|\/Asthma\//, 'chronic-pulmonary-disease'],
  [/\/Rheumatoid Arthritis\/|\/SLE\/|\/Scleroderma\/|\/Dermato\/Polymyositis\//, 'rheumatic-disease'],
  [/\/Peptic Ulcer Disease\//, 'peptic-ulcer-disease'],
  [/\/Cirrhosis\/(?:varices|UGI bleeding|encephalopathy|coma)/i, 'moderate-or-severe-liver-disease'],
  [/\/Cirrhosis\/|\/s\/p Liver Transplant\//, 'mild-liver-disease'],
  [/\/(?:Non-)?Insulin Dependent Diabetes\//, 'diabetes-without-complication'],
  [/\/Renal Failure\/|\/Renal Insufficiency\/|\/s\/p Renal Transplant\//, 'renal-disease'],
  [/\/Cancer\/Metastases\//, 'metastatic-solid-tumor'],
  [/\/Cancer-Primary Site\/|\/Hematologic Malignancy\//, 'malignancy'],
  [/\/AIDS\//, 'aids'],
];

/** The Charlson category of a path; undefined where it belongs to none. */
export function charlsonOfPath(path: string): string | undefined {
  return CATEGORIES.find(([pattern]) => pattern.test(path))?.[1];
}

/** Past history as conditions, on the record from when it was entered. */
export function conditionsOf(rows: readonly Row[], clock: UnitClock): readonly ConditionEntry[] {
  return rows.flatMap((row) => {
    const charlson = charlsonOfPath(row['pasthistorypath'] ?? '');
    const minutes = minutesOf(row['pasthistoryenteredoffset']);
    if (charlson === undefined || minutes === undefined) return [];
    return [{ charlson, recordedMs: unitMs(clock, minutes), evidence: evidenceOf('pastHistory', row) }];
  });
}
