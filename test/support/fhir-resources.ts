import type {
  Bundle,
  DocumentReference,
  FhirResource,
  MedicationAdministration,
  Observation,
  Patient,
  Procedure,
} from 'fhir/r4.js';

/** Synthetic: everything belongs to this patient unless said otherwise. */
export const PATIENT_ID = 'p1';
export const T0 = Date.parse('2031-05-10T12:00:00Z');
const HOUR_MS = 3_600_000;

/** ISO time so many hours before T0. */
export function hoursBefore(hours: number): string {
  return new Date(T0 - hours * HOUR_MS).toISOString();
}

export function patient(id = PATIENT_ID): Patient {
  return { resourceType: 'Patient', id, birthDate: '1958-02-11', gender: 'female' };
}

/** A final result with a UCUM unit; haemoglobin unless another code is given. */
export function observation(
  given: Partial<Observation> & { readonly code?: Observation['code'] } = {},
  { loinc = '718-7', value = 7.2, unit = 'g/dL', hours = 2 } = {},
): Observation {
  return {
    resourceType: 'Observation',
    id: `o-${loinc}-${hours}`,
    status: 'final',
    subject: { reference: `Patient/${PATIENT_ID}` },
    code: { coding: [{ system: 'http://loinc.org', code: loinc }] },
    effectiveDateTime: hoursBefore(hours),
    valueQuantity: { value, unit, system: 'http://unitsofmeasure.org', code: unit },
    ...given,
  };
}

export function heartRate(hours: number, id = `hr-${hours}`): Observation {
  return observation({ id }, { loinc: '8867-4', value: 88, unit: '/min', hours });
}

export function administration(
  code: { readonly system: string; readonly code: string },
  given: Partial<MedicationAdministration> = {},
): MedicationAdministration {
  return {
    resourceType: 'MedicationAdministration',
    id: `ma-${code.code}`,
    status: 'completed',
    subject: { reference: `Patient/${PATIENT_ID}` },
    medicationCodeableConcept: { coding: [code] },
    effectivePeriod: { start: hoursBefore(3), end: hoursBefore(1) },
    ...given,
  };
}

export function procedure(
  code: { readonly system: string; readonly code: string },
  given: Partial<Procedure> = {},
): Procedure {
  return {
    resourceType: 'Procedure',
    id: `pr-${code.code}`,
    status: 'completed',
    subject: { reference: `Patient/${PATIENT_ID}` },
    code: { coding: [code] },
    performedPeriod: { start: hoursBefore(10), end: hoursBefore(4) },
    ...given,
  };
}

interface NoteOptions {
  readonly id?: string;
  readonly hours?: number;
  readonly loinc?: string;
  readonly given?: Partial<DocumentReference>;
}

export function note(
  attachment: DocumentReference['content'][number]['attachment'],
  { id = 'd1', hours = 5, loinc = '11506-3', given = {} }: NoteOptions = {},
): DocumentReference {
  return {
    resourceType: 'DocumentReference',
    id,
    status: 'current',
    subject: { reference: `Patient/${PATIENT_ID}` },
    date: hoursBefore(hours),
    type: { coding: [{ system: 'http://loinc.org', code: loinc }] },
    content: [{ attachment }],
    ...given,
  };
}

export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** A searchset of these resources, with a `next` link where one is given. */
export function searchset(resources: readonly FhirResource[], next?: string): Bundle {
  return {
    resourceType: 'Bundle',
    type: 'searchset',
    ...(resources.length === 0 ? {} : { entry: resources.map((resource) => ({ resource })) }),
    ...(next === undefined ? {} : { link: [{ relation: 'next', url: next }] }),
  };
}

export function failure(severity: 'error' | 'warning' = 'error'): FhirResource {
  return { resourceType: 'OperationOutcome', issue: [{ severity, code: 'exception' }] };
}

/** The same without one member. */
export function without<T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> {
  const copy = { ...value };
  Reflect.deleteProperty(copy, key);
  return copy;
}
