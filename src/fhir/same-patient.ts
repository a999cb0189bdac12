import { child, isElement, text } from '../record/element.js';

const PATIENT_REFERENCE = /(?:^|\/)Patient\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[^/?#]+)?$/;

/**
 * Does this resource belong to the patient: is it the Patient with this id, or is its `subject` or `patient` a reference
 * to it (relative, absolute or versioned)? A resource that does not say whose it is counts as another's.
 * @see requirement 28
 */
export function isOfPatient(resource: unknown, patientId: string): boolean {
  if (!isElement(resource)) return false;
  if (resource['resourceType'] === 'Patient') return resource['id'] === patientId;
  const reference = text(child(resource, 'subject') ?? child(resource, 'patient'), 'reference');
  return PATIENT_REFERENCE.exec(reference ?? '')?.[1] === patientId;
}
