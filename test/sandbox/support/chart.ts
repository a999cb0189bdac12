import type { FhirResource, MedicationAdministration, Observation } from 'fhir/r4.js';

export const LOINC = 'http://loinc.org';
export const T0 = Date.UTC(2026, 2, 10, 12);
export const HOUR = 3_600_000;

export const iso = (ms: number): string => new Date(ms).toISOString();

export function patient(id: string): FhirResource {
  return {
    resourceType: 'Patient',
    id,
    gender: 'female',
    birthDate: '1950-03-01',
    name: [{ family: 'Synthetic', given: ['Ália'] }],
  };
}

interface ObservationFacts {
  readonly id: string;
  readonly patientId?: string;
  readonly code?: string;
  readonly system?: string;
  readonly atMs?: number;
  readonly issuedMs?: number;
  readonly status?: Observation['status'];
  readonly category?: string;
  readonly encounter?: string;
}

export function observation({
  id,
  patientId = 'p1',
  code = '718-7',
  system = LOINC,
  atMs = T0,
  issuedMs,
  status = 'final',
  category = 'laboratory',
  encounter,
}: ObservationFacts): Observation {
  return {
    resourceType: 'Observation',
    id,
    status,
    category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: category }] }],
    code: { coding: [{ system, code }] },
    subject: { reference: `Patient/${patientId}` },
    ...(encounter !== undefined && { encounter: { reference: `Encounter/${encounter}` } }),
    effectiveDateTime: iso(atMs),
    ...(issuedMs !== undefined && { issued: iso(issuedMs) }),
    valueQuantity: { value: 8.1, unit: 'g/dL', system: 'http://unitsofmeasure.org', code: 'g/dL' },
  };
}

export function infusion(id: string, startMs: number, endMs: number): MedicationAdministration {
  return {
    resourceType: 'MedicationAdministration',
    id,
    status: 'completed',
    medicationCodeableConcept: { coding: [{ system: 'http://www.nlm.nih.gov/research/umls/rxnorm', code: '7512' }] },
    subject: { reference: 'Patient/p1' },
    effectivePeriod: { start: iso(startMs), end: iso(endMs) },
    dosage: {
      text: '40 mg in all',
      dose: { value: 40, unit: 'mg' },
      rateQuantity: { value: 0.2, unit: 'ug/kg/min', system: 'http://unitsofmeasure.org', code: 'ug/kg/min' },
    },
  };
}
