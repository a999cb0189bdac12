/** A synthetic ICU chart of any size, as the benchmarks send or load it. Values are made up; times count back from `nowMs`. */
import type {
  DocumentReference,
  Encounter,
  FhirResource,
  MedicationAdministration,
  Observation,
  Patient,
  ServiceRequest,
} from 'fhir/r4.js';

export interface ChartSize {
  readonly observations: number;
  readonly administrations: number;
  readonly notes: number;
}

export interface SyntheticChart {
  readonly patient: Patient;
  readonly encounters: readonly Encounter[];
  readonly labs: readonly Observation[];
  readonly vitals: readonly Observation[];
  readonly administrations: readonly MedicationAdministration[];
  readonly notes: readonly DocumentReference[];
}

const HOUR_MS = 3_600_000;
/** A laboratory page is cut at 400 (see the prefetch templates): stay below. */
const MAXIMUM_LABS = 390;
const VITALS = [
  '8867-4 /min 88',
  '8480-6 mm[Hg] 112',
  '8462-4 mm[Hg] 60',
  '8478-0 mm[Hg] 77',
  '9279-1 /min 18',
  '59408-5 % 96',
  '8310-5 Cel 37',
];
const LABS = [
  '718-7 g/dL 7.8',
  '4544-3 % 24',
  '777-3 10*3/uL 80',
  '6690-2 10*3/uL 9',
  '2951-2 mmol/L 138',
  '2823-3 mmol/L 4.1',
  '2160-0 mg/dL 1.3',
  '3094-0 mg/dL 30',
  '32693-4 mmol/L 2.2',
  '1963-8 mmol/L 23',
];

/** Half of the Observations are laboratory results (at most 390), the rest vital signs, over the last 46 hours per 600. */
export function syntheticChart(size: ChartSize, nowMs: number, id = 'bench'): SyntheticChart {
  const subject = { reference: `Patient/${id}` };
  const encounter = { reference: `Encounter/${id}` };
  const at = (hours: number): string => new Date(nowMs - hours * HOUR_MS).toISOString();
  const observation = (index: number, kinds: readonly string[], category: string): Observation => {
    const [code = '', unit = '', value = ''] = (kinds[index % kinds.length] ?? '').split(' ');
    const time = at(0.2 + (index / 600) * 46);
    const display = `A display of the code ${code} as a laboratory system sends it`;
    return {
      resourceType: 'Observation',
      id: `${id}-${category}-${index}`,
      status: 'final',
      category: [
        { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: category }] },
      ],
      code: { coding: [{ system: 'http://loinc.org', code, display }], text: 'local name' },
      subject,
      encounter,
      effectiveDateTime: time,
      issued: time,
      valueQuantity: { value: Number(value) + (index % 5) / 10, unit, system: 'http://unitsofmeasure.org', code: unit },
    };
  };
  const labs = Math.min(Math.floor(size.observations / 2), MAXIMUM_LABS);
  return {
    patient: { resourceType: 'Patient', id, gender: 'female', birthDate: '1954-03-02' },
    encounters: [
      {
        resourceType: 'Encounter',
        id,
        status: 'in-progress',
        class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'IMP' },
        subject,
        period: { start: at(80) },
      },
    ],
    labs: numbered(labs).map((i) => observation(i, LABS, 'laboratory')),
    vitals: numbered(size.observations - labs).map((i) => observation(i, VITALS, 'vital-signs')),
    administrations: numbered(size.administrations).map((i) => ({
      resourceType: 'MedicationAdministration',
      id: `${id}-m${i}`,
      status: 'completed',
      medicationCodeableConcept: { coding: [{ system: 'http://www.nlm.nih.gov/research/umls/rxnorm', code: '7512' }] },
      subject,
      effectivePeriod: { start: at(i + 1), end: at(i + 0.5) },
      dosage: {
        rateQuantity: { value: 0.1, unit: 'ug/kg/min', system: 'http://unitsofmeasure.org', code: 'ug/kg/min' },
      },
    })),
    notes: numbered(size.notes).map((i) => ({
      resourceType: 'DocumentReference',
      id: `${id}-n${i}`,
      status: 'current',
      type: { coding: [{ system: 'http://loinc.org', code: '11506-3' }] },
      subject,
      date: at(i + 2),
      content: [
        {
          attachment: {
            contentType: 'text/plain',
            data: Buffer.from(`Progress note ${i}. ${'No change overnight. '.repeat(60)}`).toString('base64'),
          },
        },
      ],
    })),
  };
}

/** Every resource of a chart, the ones others refer to first. */
export function resourcesOf(chart: SyntheticChart): readonly FhirResource[] {
  const { patient, encounters, labs, vitals, administrations, notes } = chart;
  return [patient, ...encounters, ...labs, ...vitals, ...administrations, ...notes];
}

/** The order about to be signed: red cells, or a blood count, which is no blood product. */
export function draftOrder(isBlood: boolean, nowMs: number, patientId = 'bench'): ServiceRequest {
  return {
    resourceType: 'ServiceRequest',
    id: 'draft',
    status: 'draft',
    intent: 'order',
    code: {
      coding: [
        isBlood
          ? { system: 'http://snomed.info/sct', code: '116863004' }
          : { system: 'http://www.ama-assn.org/go/cpt', code: '85025' },
      ],
    },
    subject: { reference: `Patient/${patientId}` },
    authoredOn: new Date(nowMs).toISOString(),
  };
}

function numbered(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}
