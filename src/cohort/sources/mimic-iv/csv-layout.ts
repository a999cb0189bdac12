import type { MIMIC_TABLES } from '../../../concepts/dictionary.js';
import { concepts } from '../../../concepts/dictionary.js';
import { mimicItemsOfAdministrations } from '../../../record/administration-code-table.js';
import { mimicItemsOfProcedures } from '../../../record/procedures.js';

/** A cell as published; null where empty. */
export type Row = Readonly<Record<string, string | null>>;

/** A table of the published layout: the columns read, and which rows of it matter. */
export interface TableLayout {
  /** Path below the dataset's folder, without `.csv.gz`. */
  readonly path: string;
  readonly columns: readonly string[];
  /** SQL condition on the columns. */
  readonly where?: string;
  /** Absent in some releases or not bought with them. */
  readonly isOptional?: true;
}

/** The specimen type of a blood gas: what tells an arterial pO2. */
export const SPECIMEN_TYPE_ITEM = '52033';
/** "Code Status" of chartevents; one of its values is `Comfort measures only`. */
export const CODE_STATUS_ITEM = '223758';
const COMFORT_MEASURES = 'Comfort measures only';

const itemsOf = (table: (typeof MIMIC_TABLES)[number]): readonly number[] =>
  concepts.flatMap(({ mimicIv }) => mimicIv[table] ?? []);

const list = (items: readonly (number | string)[]): string => [...new Set(items)].map((item) => `'${item}'`).join(',');

/** Items that are looked back to for 30 days; every other for 48 hours. */
export const LONG_LOOK_BACK_ITEMS: readonly number[] = concepts
  .filter(({ lookBackHours }) => lookBackHours > 48)
  .flatMap(({ mimicIv }) => mimicIv.chartevents ?? []);

export const MIMIC_LAYOUT = {
  patients: {
    path: 'hosp/patients',
    columns: ['subject_id', 'gender', 'anchor_age', 'anchor_year', 'anchor_year_group', 'dod'],
  },
  admissions: {
    path: 'hosp/admissions',
    columns: ['subject_id', 'hadm_id', 'admittime', 'dischtime', 'deathtime', 'admission_type', 'hospital_expire_flag'],
  },
  diagnoses_icd: {
    path: 'hosp/diagnoses_icd',
    columns: ['subject_id', 'hadm_id', 'seq_num', 'icd_code', 'icd_version'],
  },
  labevents: {
    path: 'hosp/labevents',
    columns: [
      'labevent_id',
      'subject_id',
      'specimen_id',
      'itemid',
      'charttime',
      'storetime',
      'value',
      'valuenum',
      'valueuom',
    ],
    where: `itemid IN (${list([...itemsOf('labevents'), SPECIMEN_TYPE_ITEM])})`,
  },
  poe: {
    path: 'hosp/poe',
    columns: [
      'poe_id',
      'poe_seq',
      'subject_id',
      'hadm_id',
      'ordertime',
      'order_type',
      'order_subtype',
      'transaction_type',
    ],
    where: "order_type = 'Blood Bank' AND order_subtype LIKE '%Product Order'",
  },
  icustays: { path: 'icu/icustays', columns: ['subject_id', 'hadm_id', 'stay_id', 'intime', 'outtime'] },
  chartevents: {
    path: 'icu/chartevents',
    columns: ['subject_id', 'charttime', 'storetime', 'itemid', 'value', 'valuenum', 'valueuom'],
    where: `(valuenum IS NOT NULL AND itemid IN (${list(itemsOf('chartevents'))})) OR (itemid = '${CODE_STATUS_ITEM}' AND value = '${COMFORT_MEASURES}')`,
  },
  outputevents: {
    path: 'icu/outputevents',
    columns: ['subject_id', 'charttime', 'storetime', 'itemid', 'value', 'valueuom'],
    where: `itemid IN (${list(itemsOf('outputevents'))})`,
  },
  inputevents: {
    path: 'icu/inputevents',
    columns: [
      'subject_id',
      'starttime',
      'endtime',
      'storetime',
      'itemid',
      'amount',
      'amountuom',
      'rate',
      'rateuom',
      'orderid',
      'statusdescription',
    ],
    where: `statusdescription IS DISTINCT FROM 'Rewritten' AND itemid IN (${list(mimicItemsOfAdministrations())})`,
  },
  procedureevents: {
    path: 'icu/procedureevents',
    columns: ['subject_id', 'starttime', 'endtime', 'itemid', 'orderid'],
    where: `itemid IN (${list(mimicItemsOfProcedures())})`,
  },
} as const satisfies Record<string, TableLayout>;

export type TableName = keyof typeof MIMIC_LAYOUT;
export const TABLE_NAMES = Object.keys(MIMIC_LAYOUT) as readonly TableName[];

/** MIMIC-IV-Note, where the user has it beside the rest. */
export const NOTE_LAYOUT = {
  radiology: {
    path: 'note/radiology',
    columns: ['note_id', 'subject_id', 'hadm_id', 'charttime', 'storetime', 'text'],
    isOptional: true,
  },
  discharge: {
    path: 'note/discharge',
    columns: ['note_id', 'subject_id', 'hadm_id', 'charttime', 'storetime', 'text'],
    isOptional: true,
  },
} as const satisfies Record<string, TableLayout>;
export type NoteTableName = keyof typeof NOTE_LAYOUT;
