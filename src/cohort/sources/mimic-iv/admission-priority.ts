import type { EncounterInterval } from '../../../record/patient-record.js';

/** The v3 ActPriority code a MIMIC-IV admission type is written as, and what it is read as. */
export interface AdmissionPriority {
  readonly admissionType: NonNullable<EncounterInterval['admissionType']>;
  /** `Encounter.priority` code; none for observation stays, whose class says it. */
  readonly priority?: string;
  readonly encounterClass: 'IMP' | 'OBSENC';
}

/** @see https://mimic.mit.edu/docs/iv/modules/hosp/admissions/ (admission_type) */
export function admissionPriority(admissionType: string | null | undefined): AdmissionPriority {
  const text = admissionType ?? '';
  if (text.includes('OBSERVATION')) return { admissionType: 'observation', encounterClass: 'OBSENC' };
  if (text === 'ELECTIVE' || text.startsWith('SURGICAL'))
    return { admissionType: 'elective', priority: 'EL', encounterClass: 'IMP' };
  if (text === 'URGENT') return { admissionType: 'urgent', priority: 'UR', encounterClass: 'IMP' };
  return { admissionType: 'emergency', priority: 'EM', encounterClass: 'IMP' };
}
