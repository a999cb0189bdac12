import type {
  Coding,
  Condition,
  Encounter,
  FhirResource,
  MedicationAdministration,
  Observation,
  Patient,
  Procedure,
  Quantity,
  Specimen,
} from 'fhir/r4.js';
import { BLOOD_PRESSURE_PANEL } from '../../../concepts/prefetch-codes.js';
import { loincOfMimicItem } from '../../../concepts/dictionary.js';
import { UNITS } from '../../../concepts/unit-table.js';
import { ucumUnit } from '../../../concepts/units.js';
import { agentOfMimicItem } from '../../../record/administration-code-table.js';
import {
  ARTERIAL_SPECIMEN_SNOMED,
  ICD_10_CM,
  ICD_9_CM,
  LOINC,
  MIMIC_ICU_STAY_IDENTIFIER,
  MIMIC_ITEMS,
  MIMIC_LAB_ITEMS,
  MIMIC_MEDICATION_ICU,
  SNOMED_CT,
  STORE_TIME_EXTENSION,
  UCUM,
  V3_ACT_CODE,
  V3_ACT_PRIORITY,
} from '../../../record/code-systems.js';
import { procedureKindOfMimicItem } from '../../../record/procedures.js';
import { admissionPriority } from './admission-priority.js';
import type { Row } from './csv-layout.js';
import { mimicIso } from './mimic-time.js';
import type { ChartedNumber, PatientRows } from './patient-rows.js';
import { birthDateOf, numberOf } from './record-from-rows.js';

/** Non-invasive pressures are charted together: they are written as one panel. */
const NIBP_SYSTOLIC = 220179;
const NIBP_DIASTOLIC = 220180;
/** pO2 by a code that does not name the specimen, so that the reader must look at it. */
const PO2_ANY_BLOOD = '11556-8';

const ARTERIAL_SPECIMEN: Specimen = {
  resourceType: 'Specimen',
  id: 'specimen',
  type: { coding: [{ system: SNOMED_CT, code: ARTERIAL_SPECIMEN_SNOMED, display: 'Arterial blood specimen' }] },
};

/** A patient's whole chart as FHIR R4 resources, with the times at which each became available. */
export function resourcesFromRows(rows: PatientRows): readonly FhirResource[] {
  const patientId = patientIdOf(rows.subjectId);
  const subject = { reference: `Patient/${patientId}` };
  return [
    patientOf(rows, patientId),
    ...rows.admissions.flatMap((row) => admissionOf(row, subject)),
    ...rows.icustays.flatMap((row) => icuStayOf(row, subject)),
    ...rows.diagnoses.flatMap((row) => conditionOf(row, rows.admissions, subject)),
    ...observationsOf(rows.numbers, subject),
    ...rows.inputevents.flatMap((row, index) => administrationOf(row, `input-${rows.subjectId}-${index}`, subject)),
    ...rows.procedureevents.flatMap((row, index) => procedureOf(row, `proc-${rows.subjectId}-${index}`, subject)),
  ];
}

/** FHIR id of a MIMIC-IV patient. */
export function patientIdOf(subjectId: string): string {
  return `mimic-${subjectId}`;
}

interface Subject {
  readonly reference: string;
}

function patientOf({ patient, admissions }: PatientRows, id: string): Patient {
  const died = admissions.map((row) => mimicIso(row['deathtime'] ?? null)).find((time) => time !== undefined);
  const birthDate = birthDateOf(patient);
  const deceased = died ?? mimicIso(patient['dod'] ?? null);
  return {
    resourceType: 'Patient',
    id,
    gender: patient['gender'] === 'M' ? 'male' : patient['gender'] === 'F' ? 'female' : 'unknown',
    ...(birthDate === undefined ? {} : { birthDate }),
    ...(deceased === undefined ? {} : { deceasedDateTime: deceased }),
  };
}

function period(start: string | undefined, end: string | undefined): { start: string; end?: string } | undefined {
  if (start === undefined) return undefined;
  return end === undefined || Date.parse(end) < Date.parse(start) ? { start } : { start, end };
}

function admissionOf(row: Row, subject: Subject): Encounter[] {
  const when = period(mimicIso(row['admittime'] ?? null), mimicIso(row['dischtime'] ?? null));
  if (!when) return [];
  const { priority, encounterClass } = admissionPriority(row['admission_type']);
  return [
    {
      resourceType: 'Encounter',
      id: `hadm-${row['hadm_id'] ?? ''}`,
      status: when.end === undefined ? 'in-progress' : 'finished',
      class: { system: V3_ACT_CODE, code: encounterClass },
      ...(priority === undefined ? {} : { priority: { coding: [{ system: V3_ACT_PRIORITY, code: priority }] } }),
      subject,
      period: when,
    },
  ];
}

function icuStayOf(row: Row, subject: Subject): Encounter[] {
  const [start, end] = [mimicIso(row['intime'] ?? null), mimicIso(row['outtime'] ?? null)];
  const when = period(start, end);
  if (!when || (end !== undefined && when.end === undefined)) return [];
  return [
    {
      resourceType: 'Encounter',
      id: `stay-${row['stay_id'] ?? ''}`,
      identifier: [{ system: MIMIC_ICU_STAY_IDENTIFIER, value: row['stay_id'] ?? '' }],
      status: when.end === undefined ? 'in-progress' : 'finished',
      class: { system: V3_ACT_CODE, code: 'ACUTE' },
      type: [{ coding: [{ system: SNOMED_CT, code: '309904001', display: 'Intensive care unit' }] }],
      subject,
      period: when,
      partOf: { reference: `Encounter/hadm-${row['hadm_id'] ?? ''}` },
    },
  ];
}

function conditionOf(row: Row, admissions: readonly Row[], subject: Subject): Condition[] {
  const recorded = mimicIso(admissions.find(({ hadm_id }) => hadm_id === row['hadm_id'])?.['dischtime'] ?? null);
  if (recorded === undefined) return [];
  const hadm = row['hadm_id'] ?? '';
  return [
    {
      resourceType: 'Condition',
      id: `dx-${hadm}-${row['seq_num'] ?? ''}`,
      code: {
        coding: [{ system: row['icd_version'] === '9' ? ICD_9_CM : ICD_10_CM, code: (row['icd_code'] ?? '').trim() }],
      },
      subject,
      encounter: { reference: `Encounter/hadm-${hadm}` },
      recordedDate: recorded,
    },
  ];
}

function observationsOf(numbers: readonly ChartedNumber[], subject: Subject): Observation[] {
  const diastolicAt = new Map<string, ChartedNumber>();
  for (const number of numbers) if (number.itemId === NIBP_DIASTOLIC) diastolicAt.set(pairKey(number), number);
  const inPanel = new Set<ChartedNumber>();
  const panels: Observation[] = [];
  for (const systolic of numbers) {
    const diastolic = systolic.itemId === NIBP_SYSTOLIC ? diastolicAt.get(pairKey(systolic)) : undefined;
    if (!diastolic || inPanel.has(diastolic)) continue;
    inPanel.add(systolic);
    inPanel.add(diastolic);
    panels.push(panelOf(systolic, diastolic, subject));
  }
  return [
    ...panels,
    ...numbers.filter((number) => !inPanel.has(number)).map((number) => observationOf(number, subject)),
  ];
}

function pairKey({ charttime, storetime }: ChartedNumber): string {
  return `${charttime} ${storetime ?? ''}`;
}

function panelOf(systolic: ChartedNumber, diastolic: ChartedNumber, subject: Subject): Observation {
  const component = [systolic, diastolic].map((part) => ({ code: { coding: codingsOf(part) }, ...valueOf(part) }));
  return {
    ...frame(systolic, subject),
    id: `panel-${systolic.id}`,
    code: { coding: [{ system: LOINC, code: BLOOD_PRESSURE_PANEL }] },
    component,
  };
}

function observationOf(number: ChartedNumber, subject: Subject): Observation {
  const observation: Observation = {
    ...frame(number, subject),
    id: number.id,
    code: { coding: codingsOf(number) },
    ...(number.isIntubated ? { valueString: 'No Response-ETT' } : valueOf(number)),
  };
  if (number.concept.key !== 'po2' || !number.isArterial) return observation;
  return { ...observation, contained: [ARTERIAL_SPECIMEN], specimen: { reference: '#specimen' } };
}

function frame({ table, charttime, storetime }: ChartedNumber, subject: Subject): Omit<Observation, 'code' | 'id'> {
  const issued = mimicIso(storetime);
  const effective = mimicIso(charttime);
  return {
    resourceType: 'Observation',
    status: 'final',
    category: [
      {
        coding: [
          {
            system: 'http://terminology.hl7.org/CodeSystem/observation-category',
            code: table === 'labevents' ? 'laboratory' : 'vital-signs',
          },
        ],
      },
    ],
    subject,
    ...(effective === undefined ? {} : { effectiveDateTime: effective }),
    ...(issued === undefined ? {} : { issued }),
  };
}

/** LOINC (or SNOMED CT, where there is no LOINC code) beside the local item code. */
function codingsOf({ concept, table, itemId }: ChartedNumber): Coding[] {
  const loinc = concept.key === 'po2' ? PO2_ANY_BLOOD : loincOfMimicItem(table, itemId)?.code;
  const snomed = concept.snomed?.[0]?.code;
  const local = { system: table === 'labevents' ? MIMIC_LAB_ITEMS : MIMIC_ITEMS, code: String(itemId) };
  if (loinc !== undefined) return [{ system: LOINC, code: loinc }, local];
  return snomed === undefined ? [local] : [{ system: SNOMED_CT, code: snomed }, local];
}

function valueOf({ value, unit, comparator }: ChartedNumber): { valueQuantity: Quantity } {
  const code = ucumUnit(unit);
  const coded = code !== undefined && code in UNITS ? { system: UCUM, code } : {};
  return {
    valueQuantity: {
      value,
      ...(comparator === undefined ? {} : { comparator }),
      ...(unit === undefined ? {} : { unit }),
      ...coded,
    },
  };
}

function administrationOf(row: Row, id: string, subject: Subject): MedicationAdministration[] {
  const agent = agentOfMimicItem(Number(row['itemid']));
  const when = period(mimicIso(row['starttime'] ?? null), mimicIso(row['endtime'] ?? null));
  if (!agent || !when) return [];
  const stored = mimicIso(row['storetime'] ?? null);
  const rate = numberOf(row['rate']);
  const amount = numberOf(row['amount']);
  const dosage = {
    ...(Number.isFinite(amount) ? { dose: { value: amount, unit: row['amountuom'] ?? '' } } : {}),
    ...(Number.isFinite(rate) && row['rateuom'] ? { rateQuantity: { value: rate, unit: row['rateuom'] } } : {}),
  };
  return [
    {
      resourceType: 'MedicationAdministration',
      id,
      ...(stored === undefined ? {} : { extension: [{ url: STORE_TIME_EXTENSION, valueDateTime: stored }] }),
      status: when.end === undefined ? 'in-progress' : 'completed',
      medicationCodeableConcept: {
        coding: [{ system: MIMIC_MEDICATION_ICU, code: row['itemid'] ?? '' }],
        text: agent.agent,
      },
      subject,
      effectivePeriod: when,
      ...(Object.keys(dosage).length > 0 ? { dosage } : {}),
    },
  ];
}

function procedureOf(row: Row, id: string, subject: Subject): Procedure[] {
  const kind = procedureKindOfMimicItem(Number(row['itemid']));
  const when = period(mimicIso(row['starttime'] ?? null), mimicIso(row['endtime'] ?? null));
  if (!kind || !when) return [];
  return [
    {
      resourceType: 'Procedure',
      id,
      status: when.end === undefined ? 'in-progress' : 'completed',
      code: { coding: [{ system: MIMIC_ITEMS, code: row['itemid'] ?? '' }], text: kind },
      subject,
      performedPeriod: when,
    },
  ];
}
