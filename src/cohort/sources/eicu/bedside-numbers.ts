import { conceptByKey } from '../../../concepts/dictionary.js';
import { conceptByEicuName, type ChartedNumber } from './charted-number.js';
import { EXAM_ENTERED, URINE_LABELS, type Row } from './eicu-layout.js';
import { minutesOf, numberOf } from './eicu-time.js';
import { evidenceOf } from './evidence.js';

/** Units of `respiratoryCharting`, which prints none; of oxygen the number tells (fraction or percentage). */
const RESPIRATORY_UNITS: Readonly<Record<string, string | undefined>> = {
  fio2: undefined,
  peep: 'cm[H2O]',
  o2_flow: 'L/min',
};

/** FiO2 (`60%` or `60`), PEEP or oxygen flow of `respiratoryCharting`. */
export function respiratoryNumber(row: Row): ChartedNumber[] {
  const concept = conceptByEicuName(row['respchartvaluelabel'] ?? '');
  const minutes = minutesOf(row['respchartoffset']);
  const cell = row['respchartvalue'];
  if (!concept || minutes === undefined || cell === null || cell === undefined) return [];
  const percent = /^\s*([\d.]+)\s*%\s*$/.exec(cell)?.[1];
  return [
    {
      concept,
      value: numberOf(percent ?? cell),
      unit: percent === undefined ? RESPIRATORY_UNITS[concept.key] : '%',
      minutes,
      filedMinutes: minutesOf(row['respchartentryoffset']) ?? minutes,
      evidence: evidenceOf('respiratoryCharting', row),
    },
  ];
}

/** A volume of urine of `intakeOutput`, mL, by the last part of its path under `Output (ml)`. */
export function urineNumber(row: Row): ChartedNumber[] {
  const label = /\|Output \(ml\)\|(.*)$/.exec(row['cellpath'] ?? '')?.[1];
  const minutes = minutesOf(row['intakeoutputoffset']);
  if (label === undefined || !URINE_LABELS.includes(label) || minutes === undefined) return [];
  return [
    {
      concept: conceptByKey('urine_mlkgh'),
      value: numberOf(row['cellvaluenumeric']),
      unit: 'mL',
      minutes,
      filedMinutes: minutesOf(row['intakeoutputentryoffset']) ?? minutes,
      evidence: evidenceOf('intakeOutput', row),
    },
  ];
}

const GCS_PARTS: Readonly<Record<string, string>> = {
  'Eyes Score': 'gcs_eye',
  'Motor Score': 'gcs_motor',
  'Verbal Score': 'gcs_verbal',
};

/** A coma score of `physicalExam`: `.../GCS/Motor Score/6`, or the total `.../GCS/15`. Known when its note was entered. */
export function comaNumber(row: Row): ChartedNumber[] {
  const [, part, digits] =
    /\/GCS\/(?:(Eyes Score|Motor Score|Verbal Score)\/)?(\d{1,2})$/.exec(row['physicalexampath'] ?? '') ?? [];
  const minutes = minutesOf(row['physicalexamoffset']);
  if (digits === undefined || minutes === undefined) return [];
  return [
    {
      concept: conceptByKey(GCS_PARTS[part ?? ''] ?? 'gcs_total'),
      value: Number(digits),
      unit: '{score}',
      minutes,
      filedMinutes: minutesOf(row[EXAM_ENTERED]) ?? minutes,
      evidence: evidenceOf('physicalExam', row),
    },
  ];
}

/** Height and weight at the admission to the unit. */
export function bodyNumbers(row: Row): ChartedNumber[] {
  return (
    [
      ['admissionheight', 'cm'],
      ['admissionweight', 'kg'],
    ] as const
  ).flatMap(([column, unit]) => {
    const concept = conceptByEicuName(column);
    const cell = row[column];
    if (!concept || cell === null || cell === undefined) return [];
    return [
      { concept, value: numberOf(cell), unit, minutes: 0, filedMinutes: 0, evidence: evidenceOf('patient', row) },
    ];
  });
}
