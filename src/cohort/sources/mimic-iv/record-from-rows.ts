import { toCanonical } from '../../../concepts/units.js';
import { agentOfMimicItem } from '../../../record/administration-code-table.js';
import { charlsonOfIcd } from '../../../record/charlson.js';
import { infusionRate } from '../../../record/infusion-rate.js';
import { dropIntubatedVerbal } from '../../../record/intubated-verbal.js';
import type {
  Administration,
  BloodOrder,
  ConditionEntry,
  EncounterInterval,
  NoteDocument,
  ObservedValue,
  PatientRecord,
  ProcedureEvent,
  SourceCoverage,
} from '../../../record/patient-record.js';
import { procedureKindOfMimicItem } from '../../../record/procedures.js';
import { startRejectionTally, type RejectionTally } from '../../../record/rejection-tally.js';
import { admissionPriority } from './admission-priority.js';
import type { Row } from './csv-layout.js';
import { mimicMs } from './mimic-time.js';
import type { ChartedNumber, PatientRows } from './patient-rows.js';

const covered: SourceCoverage = { kind: 'covered', sinceMs: null, origin: 'dataset' };

/**
 * A patient's chart straight from the rows, all of it: what was not yet available at a prediction time is hidden by
 * `mapFeatures`. It does not go through FHIR, so that the FHIR road can be compared with it.
 */
export function recordFromRows(
  rows: PatientRows,
  orders: readonly BloodOrder[],
  notes: readonly NoteDocument[] = [],
): PatientRecord {
  const tally = startRejectionTally();
  const procedures = rows.procedureevents.flatMap(procedureOf);
  const all = rows.numbers.flatMap((number) => valueOf(number, tally));
  const { values, dropped } = dropIntubatedVerbal(all, procedures);
  for (let i = 0; i < dropped; i++) tally.add('intubated-verbal', 'gcs_verbal');
  const sex = rows.patient['gender'];
  const birthDate = birthDateOf(rows.patient);
  return {
    ...(birthDate === undefined ? {} : { birthDate }),
    sex: sex === 'M' ? 'male' : sex === 'F' ? 'female' : 'unknown',
    values,
    administrations: rows.inputevents.flatMap((row) => administrationOf(row, tally)),
    procedures,
    encounters: [...rows.admissions.flatMap(admissionOf), ...rows.icustays.flatMap(icuStayOf)],
    conditions: rows.diagnoses.flatMap((row) => conditionsOf(row, rows.admissions)),
    notes,
    orders,
    coverage: {
      patient: covered,
      encounters: covered,
      labs: covered,
      vitals: covered,
      bedside: covered,
      administrations: covered,
      procedures: covered,
      conditions: covered,
      notes: covered,
    },
    rejections: tally.counts(),
  };
}

/** MIMIC-IV gives an age in an anchor year: the year of birth is exact, month and day are taken as the first. Undefined without either. */
export function birthDateOf(patient: Row): string | undefined {
  const year = numberOf(patient['anchor_year']) - numberOf(patient['anchor_age']);
  return Number.isInteger(year) ? `${year}-01-01` : undefined;
}

function valueOf(number: ChartedNumber, tally: RejectionTally): ObservedValue[] {
  const { concept, value, unit, comparator, id, isArterial, charttime, storetime } = number;
  const timeMs = mimicMs(charttime);
  if (timeMs === undefined) {
    tally.add('no-time', concept.key);
    return [];
  }
  if (concept.key === 'po2' && !isArterial) {
    tally.add('code-unmapped', concept.key);
    return [];
  }
  if (number.isIntubated) {
    tally.add('intubated-verbal', concept.key);
    return [];
  }
  const converted = toCanonical(concept, value, unit);
  if (converted.kind === 'rejected') {
    tally.add(converted.reason, concept.key);
    return [];
  }
  return [
    {
      concept: concept.key,
      value: converted.value,
      timeMs,
      availableMs: Math.max(timeMs, mimicMs(storetime) ?? timeMs),
      ...(comparator === undefined ? {} : { comparator }),
      evidence: `Observation/${id}`,
    },
  ];
}

function intervalOf(row: Row): { readonly startMs: number; readonly endMs?: number } | undefined {
  const startMs = mimicMs(row['starttime'] ?? null);
  const endMs = mimicMs(row['endtime'] ?? null);
  if (startMs === undefined) return undefined;
  return endMs === undefined ? { startMs } : { startMs, endMs };
}

function administrationOf(row: Row, tally: RejectionTally): Administration[] {
  const agent = agentOfMimicItem(Number(row['itemid']));
  const interval = intervalOf(row);
  if (!agent || !interval) return [];
  const rate = infusionRate(agent.agent, numberOf(row['rate']), row['rateuom'] ?? undefined);
  if (rate === undefined && Number.isFinite(numberOf(row['rate'])) && agent.kind === 'vasopressor')
    tally.add('unit-unknown', 'nee');
  const amount = numberOf(row['amount']);
  const isVolume = row['amountuom']?.toLowerCase() === 'ml' && amount >= 0;
  return [
    {
      ...agent,
      ...interval,
      availableMs: Math.max(interval.startMs, mimicMs(row['storetime'] ?? null) ?? interval.startMs),
      ...(rate === undefined ? {} : { rate }),
      ...(isVolume ? { volumeMl: amount } : {}),
      evidence: administrationEvidence(row),
    },
  ];
}

/** Reference of an inputevents row: an order's parts share its id. */
export function administrationEvidence(row: Row): string {
  return `inputevents/${row['orderid'] ?? ''}-${row['itemid'] ?? ''}`;
}

/** A number of a cell; NaN where there is none. */
export function numberOf(text: string | null | undefined): number {
  return text === null || text === undefined || text.trim() === '' ? NaN : Number(text);
}

function procedureOf(row: Row): ProcedureEvent[] {
  const kind = procedureKindOfMimicItem(Number(row['itemid']));
  const interval = intervalOf(row);
  // The store time of a procedure row is that of its last edit, at its end: it is known to run from its start on.
  return kind && interval
    ? [{ kind, ...interval, availableMs: interval.startMs, evidence: `procedureevents/${row['orderid'] ?? ''}` }]
    : [];
}

function admissionOf(row: Row): EncounterInterval[] {
  const startMs = mimicMs(row['admittime'] ?? null);
  const endMs = mimicMs(row['dischtime'] ?? null);
  if (startMs === undefined) return [];
  const ended = endMs === undefined || endMs < startMs ? {} : { endMs };
  const { admissionType } = admissionPriority(row['admission_type']);
  return [
    { setting: 'inpatient', admissionType, startMs, ...ended, evidence: `Encounter/hadm-${row['hadm_id'] ?? ''}` },
  ];
}

function icuStayOf(row: Row): EncounterInterval[] {
  const startMs = mimicMs(row['intime'] ?? null);
  const endMs = mimicMs(row['outtime'] ?? null);
  // An impossible end would keep the patient in the ICU for ever.
  if (startMs === undefined || (endMs !== undefined && endMs < startMs)) return [];
  const ended = endMs === undefined ? {} : { endMs };
  return [{ setting: 'icu', startMs, ...ended, evidence: `Encounter/stay-${row['stay_id'] ?? ''}` }];
}

/** Diagnoses are coded after discharge: on the record from then on, never in their own admission. */
function conditionsOf(row: Row, admissions: readonly Row[]): ConditionEntry[] {
  const recordedMs = mimicMs(admissions.find(({ hadm_id }) => hadm_id === row['hadm_id'])?.['dischtime'] ?? null);
  if (recordedMs === undefined) return [];
  const version = row['icd_version'] === '9' ? 9 : 10;
  const evidence = `Condition/dx-${row['hadm_id'] ?? ''}-${row['seq_num'] ?? ''}`;
  return charlsonOfIcd(version, row['icd_code'] ?? '').map((charlson) => ({ charlson, recordedMs, evidence }));
}
