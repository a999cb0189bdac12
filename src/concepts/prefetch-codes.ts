import type { Concept, SourceKey } from './concept.js';
import { conceptsOfSource, loincCodes } from './dictionary.js';

/** LOINC code of the blood pressure panel, whose components are the systolic and diastolic pressure. */
export const BLOOD_PRESSURE_PANEL = '85354-9';

/**
 * The codes a prefetch template of Observations asks for, in dictionary order: bare codes, since an unescaped `|` is
 * refused by some servers; the reader checks the system.
 */
export function observationCodes(source: 'labs' | 'vitals' | 'bedside'): readonly string[] {
  const codes = conceptsOfSource(source).flatMap(codesOf);
  return source === 'vitals' ? [...codes, BLOOD_PRESSURE_PANEL] : codes;
}

function codesOf(concept: Concept): readonly string[] {
  return [...loincCodes(concept), ...(concept.snomed ?? []).map(({ code }) => code)];
}

/** Every prefetch template by key, as `cds-services.json` publishes them. */
export function prefetchTemplateTexts(): Readonly<Record<SourceKey, string>> {
  const patient = 'patient={{context.patientId}}';
  const observations = (source: 'labs' | 'vitals' | 'bedside', count: number): string =>
    `Observation?${patient}&code=${observationCodes(source).join(',')}&_sort=-date&_count=${count}`;
  return {
    patient: 'Patient/{{context.patientId}}',
    encounters: `Encounter?${patient}&_sort=-date&_count=10`,
    labs: observations('labs', 400),
    vitals: observations('vitals', 600),
    bedside: observations('bedside', 250),
    administrations: `MedicationAdministration?${patient}&_sort=-effective-time&_count=300`,
    procedures: `Procedure?${patient}&_sort=-date&_count=100`,
    conditions: `Condition?${patient}&_count=200`,
    notes: `DocumentReference?${patient}&status=current&_sort=-date&_count=20`,
  };
}
