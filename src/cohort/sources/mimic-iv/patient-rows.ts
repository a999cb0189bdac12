import { conceptByMimicItem, type MimicTable } from '../../../concepts/dictionary.js';
import type { Concept } from '../../../concepts/concept.js';
import { SPECIMEN_TYPE_ITEM, type Row } from './csv-layout.js';
import type { PatientTables } from './csv-tables.js';
import { isBadTime, mimicMs } from './mimic-time.js';

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
  /** Chart, lab, output and input rows without a store time (or with one that is no time): available from their charting time. */
  readonly withoutStoreTime: number;
  /** Rows left out, by `table: reason`. */
  readonly rejections: Readonly<Record<string, number>>;
}

/** Reads the rows of one patient. */
export async function readPatientRows(tables: PatientTables, subjectId: string, patient: Row): Promise<PatientRows> {
  const [admissions, icustays, diagnoses, labs, charts, outputs, inputs, procedures] = await Promise.all([
    tables.rowsOf('admissions', subjectId),
    tables.rowsOf('icustays', subjectId),
    tables.rowsOf('diagnoses_icd', subjectId),
    tables.rowsOf('labevents', subjectId),
    tables.rowsOf('chartevents', subjectId),
    tables.rowsOf('outputevents', subjectId),
    tables.rowsOf('inputevents', subjectId),
    tables.rowsOf('procedureevents', subjectId),
  ]);
  const rejections: Record<string, number> = {};
  const reject: Reject = (words) => (rejections[words] = (rejections[words] ?? 0) + 1);
  const distinctLabs = distinctBy(
    labs,
    (row) => row['labevent_id'] ?? '',
    () => reject('hosp/labevents: labevent_id twice'),
  );
  const numbers = [
    ...labNumbers(distinctLabs, reject),
    ...charts.flatMap((row, index) =>
      plainNumber('chartevents', row, `chart-${subjectId}-${index}`, row['valuenum'], reject),
    ),
    ...outputs.flatMap((row, index) =>
      plainNumber('outputevents', row, `output-${subjectId}-${index}`, row['value'], reject),
    ),
  ];
  const inputevents = usableIntervals(inputs, 'icu/inputevents', reject);
  const procedureevents = usableIntervals(procedures, 'icu/procedureevents', reject);
  const withoutStoreTime = [...numbers, ...inputevents].filter((row) => mimicMs(row.storetime ?? null) === undefined);
  return {
    subjectId,
    patient,
    admissions,
    icustays,
    diagnoses,
    numbers,
    inputevents,
    procedureevents,
    withoutStoreTime: withoutStoreTime.length,
    rejections,
  };
}

/** Counts a row that is left out, by `table: reason`. */
type Reject = (words: string) => void;

/** One row of each key, the first of them. */
function distinctBy(rows: readonly Row[], keyOf: (row: Row) => string, onTwice: () => void): readonly Row[] {
  const seen = new Map<string, Row>();
  for (const row of rows) {
    if (seen.has(keyOf(row))) onTwice();
    else seen.set(keyOf(row), row);
  }
  return [...seen.values()];
}

/**
 * Rows that begin, and end no earlier than they begin. An impossible end would have a drug or a machine run for ever; a row that
 * is there twice, cell for cell, would be given twice.
 */
function usableIntervals(rows: readonly Row[], table: string, reject: Reject): readonly Row[] {
  const distinct = distinctBy(
    rows,
    (row) => JSON.stringify(Object.values(row)),
    () => {
      reject(`${table}: a row twice, cell for cell`);
    },
  );
  return distinct.filter((row) => {
    const startMs = mimicMs(row['starttime'] ?? null);
    const endMs = mimicMs(row['endtime'] ?? null);
    const fault =
      startMs === undefined
        ? 'no start time'
        : isBadTime(row['endtime'])
          ? 'an end that is no time'
          : endMs !== undefined && endMs < startMs
            ? 'end before start'
            : undefined;
    if (fault !== undefined) reject(`${table}: ${fault}`);
    return fault === undefined;
  });
}

function labNumbers(rows: readonly Row[], reject: Reject): ChartedNumber[] {
  const arterial = new Set(
    rows
      .filter((row) => row['itemid'] === SPECIMEN_TYPE_ITEM && row['value']?.startsWith('ART') === true)
      .map((row) => row['specimen_id']),
  );
  return rows
    .filter((row) => row['itemid'] !== SPECIMEN_TYPE_ITEM)
    .flatMap((row) => {
      const bound = /^\s*(<=|>=|<|>)\s*(\d+(?:\.\d+)?)\s*$/.exec(row['value'] ?? '');
      const number = plainNumber(
        'labevents',
        row,
        `lab-${row['labevent_id'] ?? ''}`,
        bound?.[2] ?? row['valuenum'],
        reject,
      );
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
  reject: Reject,
): ChartedNumber[] {
  const itemId = Number(row['itemid']);
  const concept = conceptByMimicItem(table, itemId);
  const value = text === null || text === undefined || text.trim() === '' ? NaN : Number(text);
  const charttime = row['charttime'] ?? null;
  if (!concept) return [];
  const fault = !Number.isFinite(value)
    ? 'no number'
    : charttime === null || mimicMs(charttime) === undefined
      ? 'no charting time'
      : undefined;
  if (fault !== undefined || charttime === null) {
    reject(`${table === 'labevents' ? 'hosp' : 'icu'}/${table}: ${fault ?? 'no charting time'}`);
    return [];
  }
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
