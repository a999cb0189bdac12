import { conceptByMimicItem, type MimicTable } from '../../../concepts/dictionary.js';
import type { Concept } from '../../../concepts/concept.js';
import { SPECIMEN_TYPE_ITEM, type Row } from './csv-layout.js';
import type { PatientTables } from './csv-tables.js';

/** A number charted under an item of the dictionary, as both roads start from it. */
export interface ChartedNumber {
  /** Stable reference: `Observation/lab-123`. */
  readonly id: string;
  readonly table: 'labevents' | 'chartevents' | 'outputevents';
  readonly itemId: number;
  readonly concept: Concept;
  readonly value: number;
  readonly comparator?: '<' | '<=' | '>' | '>=';
  /** As charted, or what the dictionary says of an item whose rows carry none. */
  readonly unit: string | undefined;
  readonly charttime: string;
  readonly storetime: string | null;
  /** Of a blood gas: was the specimen arterial? */
  readonly isArterial: boolean;
  /** A score that could not be given because of a tube in the airway (`No Response-ETT`), whatever its number says. */
  readonly isIntubated: boolean;
}

/** `No Response-ETT`: the value that mimic-code reads as "not testable". @see mimic-code `concepts/measurement/gcs.sql` */
const TUBE = /\bETT\b/;

/** All rows of one patient that the project reads. */
export interface PatientRows {
  readonly subjectId: string;
  readonly patient: Row;
  readonly admissions: readonly Row[];
  readonly icustays: readonly Row[];
  readonly diagnoses: readonly Row[];
  readonly numbers: readonly ChartedNumber[];
  readonly inputevents: readonly Row[];
  readonly procedureevents: readonly Row[];
  /** Chart, lab and output rows without a store time: available from their charting time. */
  readonly withoutStoreTime: number;
  /** Rows left out because another row has their `labevent_id`. */
  readonly duplicateLabs: number;
}

/** Reads the rows of one patient. */
export async function readPatientRows(tables: PatientTables, subjectId: string, patient: Row): Promise<PatientRows> {
  const [admissions, icustays, diagnoses, labs, charts, outputs, inputevents, procedureevents] = await Promise.all([
    tables.rowsOf('admissions', subjectId),
    tables.rowsOf('icustays', subjectId),
    tables.rowsOf('diagnoses_icd', subjectId),
    tables.rowsOf('labevents', subjectId),
    tables.rowsOf('chartevents', subjectId),
    tables.rowsOf('outputevents', subjectId),
    tables.rowsOf('inputevents', subjectId),
    tables.rowsOf('procedureevents', subjectId),
  ]);
  const distinctLabs = [...new Map(labs.map((row) => [row['labevent_id'], row])).values()];
  const numbers = [
    ...labNumbers(distinctLabs),
    ...charts.flatMap((row, index) => plainNumber('chartevents', row, `chart-${subjectId}-${index}`, row['valuenum'])),
    ...outputs.flatMap((row, index) => plainNumber('outputevents', row, `output-${subjectId}-${index}`, row['value'])),
  ];
  return {
    subjectId,
    patient,
    admissions,
    icustays,
    diagnoses,
    numbers,
    inputevents,
    procedureevents,
    withoutStoreTime: numbers.filter(({ storetime }) => storetime === null).length,
    duplicateLabs: labs.length - distinctLabs.length,
  };
}

function labNumbers(rows: readonly Row[]): ChartedNumber[] {
  const arterial = new Set(
    rows
      .filter((row) => row['itemid'] === SPECIMEN_TYPE_ITEM && row['value']?.startsWith('ART') === true)
      .map((row) => row['specimen_id']),
  );
  return rows
    .filter((row) => row['itemid'] !== SPECIMEN_TYPE_ITEM)
    .flatMap((row) => {
      const bound = /^\s*(<=|>=|<|>)\s*(\d+(?:\.\d+)?)\s*$/.exec(row['value'] ?? '');
      const number = plainNumber('labevents', row, `lab-${row['labevent_id'] ?? ''}`, bound?.[2] ?? row['valuenum']);
      const comparator = comparatorOf(bound?.[1]);
      return number.map((one) => ({
        ...one,
        ...(comparator === undefined ? {} : { comparator }),
        isArterial: arterial.has(row['specimen_id'] ?? ''),
      }));
    });
}

function comparatorOf(text: string | undefined): ChartedNumber['comparator'] {
  return text === '<' || text === '<=' || text === '>' || text === '>=' ? text : undefined;
}

function plainNumber(
  table: ChartedNumber['table'] & MimicTable,
  row: Row,
  id: string,
  text: string | null | undefined,
): ChartedNumber[] {
  const itemId = Number(row['itemid']);
  const concept = conceptByMimicItem(table, itemId);
  const value = text === null || text === undefined || text.trim() === '' ? NaN : Number(text);
  const charttime = row['charttime'] ?? null;
  if (!concept || !Number.isFinite(value) || charttime === null) return [];
  const isSubtracted = concept.mimicIv.subtract?.includes(itemId) === true;
  const unit = row['valueuom'] ?? concept.mimicIv.itemUnits?.[String(itemId)];
  return [
    {
      id,
      table,
      itemId,
      concept,
      value: isSubtracted ? -Math.abs(value) : value,
      unit,
      charttime,
      storetime: row['storetime'] ?? null,
      isArterial: false,
      isIntubated: concept.key === 'gcs_verbal' && TUBE.test(row['value'] ?? ''),
    },
  ];
}
