import type { FhirResource } from 'fhir/r4.js';
import { charlsonOfIcd } from './charlson.js';
import { ICD_10, ICD_10_CM, ICD_9_CM, MIMIC_DIAGNOSIS_ICD10, MIMIC_DIAGNOSIS_ICD9 } from './code-systems.js';
import { codings, isElement, referenceTo, text, type CodedValue } from './element.js';
import { latestInstantMs } from './fhir-time.js';
import type { ConditionEntry } from './patient-record.js';
import type { RejectionTally } from './rejection-tally.js';

const ICD_VERSIONS: ReadonlyMap<string, 9 | 10> = new Map([
  [ICD_9_CM, 9],
  [MIMIC_DIAGNOSIS_ICD9, 9],
  [ICD_10_CM, 10],
  [ICD_10, 10],
  [MIMIC_DIAGNOSIS_ICD10, 10],
]);
const NOT_SO = new Set(['entered-in-error', 'refuted']);

/**
 * Charlson entries of Conditions, one per category. Only `recordedDate` says when a diagnosis was on the record: without
 * it the entry is left out (coded at discharge, it would tell the future). A bare date counts from the end of that day.
 */
export function readConditions(resources: readonly FhirResource[], tally: RejectionTally): readonly ConditionEntry[] {
  return resources.flatMap((resource: unknown) => {
    if (!isElement(resource) || resource['resourceType'] !== 'Condition') return [];
    const categories = [...new Set(codings(resource, 'code').flatMap(charlsonOf))];
    if (categories.length === 0) return [];
    if (codings(resource, 'verificationStatus').some(({ code }) => NOT_SO.has(code))) {
      tally.add('status');
      return [];
    }
    const recordedMs = latestInstantMs(text(resource, 'recordedDate'));
    if (recordedMs === undefined) {
      tally.add('no-time');
      return [];
    }
    return categories.map((charlson) => ({ charlson, recordedMs, evidence: referenceTo(resource) }));
  });
}

function charlsonOf({ system, code }: CodedValue): readonly string[] {
  const version = ICD_VERSIONS.get(system);
  return version === undefined ? [] : charlsonOfIcd(version, code);
}
