import { typeAndId } from '../../../orders/draft-order.js';
import { child, children, text, type Element } from '../../../record/element.js';
import { patientIdOf } from '../mimic-iv/resources-from-rows.js';

/** `Patient.identifier.system` of a MIMIC-IV subject id. */
export const MIMIC_SUBJECT_IDENTIFIER = 'http://mimic.mit.edu/fhir/mimic/identifier/patient';

const FHIR_ID = /^[A-Za-z0-9\-.]{1,64}$/;

/** The logical id of a resource; undefined where it has none that FHIR allows. @see https://hl7.org/fhir/R4/datatypes.html#id */
export function fhirId(resource: Element): string | undefined {
  const id = text(resource, 'id');
  return id !== undefined && FHIR_ID.test(id) ? id : undefined;
}

/** The chart of a Patient: `mimic-<subject id>`, as the CSV source names it, else the Patient's own id. */
export function chartIdOf(patient: Element): string | undefined {
  const subject = identifierOf(patient, MIMIC_SUBJECT_IDENTIFIER);
  return subject !== undefined && FHIR_ID.test(subject) ? patientIdOf(subject) : fhirId(patient);
}

/** The value of the identifier of that system. */
export function identifierOf(resource: Element, system: string): string | undefined {
  return text(
    children(resource, 'identifier').find((identifier) => text(identifier, 'system') === system),
    'value',
  );
}

/** The id of the Patient a resource is about: itself, or its `subject` or `patient`. */
export function patientOf(resource: Element): string | undefined {
  if (resource['resourceType'] === 'Patient') return fhirId(resource);
  return referredId(child(resource, 'subject') ?? child(resource, 'patient'), 'Patient');
}

/** The id in a literal reference (relative, absolute or versioned) to a resource of that type. */
export function referredId(reference: Element | undefined, type: string): string | undefined {
  const named = typeAndId(text(reference, 'reference') ?? '');
  return named.type === type ? named.id : undefined;
}
