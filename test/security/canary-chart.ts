import type { Bundle, FhirResource } from 'fhir/r4.js';

/** Unique words, each standing for one piece of patient data or one secret. */
export class Canaries {
  readonly #words = new Map<string, string>();
  readonly #run = Math.random().toString(36).slice(2, 8).toUpperCase();

  /** The word for one thing, always the same for the same thing. Letters, digits and `-` only, so that no escaping hides it. */
  of(thing: string): string {
    const word = this.#words.get(thing) ?? `CNRY-${this.#run}-${this.#words.size}-${thing}`;
    this.#words.set(thing, word);
    return word;
  }

  /** Things whose word is in `text`, whatever its case, plain or in base64. */
  foundIn(text: string): readonly string[] {
    const lower = text.toLowerCase();
    const decoded = [...text.matchAll(/[A-Za-z0-9+/]{24,}={0,2}/g)].map(([chunk]) =>
      Buffer.from(chunk, 'base64').toString('latin1').toLowerCase(),
    );
    return [...this.#words]
      .filter(([, word]) => [lower, ...decoded].some((one) => one.includes(word.toLowerCase())))
      .map(([thing]) => thing);
  }
}

const HOUR = 3_600_000;

/** A chart of a patient in an ICU whose every name, id, text and address is a canary; only codes, numbers and times are real. */
export function canaryChart(canaries: Canaries, nowMs: number): readonly FhirResource[] {
  const c = (thing: string): string => canaries.of(thing);
  const before = (hours: number): string => new Date(nowMs - hours * HOUR).toISOString();
  const subject = { reference: `Patient/${c('patient-id')}`, display: c('subject-display') };
  const encounter = { reference: `Encounter/${c('encounter-id')}` };
  const observation = (id: string, code: string, value: number, unit: string, hours: number): FhirResource => ({
    resourceType: 'Observation',
    id: c(id),
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code, display: c(`${id}-display`) }], text: c(`${id}-text`) },
    subject,
    encounter,
    effectiveDateTime: before(hours),
    issued: before(hours),
    valueQuantity: { value, unit, system: 'http://unitsofmeasure.org', code: unit },
    performer: [{ display: c(`${id}-performer`) }],
    note: [{ text: c(`${id}-note`) }],
  });
  return [
    {
      resourceType: 'Patient',
      id: c('patient-id'),
      identifier: [{ system: 'urn:oid:1.2.3', value: c('mrn') }],
      name: [{ family: c('family'), given: [c('given')] }],
      telecom: [{ system: 'phone', value: c('phone') }],
      address: [{ line: [c('street')], city: c('city'), postalCode: c('postcode') }],
      gender: 'female',
      birthDate: '1950-03-01',
      contact: [{ name: { text: c('contact') } }],
    },
    {
      resourceType: 'Encounter',
      id: c('encounter-id'),
      status: 'in-progress',
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'ACUTE' },
      subject,
      period: { start: before(60) },
      reasonCode: [{ text: c('reason') }],
      location: [{ location: { reference: `Location/${c('location')}`, display: c('ward') } }],
    },
    observation('lactate', '2524-7', 4.1, 'mmol/L', 2),
    observation('haemoglobin', '718-7', 6.9, 'g/dL', 3),
    observation('creatinine', '2160-0', 2.1, 'mg/dL', 5),
    observation('strange-unit', '2951-2', 140, 'CNRYUNIT', 5),
    observation('heart-rate', '8867-4', 118, '/min', 1),
    {
      resourceType: 'Condition',
      id: c('condition-id'),
      subject,
      code: {
        coding: [{ system: 'http://snomed.info/sct', code: '109989006', display: c('condition') }],
        text: c('condition-text'),
      },
      recordedDate: before(30),
    },
    {
      resourceType: 'MedicationAdministration',
      id: c('administration-id'),
      status: 'completed',
      subject,
      medicationCodeableConcept: { text: c('drug') },
      effectivePeriod: { start: before(4), end: before(3) },
      note: [{ text: c('drug-note') }],
    },
    {
      resourceType: 'Procedure',
      id: c('procedure-id'),
      status: 'completed',
      subject,
      code: { text: c('procedure') },
      performedDateTime: before(6),
    },
    {
      resourceType: 'DocumentReference',
      id: c('note-id'),
      status: 'current',
      subject,
      date: before(4),
      description: c('note-title'),
      author: [{ display: c('author') }],
      content: [
        {
          attachment: {
            contentType: 'text/plain',
            data: Buffer.from(`Mrs ${c('note-name')} of ${c('note-town')} is bleeding.`).toString('base64'),
          },
        },
      ],
    },
  ];
}

/** A draft order for red cells whose texts are canaries. */
export function canaryOrders(canaries: Canaries, nowMs: number): Bundle<FhirResource> {
  const c = (thing: string): string => canaries.of(thing);
  return {
    resourceType: 'Bundle',
    type: 'collection',
    entry: [
      {
        fullUrl: `urn:uuid:${c('full-url')}`,
        resource: {
          resourceType: 'ServiceRequest',
          id: c('order-id'),
          identifier: [{ value: c('order-number') }],
          status: 'draft',
          intent: 'order',
          code: {
            coding: [{ system: 'http://snomed.info/sct', code: '116863004', display: c('order-display') }],
            text: c('order-text'),
          },
          subject: { reference: `Patient/${c('patient-id')}`, display: c('order-subject') },
          requester: { reference: `Practitioner/${c('user-id')}`, display: c('requester') },
          authoredOn: new Date(nowMs).toISOString(),
          reasonCode: [{ text: c('order-reason') }],
          note: [{ text: c('order-note') }],
        },
      },
    ],
  };
}
