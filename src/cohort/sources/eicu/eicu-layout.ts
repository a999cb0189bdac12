import { concepts } from '../../../concepts/dictionary.js';
import { quoted } from '../../csv/csv-file.js';

/** A cell as published; null where empty. */
export type Row = Readonly<Record<string, string | null>>;

/** A table of the published layout. All times are offsets: whole minutes from the admission to the unit stay. */
export interface TableLayout {
  /** File name without `.csv.gz`; the case differs between releases (`infusionDrug`, `infusiondrug`). */
  readonly name: string;
  /** Columns read; the first identifies a row, the second is the unit stay. */
  readonly columns: readonly string[];
  /** Offset by which rows are chosen; absent: all rows of a wanted stay up to its last index. */
  readonly offset?: string;
  /** Further offsets of a row that must be whole numbers where given. */
  readonly otherOffsets?: readonly string[];
  /** SQL condition on the columns. */
  readonly where?: string;
}

const STAY = 'patientunitstayid';
const BLOOD_FOLDER = 'Blood Products (ml)|';

const list = (names: readonly string[]): string => names.map(quoted).join(',');

/** Names of the dictionary's `eicu` lists, by concept. */
export function namesOf(...keys: readonly string[]): readonly string[] {
  return concepts.filter(({ key }) => keys.includes(key)).flatMap(({ eicu }) => eicu);
}

/** Names of laboratory results: all of the dictionary's labs, and what a blood gas says of the breathing. */
export const LAB_NAMES: readonly string[] = [
  ...concepts.filter(({ source }) => source === 'labs').flatMap(({ eicu }) => eicu),
  ...namesOf('fio2', 'peep', 'o2_flow'),
];
export const RESPIRATORY_LABELS: readonly string[] = namesOf('fio2', 'peep', 'o2_flow');
export const URINE_LABELS: readonly string[] = namesOf('urine_mlkgh');

/** Labels of `nurseCharting` that are read. @see MIT-LCP/eicu-code `concepts/pivoted/pivoted-vital.sql`, `pivoted-gcs.sql` */
export const NURSE_LABELS: readonly string[] = [
  'Heart Rate',
  'Respiratory Rate',
  'O2 Saturation',
  'Temperature',
  'Non-Invasive BP',
  'Invasive BP',
  'MAP (mmHg)',
  'Arterial Line MAP (mmHg)',
  'Glasgow coma score',
  'Score (Glasgow Coma Scale)',
];

/** Drugs whose infusions are read, and red cells; `NS for Blood Administration` is salt water. */
export const INFUSION_PATTERN =
  'norepinephrine|epinephrine|phenylephrine|dopamine|vasopressin|dobutamine|milrinone|propofol|midazolam|dexmedetomidine|precedex|levophed|rbc';

/** Every table that is read. `apachePatientResult`, `apachePredVar` and any `activeupondischarge` are not. */
export const EICU_LAYOUT = {
  patient: {
    name: 'patient',
    columns: [
      STAY,
      'patienthealthsystemstayid',
      'uniquepid',
      'gender',
      'age',
      'hospitalid',
      'unittype',
      'hospitaladmitsource',
      'hospitaladmitoffset',
      'hospitaldischargeyear',
      'hospitaldischargeoffset',
      'hospitaldischargestatus',
      'unitdischargeoffset',
      'unitdischargestatus',
      'unitvisitnumber',
      'admissionheight',
      'admissionweight',
    ],
  },
  intakeOutput: {
    name: 'intakeOutput',
    columns: [
      'intakeoutputid',
      STAY,
      'intakeoutputoffset',
      'intakeoutputentryoffset',
      'cellpath',
      'celllabel',
      'cellvaluenumeric',
    ],
    offset: 'intakeoutputoffset',
    otherOffsets: ['intakeoutputentryoffset'],
    where: `(contains(cellpath, ${quoted(BLOOD_FOLDER)}) OR (contains(cellpath, '|Output (ml)|') AND split_part(cellpath, '|', -1) IN (${list(URINE_LABELS)})))`,
  },
  infusiondrug: {
    name: 'infusiondrug',
    columns: ['infusiondrugid', STAY, 'infusionoffset', 'drugname', 'drugrate', 'patientweight'],
    offset: 'infusionoffset',
    where: `regexp_matches(drugname, '${INFUSION_PATTERN}', 'i')`,
  },
  treatment: {
    name: 'treatment',
    columns: ['treatmentid', STAY, 'treatmentoffset', 'treatmentstring'],
    offset: 'treatmentoffset',
  },
  lab: {
    name: 'lab',
    columns: [
      'labid',
      STAY,
      'labresultoffset',
      'labname',
      'labresult',
      'labresulttext',
      'labmeasurenamesystem',
      'labmeasurenameinterface',
      'labresultrevisedoffset',
    ],
    offset: 'labresultoffset',
    otherOffsets: ['labresultrevisedoffset'],
    where: `labname IN (${list(LAB_NAMES)})`,
  },
  vitalPeriodic: {
    name: 'vitalPeriodic',
    columns: [
      'vitalperiodicid',
      STAY,
      'observationoffset',
      'temperature',
      'sao2',
      'heartrate',
      'respiration',
      'cvp',
      'systemicsystolic',
      'systemicdiastolic',
      'systemicmean',
    ],
    offset: 'observationoffset',
  },
  vitalAperiodic: {
    name: 'vitalAperiodic',
    columns: [
      'vitalaperiodicid',
      STAY,
      'observationoffset',
      'noninvasivesystolic',
      'noninvasivediastolic',
      'noninvasivemean',
    ],
    offset: 'observationoffset',
  },
  respiratoryCharting: {
    name: 'respiratoryCharting',
    columns: ['respchartid', STAY, 'respchartoffset', 'respchartentryoffset', 'respchartvaluelabel', 'respchartvalue'],
    offset: 'respchartoffset',
    otherOffsets: ['respchartentryoffset'],
    where: `respchartvaluelabel IN (${list(RESPIRATORY_LABELS)})`,
  },
  nurseCharting: {
    name: 'nurseCharting',
    columns: [
      'nursingchartid',
      STAY,
      'nursingchartoffset',
      'nursingchartentryoffset',
      'nursingchartcelltypevallabel',
      'nursingchartcelltypevalname',
      'nursingchartvalue',
    ],
    offset: 'nursingchartoffset',
    otherOffsets: ['nursingchartentryoffset'],
    where: `nursingchartcelltypevallabel IN (${list(NURSE_LABELS)})`,
  },
  respiratoryCare: {
    name: 'respiratoryCare',
    columns: [
      'respcareid',
      STAY,
      'respcarestatusoffset',
      'airwaytype',
      'ventstartoffset',
      'priorventstartoffset',
      'priorventendoffset',
    ],
    offset: 'respcarestatusoffset',
    otherOffsets: ['ventstartoffset', 'priorventstartoffset', 'priorventendoffset'],
  },
  apacheApsVar: {
    name: 'apacheApsVar',
    columns: [
      'apacheapsvarid',
      STAY,
      'intubated',
      'eyes',
      'motor',
      'verbal',
      'urine',
      'wbc',
      'temperature',
      'respiratoryrate',
      'sodium',
      'heartrate',
      'meanbp',
      'ph',
      'hematocrit',
      'creatinine',
      'albumin',
      'pao2',
      'pco2',
      'bun',
      'glucose',
      'bilirubin',
      'fio2',
    ],
  },
  pastHistory: {
    name: 'pastHistory',
    columns: [
      'pasthistoryid',
      STAY,
      'pasthistoryenteredoffset',
      'pasthistorynotetype',
      'pasthistorypath',
      'pasthistoryvalue',
      'pasthistoryvaluetext',
    ],
    otherOffsets: ['pasthistoryenteredoffset'],
  },
  physicalExam: {
    name: 'physicalExam',
    columns: [
      'physicalexamid',
      STAY,
      'physicalexamoffset',
      'physicalexampath',
      'physicalexamvalue',
      'physicalexamtext',
    ],
    offset: 'physicalexamoffset',
  },
  note: {
    name: 'note',
    columns: ['noteid', STAY, 'noteoffset', 'noteenteredoffset', 'notetype', 'notepath', 'notevalue', 'notetext'],
    offset: 'noteenteredoffset',
    otherOffsets: ['noteoffset'],
  },
  carePlanGeneral: {
    name: 'carePlanGeneral',
    columns: ['cplgeneralid', STAY, 'cplitemoffset', 'cplgroup', 'cplitemvalue'],
    where: `cplgroup = 'Care Limitation'`,
  },
} as const satisfies Readonly<Record<string, TableLayout>>;

export type TableName = keyof typeof EICU_LAYOUT;

export const TABLE_NAMES: readonly TableName[] = Object.keys(EICU_LAYOUT).filter(
  (name): name is TableName => name in EICU_LAYOUT,
);

/** The layout of a table, with its optional parts. */
export function layoutOf(table: TableName): TableLayout {
  return EICU_LAYOUT[table];
}

/** At least one of these tells who was transfused. */
export const BLOOD_TABLES: readonly TableName[] = ['intakeOutput', 'infusiondrug', 'treatment'];

/** Tables that a record is made of; the care plans decide on facts alone. */
export const STAGED_TABLES: readonly TableName[] = [
  'patient',
  'intakeOutput',
  'infusiondrug',
  'treatment',
  'lab',
  'vitalPeriodic',
  'vitalAperiodic',
  'respiratoryCharting',
  'nurseCharting',
  'respiratoryCare',
  'apacheApsVar',
  'pastHistory',
  'physicalExam',
  'note',
];
/** Column added to `physicalExam`: when the note begun at the same offset was entered. */
export const EXAM_ENTERED = 'noteenteredoffset';

/** The columns of a staged table. */
export function stagedColumns(table: TableName): readonly string[] {
  const { columns } = layoutOf(table);
  return table === 'physicalExam' ? [...columns, EXAM_ENTERED] : columns;
}
