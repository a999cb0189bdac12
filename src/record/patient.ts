import type { FhirResource } from 'fhir/r4.js';
import { isElement, text } from './element.js';
import type { PatientRecord } from './patient-record.js';

const BIRTH_DATE = /^\d{4}(-\d{2}(-\d{2})?)?$/;
const SEXES = ['male', 'female', 'other', 'unknown'] as const;

/** Birth date (possibly partial) and administrative gender of the Patient; each missing where the chart does not say. */
export function readPatient(
  resources: readonly FhirResource[],
  patientId: string,
): Pick<PatientRecord, 'birthDate' | 'sex'> {
  const patient = resources.find(
    (resource: unknown) =>
      isElement(resource) && resource['resourceType'] === 'Patient' && resource['id'] === patientId,
  );
  if (!isElement(patient)) return {};
  const birthDate = text(patient, 'birthDate');
  const sex = SEXES.find((known) => known === patient['gender']);
  return {
    ...(birthDate !== undefined && BIRTH_DATE.test(birthDate) ? { birthDate } : {}),
    ...(sex === undefined ? {} : { sex }),
  };
}
