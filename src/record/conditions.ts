import type { FhirResource } from 'fhir/r4.js';
import { charlsonOfIcd } from './charlson.js';
import { ICD_10, ICD_10_CM, ICD_9_CM, MIMIC_DIAGNOSIS_ICD10, MIMIC_DIAGNOSIS_ICD9 } from './code-systems.js';
import {
  child,
  children,
  codings,
  codingsOf,
  isElement,
  referenceTo,
  text,
  type CodedValue,
  type Element,
} from './element.js';
import { encounterIdIn, stayEnds } from './encounters.js';
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
const CONDITION_CATEGORY = 'http://terminology.hl7.org/CodeSystem/condition-category';

/**
 * Charlson entries of the Conditions among a chart's resources, one per category. Only `recordedDate` says when a diagnosis was
 * on the record: without it the entry is left out (coded at discharge, it would tell the future). A bare date counts from the
 * end of that day. The diagnosis of a stay counts when that stay was over too, and not at all while it lasts: history comes from
 * the problem list and from admissions that ended. A stay whose Encounter is not among the resources says nothing of its end
 * (the service reads the newest stays alone, so such a one is older): the recorded date alone counts.
 */
export function readConditions(resources: readonly FhirResource[], tally: RejectionTally): readonly ConditionEntry[] {
  const ends = stayEnds(resources);
  return resources.flatMap((resource: unknown) => {
    if (!isElement(resource) || resource['resourceType'] !== 'Condition') return [];
    const categories = [...new Set(codings(resource, 'code').flatMap(charlsonOf))];
    if (categories.length === 0) return [];
    if (codings(resource, 'verificationStatus').some(({ code }) => NOT_SO.has(code))) {
      tally.add('status');
      return [];
    }
    const ended = isDiagnosisOfStay(resource) ? ends.get(encounterIdIn(child(resource, 'encounter')) ?? '') : undefined;
    const recordedMs = Math.max(latestInstantMs(text(resource, 'recordedDate')) ?? Infinity, ended ?? -Infinity);
    if (recordedMs === Infinity) {
      tally.add('no-time');
      return [];
    }
    return categories.map((charlson) => ({ charlson, recordedMs, evidence: referenceTo(resource) }));
  });
}

/** Is this a diagnosis made or coded for one stay, and not an entry of the problem list? */
export function isDiagnosisOfStay(condition: Element): boolean {
  const categories = children(condition, 'category').flatMap((category) => codingsOf(category));
  return (
    child(condition, 'encounter') !== undefined &&
    categories.some(({ system, code }) => system === CONDITION_CATEGORY && code === 'encounter-diagnosis')
  );
}

function charlsonOf({ system, code }: CodedValue): readonly string[] {
  const version = ICD_VERSIONS.get(system);
  return version === undefined ? [] : charlsonOfIcd(version, code);
}
