import { conceptByKey } from '../../../concepts/dictionary.js';
import { conceptByEicuName, type ChartedNumber } from './charted-number.js';
import type { Row } from './eicu-layout.js';
import { minutesOf, numberOf } from './eicu-time.js';
import { evidenceOf } from './evidence.js';

/** Columns of the monitors' tables and their units; the names are the dictionary's. @see https://eicu-crd.mit.edu/eicutables/vitalperiodic/ */
const MONITORED = {
  vitalPeriodic: [
    ['temperature', 'Cel'],
    ['sao2', '%'],
    ['heartrate', '/min'],
    ['respiration', '/min'],
    ['cvp', 'mm[Hg]'],
    ['systemicsystolic', 'mm[Hg]'],
    ['systemicdiastolic', 'mm[Hg]'],
    ['systemicmean', 'mm[Hg]'],
  ],
  vitalAperiodic: [
    ['noninvasivesystolic', 'mm[Hg]'],
    ['noninvasivediastolic', 'mm[Hg]'],
    ['noninvasivemean', 'mm[Hg]'],
  ],
} as const;

/** The vital signs of one row of a monitor; it has no time of filing. */
export function monitoredNumbers(table: keyof typeof MONITORED, row: Row): ChartedNumber[] {
  const minutes = minutesOf(row['observationoffset']);
  if (minutes === undefined) return [];
  return MONITORED[table].flatMap(([column, unit]) => {
    const concept = conceptByEicuName(column);
    const cell = row[column];
    if (!concept || cell === null || cell === undefined) return [];
    return [{ concept, value: numberOf(cell), unit, minutes, filedMinutes: minutes, evidence: evidenceOf(table, row) }];
  });
}

/**
 * What the nurses chart, by `nursingchartcelltypevallabel|nursingchartcelltypevalname`.
 * @see MIT-LCP/eicu-code `concepts/pivoted/pivoted-vital.sql` and `pivoted-gcs.sql`
 */
const NURSED: Readonly<Record<string, readonly [string, string | undefined]>> = {
  'Heart Rate|Heart Rate': ['hr', '/min'],
  'Respiratory Rate|Respiratory Rate': ['rr', '/min'],
  'O2 Saturation|O2 Saturation': ['spo2', '%'],
  'Temperature|Temperature (C)': ['temp', 'Cel'],
  'Temperature|Temperature (F)': ['temp', '[degF]'],
  'Non-Invasive BP|Non-Invasive BP Systolic': ['sbp', 'mm[Hg]'],
  'Non-Invasive BP|Non-Invasive BP Diastolic': ['dbp', 'mm[Hg]'],
  'Non-Invasive BP|Non-Invasive BP Mean': ['map', 'mm[Hg]'],
  'Invasive BP|Invasive BP Systolic': ['sbp', 'mm[Hg]'],
  'Invasive BP|Invasive BP Diastolic': ['dbp', 'mm[Hg]'],
  'Invasive BP|Invasive BP Mean': ['map', 'mm[Hg]'],
  'MAP (mmHg)|Value': ['map', 'mm[Hg]'],
  'Arterial Line MAP (mmHg)|Value': ['map', 'mm[Hg]'],
  'Glasgow coma score|GCS Total': ['gcs_total', '{score}'],
  'Glasgow coma score|Motor': ['gcs_motor', '{score}'],
  'Glasgow coma score|Verbal': ['gcs_verbal', '{score}'],
  'Glasgow coma score|Eyes': ['gcs_eye', '{score}'],
  'Score (Glasgow Coma Scale)|Value': ['gcs_total', '{score}'],
};

/** A row of `nurseCharting` that is read; the same temperature in two units is two rows. */
export function nursedNumber(row: Row): ChartedNumber[] {
  const known = NURSED[`${row['nursingchartcelltypevallabel'] ?? ''}|${row['nursingchartcelltypevalname'] ?? ''}`];
  const minutes = minutesOf(row['nursingchartoffset']);
  const cell = row['nursingchartvalue'];
  if (!known || minutes === undefined || cell === null || cell === undefined) return [];
  const [key, unit] = known;
  return [
    {
      concept: conceptByKey(key),
      value: numberOf(cell),
      unit,
      minutes,
      filedMinutes: minutesOf(row['nursingchartentryoffset']) ?? minutes,
      evidence: evidenceOf('nurseCharting', row),
    },
  ];
}
