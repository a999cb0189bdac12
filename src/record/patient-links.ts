import { children, isElement, text } from './element.js';

/** What `Patient.link` says about other records of the same person. */
export interface PatientLinks {
  /** This record was merged into another, which is the one to use. */
  readonly isReplaced: boolean;
  /** Other records of this person, whose charts are not part of this one: replaced by it, or referred to. */
  readonly others: number;
}

/** @see https://hl7.org/fhir/R4/patient.html#maintenance */
export function readPatientLinks(patient: unknown): PatientLinks {
  const types = isElement(patient) ? children(patient, 'link').map((link) => text(link, 'type')) : [];
  return {
    isReplaced: types.includes('replaced-by'),
    others: types.filter((type) => type === 'replaces' || type === 'refer' || type === 'seealso').length,
  };
}
