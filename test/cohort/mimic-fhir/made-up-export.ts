import { mkdtempSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

export type Resource = Readonly<Record<string, unknown>> & { readonly resourceType: string };

const SUBJECT = { reference: 'Patient/p1' };
const LOINC = 'http://loinc.org';
const ACT = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const SNOMED = 'http://snomed.info/sct';
const RED_CELLS = { coding: [{ system: SNOMED, code: '116863004' }] };
const category = (code: string): unknown => [
  { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code }] },
];

export function order(id: string, given: Readonly<Record<string, unknown>> = {}): Resource {
  return {
    resourceType: 'ServiceRequest',
    id,
    status: 'completed',
    intent: 'order',
    code: RED_CELLS,
    subject: SUBJECT,
    encounter: { reference: 'Encounter/icu' },
    authoredOn: '2024-03-04T10:00:00+01:00',
    ...given,
  };
}

function observation(id: string, code: string, value: number, unit: string, kind: string, time: string): Resource {
  return {
    resourceType: 'Observation',
    id,
    status: 'final',
    category: category(kind),
    code: { coding: [{ system: LOINC, code }] },
    subject: SUBJECT,
    effectiveDateTime: time,
    issued: time.replace(':00:00+', ':30:00+'),
    valueQuantity: { value, unit, system: 'http://unitsofmeasure.org', code: unit },
  };
}

/** A hospital's export of one patient in intensive care, file by file. */
export const EXPORT: Readonly<Record<string, readonly Resource[]>> = {
  'Patient.ndjson': [
    {
      resourceType: 'Patient',
      id: 'p1',
      gender: 'female',
      birthDate: '1960-05-06',
      deceasedDateTime: '2024-03-09T09:30:00+01:00',
    },
    { resourceType: 'Patient', id: 'p0', gender: 'male', birthDate: '1970' },
  ],
  'Encounter.ndjson': [
    {
      resourceType: 'Encounter',
      id: 'adm',
      status: 'finished',
      class: { system: ACT, code: 'IMP' },
      subject: SUBJECT,
      period: { start: '2024-03-01T08:00:00+01:00', end: '2024-03-09T10:00:00+01:00' },
      hospitalization: {
        dischargeDisposition: {
          coding: [{ system: 'http://terminology.hl7.org/CodeSystem/discharge-disposition', code: 'exp' }],
        },
      },
    },
    {
      resourceType: 'Encounter',
      id: 'icu',
      status: 'finished',
      class: { system: ACT, code: 'ACUTE' },
      type: [{ coding: [{ system: SNOMED, code: '309904001' }] }],
      subject: SUBJECT,
      partOf: { reference: 'Encounter/adm' },
      period: { start: '2024-03-03T08:00:00+01:00', end: '2024-03-09T10:00:00+01:00' },
    },
    {
      resourceType: 'Encounter',
      id: 'odd',
      status: 'planned',
      class: { system: ACT, code: 'IMP' },
      subject: SUBJECT,
      period: { start: '2024-06-01T08:00:00+01:00' },
    },
  ],
  'MedicationRequest.ndjson': [
    {
      ...order('m1'),
      resourceType: 'MedicationRequest',
      code: undefined,
      medicationReference: { reference: 'Medication/plasma' },
      authoredOn: '2024-03-04T11:00:00+01:00',
    },
  ],
  'Medication.ndjson': [
    {
      resourceType: 'Medication',
      id: 'plasma',
      code: { coding: [{ system: SNOMED, code: '116861002' }] },
    },
  ],
  'ServiceRequest.ndjson': [
    order('s1'),
    order('s2', { status: 'revoked', authoredOn: '2024-03-04T10:20:00+01:00' }),
    order('s3', { status: 'entered-in-error' }),
    order('s4', { authoredOn: '2024-03-04' }),
    order('s5', { code: { text: 'Packed red blood cells' } }),
    order('s6', { code: { coding: [{ system: LOINC, code: '718-7' }] } }),
    order('s8', { subject: { reference: 'urn:uuid:nobody' } }),
    order('s9', { status: 'draft' }),
    order('s10', { intent: 'proposal' }),
    order('s11', { intent: 'plan' }),
    order('s7', {
      status: 'active',
      replaces: [{ reference: 'ServiceRequest/s1' }],
      authoredOn: '2024-03-05T10:00:00Z',
    }),
  ],
  'MedicationAdministration.ndjson': [
    {
      resourceType: 'MedicationAdministration',
      id: 'given',
      status: 'completed',
      extension: [
        {
          url: 'https://hemolens.org/fhir/StructureDefinition/store-time',
          valueDateTime: '2024-03-04T13:00:00+01:00',
        },
      ],
      medicationCodeableConcept: {
        coding: [{ system: 'http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-medication-icu', code: '226368' }],
      },
      subject: SUBJECT,
      effectivePeriod: { start: '2024-03-04T12:00:00+01:00', end: '2024-03-04T14:00:00+01:00' },
      dosage: { dose: { value: 350, unit: 'mL' } },
    },
  ],
  'Observation.ndjson': [
    observation('hb2', '718-7', 7.1, 'g/dL', 'laboratory', '2024-03-04T09:00:00+01:00'),
    observation('hb1', '718-7', 6.9, 'g/dL', 'laboratory', '2024-03-04T08:00:00+01:00'),
    observation('hb1', '718-7', 6.9, 'g/dL', 'laboratory', '2024-03-04T08:00:00+01:00'),
    observation('late', '718-7', 9, 'g/dL', 'laboratory', '2024-03-08T08:00:00+01:00'),
    observation('odd', '99999-9', 1, '1', 'laboratory', '2024-03-04T08:00:00+01:00'),
    {
      ...observation('other', '718-7', 1, 'g/dL', 'laboratory', '2024-03-04T08:00:00+01:00'),
      subject: { reference: 'Patient/nobody' },
    },
  ],
  'Condition.ndjson': [
    {
      resourceType: 'Condition',
      id: 'renal',
      subject: SUBJECT,
      code: { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'N18.4' }] },
      recordedDate: '2024-03-02',
    },
  ],
  'DocumentReference.ndjson': [
    {
      resourceType: 'DocumentReference',
      id: 'note',
      status: 'current',
      type: { coding: [{ system: LOINC, code: '11506-3' }] },
      subject: SUBJECT,
      date: '2024-03-04T07:00:00+01:00',
      content: [
        // U+2028 ends no line.
        { attachment: { contentType: 'text/plain', data: Buffer.from('Bleeding\u2028stopped.').toString('base64') } },
      ],
    },
    {
      resourceType: 'DocumentReference',
      id: 'elsewhere',
      status: 'current',
      subject: SUBJECT,
      date: '2024-03-04T07:00:00+01:00',
      description: 'one\u2028line',
      content: [{ attachment: { contentType: 'text/html', url: 'Binary/1' } }],
    },
  ],
  'Appointment.ndjson': [{ resourceType: 'Appointment', id: 'a', status: 'booked' }],
};

export function ndjson(resources: readonly unknown[]): string {
  return resources.map((resource) => `${JSON.stringify(resource)}\n`).join('');
}

/** Writes the export to a new folder, plain or compressed; files given as text or bytes are put in as they are. */
export function writeExport(
  changes: Readonly<Record<string, string | Buffer | undefined>> = {},
  { below = '', isCompressed = false, isReversed = false } = {},
): string {
  const folder = mkdtempSync(join(tmpdir(), 'fhir-export-'));
  const texts = Object.entries(EXPORT).map(([name, resources]): [string, string | Buffer | undefined] => [
    name,
    ndjson(isReversed ? [...resources].reverse() : resources),
  ]);
  for (const [name, text] of [...new Map([...texts, ...Object.entries(changes)])]) {
    if (text === undefined) continue;
    const path = join(folder, below, isCompressed && typeof text === 'string' ? `${name}.gz` : name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, isCompressed && typeof text === 'string' ? gzipSync(text) : text);
  }
  return folder;
}
