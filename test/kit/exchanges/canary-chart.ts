import type { FhirResource } from 'fhir/r4.js';

const made: string[] = [];

/** A text that is nowhere else; every one of them must not be in a recorded file. */
function canary(kind: string): string {
  const text = `${kind}Canary${String(made.length).padStart(3, '0')}`;
  made.push(text);
  return text;
}

/** All texts that must not get into a file, those that are base64 too. */
export function canaries(): readonly string[] {
  return [...made, ...made.map((text) => Buffer.from(text).toString('base64').replace(/=+$/, ''))];
}

const reference = (type: string, id: string): { reference: string; display: string } => ({
  reference: `${type}/${id}`,
  display: canary('Display'),
});
const narrative = (): { status: 'generated'; div: string } => ({
  status: 'generated',
  div: `<div xmlns="http://www.w3.org/1999/xhtml">${canary('Narrative')}</div>`,
});

export const CANARY_PATIENT = canary('PatientId');
export const CANARY_ENCOUNTER = canary('EncounterId');
export const CANARY_USER = `Practitioner/${canary('UserId')}`;
export const CANARY_TOKEN = canary('AccessToken');
const FAMILY = canary('Family');
const PRACTITIONER = canary('PractitionerId');
const LOINC = 'http://loinc.org';

/** A chart in which every identifier, name, note and comment is a canary, at `nowMs`; the patient is 94. */
export function canaryChart(nowMs: number): readonly FhirResource[] {
  const at = (hours: number): string => new Date(nowMs - hours * 3_600_000).toISOString();
  const subject = (): { reference: string; display: string } => reference('Patient', CANARY_PATIENT);
  const result = (id: string, code: string, hours: number, more: object): FhirResource => ({
    resourceType: 'Observation',
    id,
    meta: { source: canary('Source'), tag: [{ system: 'urn:x', code: canary('Tag') }] },
    identifier: [{ system: canary('System'), value: canary('Accession') }],
    text: narrative(),
    status: 'final',
    code: { coding: [{ system: LOINC, code, display: `of ${FAMILY}` }], text: `text of ${FAMILY}` },
    subject: subject(),
    encounter: reference('Encounter', CANARY_ENCOUNTER),
    performer: [reference('Practitioner', PRACTITIONER)],
    effectiveDateTime: at(hours),
    issued: at(hours),
    note: [{ text: canary('Comment'), authorString: canary('Author') }],
    ...more,
  });
  return [
    {
      resourceType: 'Patient',
      id: CANARY_PATIENT,
      text: narrative(),
      identifier: [
        {
          use: 'usual',
          type: { text: canary('IdType') },
          system: canary('MrnSystem'),
          value: canary('Mrn'),
          assigner: { display: canary('Assigner') },
        },
      ],
      name: [
        {
          family: FAMILY,
          given: [canary('Given'), canary('Middle')],
          text: canary('FullName'),
          prefix: [canary('Prefix')],
        },
      ],
      telecom: [{ system: 'phone', value: canary('Phone') }],
      address: [{ line: [canary('Street')], city: canary('City'), postalCode: canary('Zip'), text: canary('Address') }],
      contact: [{ name: { family: canary('Kin') }, telecom: [{ value: canary('KinPhone') }] }],
      photo: [{ contentType: 'image/png', data: Buffer.from(canary('Photo')).toString('base64') }],
      generalPractitioner: [reference('Practitioner', PRACTITIONER)],
      managingOrganization: reference('Organization', canary('OrganizationId')),
      extension: [
        { url: 'http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName', valueString: canary('Maiden') },
      ],
      gender: 'female',
      birthDate: new Date(nowMs - 94.5 * 365.25 * 86_400_000).toISOString().slice(0, 10),
    },
    {
      resourceType: 'Encounter',
      id: CANARY_ENCOUNTER,
      identifier: [{ system: canary('VisitSystem'), value: canary('Visit') }],
      status: 'in-progress',
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'IMP' },
      subject: subject(),
      participant: [{ individual: reference('Practitioner', PRACTITIONER) }],
      period: { start: at(40) },
      location: [{ location: reference('Location', canary('LocationId')) }],
      serviceProvider: reference('Organization', canary('HospitalId')),
      hospitalization: { destination: reference('Location', canary('WardId')) },
    },
    result(canary('LabId'), '718-7', 2, {
      valueQuantity: { value: 6.5, unit: 'g/dL', system: 'http://unitsofmeasure.org', code: 'g/dL' },
    }),
    result(canary('LactateId'), '32693-4', 2, { valueString: `7.1 says ${FAMILY}` }),
    result(canary('LongId'), '2160-0', 2, {
      valueString: `a long text about somebody, with ${canary('InProse')} in it`,
    }),
    result(canary('VitalId'), '8867-4', 1, {
      valueQuantity: { value: 120, unit: '/min', system: 'http://unitsofmeasure.org', code: '/min' },
    }),
    result(canary('AgeId'), '30525-0', 1, {
      valueQuantity: { value: 94, unit: 'a', system: 'http://unitsofmeasure.org', code: 'a' },
    }),
    {
      resourceType: 'MedicationAdministration',
      id: canary('AdministrationId'),
      status: 'in-progress',
      subject: subject(),
      context: reference('Encounter', CANARY_ENCOUNTER),
      performer: [{ actor: reference('Practitioner', PRACTITIONER) }],
      request: reference('MedicationRequest', canary('RequestId')),
      medicationCodeableConcept: { coding: [{ system: 'http://www.nlm.nih.gov/research/umls/rxnorm', code: '7512' }] },
      effectivePeriod: { start: at(3) },
      dosage: {
        text: canary('Dosage'),
        rateQuantity: { value: 0.2, unit: 'ug/kg/min', system: 'http://unitsofmeasure.org', code: 'ug/kg/min' },
      },
    },
    {
      resourceType: 'Condition',
      id: canary('ConditionId'),
      code: { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'K74.6' }] },
      subject: subject(),
      recorder: reference('Practitioner', PRACTITIONER),
      asserter: reference('Practitioner', PRACTITIONER),
      note: [{ text: canary('ConditionNote') }],
      recordedDate: at(500).slice(0, 10),
    },
    {
      resourceType: 'DocumentReference',
      id: canary('DocumentId'),
      masterIdentifier: { value: canary('MasterIdentifier') },
      status: 'current',
      description: canary('Description'),
      type: { coding: [{ system: LOINC, code: '11506-3' }] },
      subject: subject(),
      author: [reference('Practitioner', PRACTITIONER)],
      date: at(6),
      content: [
        {
          attachment: {
            contentType: 'text/plain',
            title: canary('Title'),
            data: Buffer.from(canary('Note')).toString('base64'),
          },
        },
        { attachment: { contentType: 'text/plain', url: `Binary/${canary('BinaryId')}` } },
      ],
    },
  ];
}
