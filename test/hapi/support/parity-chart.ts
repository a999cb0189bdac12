import type { FhirResource, Observation } from 'fhir/r4.js';
import { inPackage } from '../../../src/commands/package-root.js';
import { loadFixture } from '../../../src/sandbox/load-resources.js';
import { without } from '../../../src/sandbox/resource-json.js';
import { HOUR, infusion, iso, LOINC, observation, patient, T0 } from '../../sandbox/support/chart.js';

const SNOMED = 'http://snomed.info/sct';
const RXNORM = 'http://www.nlm.nih.gov/research/umls/rxnorm';
const subject = { reference: 'Patient/pat' };
const coded = (system: string, code: string): { coding: { system: string; code: string }[] } => ({
  coding: [{ system, code }],
});

/** Situations of `fhir-fixtures/` whose charts are searched as the service does. */
export const SITUATIONS = ['bleeding-and-unstable', 'several-products-at-once', 'unit-chaos', 'almost-empty-chart'];

/** When the orders of the situations are signed. */
export const PREDICTION_TIME = T0;

const at = (id: string, effective: Partial<Observation>, code = '8310-5'): FhirResource => {
  return { ...without(observation({ id, patientId: 'dated', code }), 'effectiveDateTime'), ...effective };
};

/** Codes with and without system, several in one, none. */
const CODES: readonly FhirResource[] = [
  observation({ id: 'hb-new', patientId: 'pat', atMs: T0 - 2 * HOUR, encounter: 'stay', issuedMs: T0 - HOUR }),
  observation({ id: 'hb-old', patientId: 'pat', atMs: T0 - 50 * HOUR }),
  observation({ id: 'hb-local', patientId: 'pat', atMs: T0 - 3 * HOUR, system: 'http://hospital.example/lab' }),
  { ...observation({ id: 'hb-bare', patientId: 'pat', atMs: T0 - 4 * HOUR }), code: { coding: [{ code: '718-7' }] } },
  observation({
    id: 'hr',
    patientId: 'pat',
    atMs: T0 - HOUR,
    code: '8867-4',
    category: 'vital-signs',
    status: 'preliminary',
  }),
  {
    ...observation({ id: 'glucose', patientId: 'pat', atMs: T0 - 5 * HOUR }),
    code: {
      coding: [
        { system: LOINC, code: '2345-7' },
        { system: 'http://hospital.example/lab', code: 'GLU' },
      ],
    },
  },
  {
    ...observation({ id: 'bp', patientId: 'pat', atMs: T0 - 6 * HOUR, code: '85354-9', category: 'vital-signs' }),
    component: [
      { code: coded(LOINC, '8480-6'), valueQuantity: { value: 92, unit: 'mmHg' } },
      { code: coded(LOINC, '8462-4'), valueQuantity: { value: 51.5, unit: 'mmHg' } },
    ],
  },
  { ...observation({ id: 'words-only', patientId: 'pat', atMs: T0 - 7 * HOUR }), code: { text: 'haemoglobin' } },
];

/** Every form of a date, on a patient of its own. */
const DATES: readonly FhirResource[] = [
  patient('dated'),
  at('year', { effectiveDateTime: '2026' }),
  at('month', { effectiveDateTime: '2026-03' }),
  at('day', { effectiveDateTime: '2026-03-09' }),
  at('east', { effectiveDateTime: '2026-03-10T04:30:00+05:30' }),
  at('west', { effectiveDateTime: '2026-03-09T21:00:00-05:00' }),
  at('utc', { effectiveDateTime: '2026-03-10T08:00:00Z' }),
  at('fraction', { effectiveDateTime: '2026-03-10T08:00:00.250Z' }),
  at('instant', { effectiveInstant: '2026-03-10T10:00:00.000Z' }),
  at('period', { effectivePeriod: { start: '2026-03-10T01:00:00Z', end: '2026-03-10T09:00:00Z' } }),
  at('open', { effectivePeriod: { start: '2026-03-10T03:00:00Z' } }),
  at('undated', {}),
  at('tie-b', { effectiveDateTime: '2026-03-08T10:00:00Z' }),
  at('tie-a', { effectiveDateTime: '2026-03-08T10:00:00Z' }),
  at('tie-c', { effectiveDateTime: '2026-03-08T11:00:00+01:00' }),
];

/** One minute apart. */
const PAGES: readonly FhirResource[] = [
  patient('paged'),
  ...Array.from({ length: 45 }, (_, index) =>
    observation({
      id: `p-${String(index).padStart(2, '0')}`,
      patientId: 'paged',
      code: '8867-4',
      atMs: T0 - index * 60_000,
    }),
  ),
];

/** One or more of every other type. */
const OTHERS: readonly FhirResource[] = [
  {
    resourceType: 'Patient',
    id: 'pat',
    active: true,
    identifier: [{ system: 'http://hospital.example/mrn', value: '{run}' }],
    gender: 'female',
    birthDate: '1950-03-01',
    name: [{ family: 'Synthetic', given: ['Ália', 'Bé'] }],
  },
  patient('other'),
  patient('written'),
  {
    resourceType: 'Organization',
    id: 'org',
    active: true,
    name: 'Hôpital',
    identifier: [{ system: 'urn:o', value: '1' }],
  },
  {
    resourceType: 'Location',
    id: 'icu',
    status: 'active',
    name: 'ICU',
    type: [coded(SNOMED, '309904001')],
    identifier: [{ system: 'urn:l', value: '1' }],
  },
  {
    resourceType: 'Practitioner',
    id: 'doc',
    active: true,
    identifier: [{ system: 'urn:d', value: '1' }],
    name: [{ family: 'Médecin', given: ['Ann'] }],
  },
  {
    resourceType: 'PractitionerRole',
    id: 'role',
    active: true,
    practitioner: { reference: 'Practitioner/doc' },
    organization: { reference: 'Organization/org' },
    code: [coded(SNOMED, '112247003')],
  },
  {
    resourceType: 'Encounter',
    id: 'admission',
    status: 'in-progress',
    identifier: [{ system: 'urn:e', value: '1' }],
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'IMP' },
    subject,
    period: { start: iso(T0 - 60 * HOUR) },
  },
  {
    resourceType: 'Encounter',
    id: 'stay',
    status: 'in-progress',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'ACUTE' },
    type: [coded(SNOMED, '309904001')],
    subject,
    partOf: { reference: 'Encounter/admission' },
    period: { start: iso(T0 - 20 * HOUR) },
  },
  {
    resourceType: 'Encounter',
    id: 'before',
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
    subject,
    period: { start: '2026-01-05', end: '2026-01-06' },
  },
  ...[infusion('inf-long', T0 - 10 * HOUR, T0 - 2 * HOUR), infusion('inf-short', T0 - 5 * HOUR, T0 - 4 * HOUR)].map(
    (one): FhirResource => ({
      ...one,
      subject,
      context: { reference: 'Encounter/stay' },
      request: { reference: 'MedicationRequest/asked' },
    }),
  ),
  {
    resourceType: 'Medication',
    id: 'drug',
    status: 'active',
    code: coded(RXNORM, '7512'),
    identifier: [{ system: 'urn:m', value: '1' }],
  },
  {
    resourceType: 'MedicationAdministration',
    id: 'given',
    status: 'in-progress',
    medicationReference: { reference: 'Medication/drug' },
    subject,
    effectiveDateTime: iso(T0 - 3 * HOUR),
  },
  {
    resourceType: 'MedicationRequest',
    id: 'asked',
    status: 'active',
    intent: 'order',
    priority: 'urgent',
    category: [coded('http://terminology.hl7.org/CodeSystem/medicationrequest-category', 'inpatient')],
    medicationCodeableConcept: coded(RXNORM, '7512'),
    subject,
    encounter: { reference: 'Encounter/stay' },
    authoredOn: iso(T0 - 11 * HOUR),
  },
  {
    resourceType: 'MedicationRequest',
    id: 'asked-drug',
    status: 'draft',
    intent: 'order',
    medicationReference: { reference: 'Medication/drug' },
    subject,
    authoredOn: '2026-03-10',
  },
  {
    resourceType: 'MedicationDispense',
    id: 'dispensed',
    status: 'completed',
    medicationCodeableConcept: coded(RXNORM, '7512'),
    subject,
    context: { reference: 'Encounter/stay' },
    whenPrepared: iso(T0 - 9 * HOUR),
    whenHandedOver: iso(T0 - 8 * HOUR),
  },
  {
    resourceType: 'MedicationStatement',
    id: 'stated',
    status: 'active',
    medicationCodeableConcept: coded(RXNORM, '11289'),
    subject,
    context: { reference: 'Encounter/stay' },
    effectivePeriod: { start: '2025-06' },
  },
  {
    resourceType: 'MedicationDispense',
    id: 'dispensed-drug',
    status: 'completed',
    medicationReference: { reference: 'Medication/drug' },
    subject,
  },
  {
    resourceType: 'MedicationStatement',
    id: 'stated-drug',
    status: 'active',
    medicationReference: { reference: 'Medication/drug' },
    subject,
  },
  {
    resourceType: 'Procedure',
    id: 'dialysis',
    status: 'completed',
    category: coded(SNOMED, '387713003'),
    code: coded(SNOMED, '302497006'),
    subject,
    encounter: { reference: 'Encounter/stay' },
    performedPeriod: { start: iso(T0 - 30 * HOUR), end: iso(T0 - 26 * HOUR) },
  },
  {
    resourceType: 'Procedure',
    id: 'tube',
    status: 'completed',
    code: coded(SNOMED, '112798008'),
    subject,
    performedDateTime: '2026-03-09',
  },
  {
    resourceType: 'Condition',
    id: 'bleed',
    clinicalStatus: coded('http://terminology.hl7.org/CodeSystem/condition-clinical', 'active'),
    verificationStatus: coded('http://terminology.hl7.org/CodeSystem/condition-ver-status', 'confirmed'),
    category: [coded('http://terminology.hl7.org/CodeSystem/condition-category', 'encounter-diagnosis')],
    code: {
      coding: [
        { system: SNOMED, code: '74474003' },
        { system: 'http://hl7.org/fhir/sid/icd-10', code: 'K92.2' },
      ],
    },
    subject,
    encounter: { reference: 'Encounter/admission' },
    onsetDateTime: '2026-03-09',
    recordedDate: iso(T0 - 28 * HOUR),
  },
  {
    resourceType: 'AllergyIntolerance',
    id: 'allergy',
    clinicalStatus: coded('http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', 'active'),
    code: coded(SNOMED, '91936005'),
    patient: subject,
    recordedDate: '2020-05-01',
  },
  {
    resourceType: 'DiagnosticReport',
    id: 'report',
    status: 'final',
    category: [coded('http://terminology.hl7.org/CodeSystem/v2-0074', 'HM')],
    code: coded(LOINC, '58410-2'),
    subject,
    encounter: { reference: 'Encounter/stay' },
    effectiveDateTime: iso(T0 - 2 * HOUR),
    issued: '2026-03-10T11:00:00.000Z',
    result: [{ reference: 'Observation/hb-new' }],
  },
  {
    resourceType: 'Specimen',
    id: 'tube-1',
    status: 'available',
    type: coded(SNOMED, '119297000'),
    subject,
    collection: { collectedDateTime: iso(T0 - 2 * HOUR) },
  },
  {
    resourceType: 'ServiceRequest',
    id: 'order',
    status: 'active',
    intent: 'order',
    priority: 'urgent',
    requisition: { system: 'urn:r', value: '7' },
    category: [coded(SNOMED, '387713003')],
    code: coded(SNOMED, '116859006'),
    subject,
    encounter: { reference: 'Encounter/stay' },
    occurrenceDateTime: iso(T0 + HOUR),
    authoredOn: iso(T0),
  },
  {
    resourceType: 'Binary',
    id: 'letter',
    contentType: 'text/plain',
    data: Buffer.from('Bleeding has stopped.').toString('base64'),
  },
  {
    resourceType: 'DocumentReference',
    id: 'note',
    status: 'current',
    type: coded(LOINC, '11506-3'),
    category: [coded('http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category', 'clinical-note')],
    subject,
    date: '2026-03-10T09:30:00.000Z',
    content: [{ attachment: { contentType: 'text/plain', url: 'Binary/letter' } }],
    context: { encounter: [{ reference: 'Encounter/stay' }], period: { start: '2026-03-10' } },
  },
];

/** The observation of another patient, whom no search for `pat` may find. */
const OTHER_PATIENT = observation({ id: 'theirs', patientId: 'other', atMs: T0 - HOUR, category: 'laboratory' });

/**
 * What both servers hold: the situations' charts, and resources made for one case each. Every id is made the run's own, `Type/id` references
 * with it; references go backwards, so that it can be loaded in any number of transactions.
 */
export async function parityChart(run: string): Promise<readonly FhirResource[]> {
  const situations = await Promise.all(
    SITUATIONS.map((name) => loadFixture(inPackage(`fhir-fixtures/${name}`), PREDICTION_TIME)),
  );
  const all = [
    ...OTHERS,
    ...DATES,
    ...PAGES,
    ...CODES,
    OTHER_PATIENT,
    ...situations.flatMap(({ resources }) => resources),
  ];
  const text = JSON.stringify(referencedFirst(all)).replaceAll('{run}', run);
  const names = new Set(all.map(({ resourceType, id }) => `${resourceType}/${id ?? ''}`));
  const own = text
    .replace(/"([A-Z][A-Za-z]+)\/([^"/]+)"/g, (whole, type: string, id: string) =>
      names.has(`${type}/${id}`) ? `"${type}/${run}-${id}"` : whole,
    )
    .replace(/("resourceType":"[A-Za-z]+","id":")/g, `$1${run}-`);
  return JSON.parse(own) as readonly FhirResource[];
}

const ORDER = [
  'Organization',
  'Location',
  'Practitioner',
  'Patient',
  'PractitionerRole',
  'Medication',
  'Encounter',
  'MedicationRequest',
  'Binary',
  'Observation',
];

function referencedFirst(resources: readonly FhirResource[]): readonly FhirResource[] {
  const rank = ({ resourceType }: FhirResource): number => ORDER.indexOf(resourceType) + 1 || ORDER.length + 1;
  return [...resources]
    .sort((a, b) => rank(a) - rank(b))
    .map(({ resourceType, id, ...rest }) => ({ resourceType, id, ...rest }) as FhirResource);
}

/** The patient of each situation, by the names ids have before a run makes them its own. */
export async function situationPatients(): Promise<
  readonly { readonly situation: string; readonly patientId: string; readonly binaries: readonly string[] }[]
> {
  return Promise.all(
    SITUATIONS.map(async (situation) => {
      const { resources } = await loadFixture(inPackage(`fhir-fixtures/${situation}`), PREDICTION_TIME);
      return {
        situation,
        patientId: resources.find(({ resourceType }) => resourceType === 'Patient')?.id ?? '',
        binaries: resources.flatMap(({ resourceType, id }) =>
          resourceType === 'Binary' && id !== undefined ? [id] : [],
        ),
      };
    }),
  );
}
