import { conceptByKey } from '../../../concepts/dictionary.js';
import type { RejectionTally } from '../../../record/rejection-tally.js';
import type { ChartedNumber } from './charted-number.js';
import type { Row } from './eicu-layout.js';
import { numberOf } from './eicu-time.js';
import { evidenceOf } from './evidence.js';

/** The first day of the unit stay is over: nothing of APACHE exists before. */
export const APACHE_MINUTES = 24 * 60;
/** Written where a variable was not measured. */
const MISSING = -1;

/** Variables of the worst values of the first day. @see https://eicu-crd.mit.edu/eicutables/apacheapsvar/ */
const VARIABLES: readonly (readonly [string, string, string])[] = [
  ['eyes', 'gcs_eye', '{score}'],
  ['motor', 'gcs_motor', '{score}'],
  ['verbal', 'gcs_verbal', '{score}'],
  ['urine', 'urine_24h', 'mL'],
  ['wbc', 'wbc', '10*3/uL'],
  ['temperature', 'temp', 'Cel'],
  ['respiratoryrate', 'rr', '/min'],
  ['sodium', 'sodium', 'meq/L'],
  ['heartrate', 'hr', '/min'],
  ['meanbp', 'map', 'mm[Hg]'],
  ['ph', 'ph', '[pH]'],
  ['hematocrit', 'hct', '%'],
  ['creatinine', 'creatinine', 'mg/dL'],
  ['albumin', 'albumin', 'g/dL'],
  ['pao2', 'po2', 'mm[Hg]'],
  ['pco2', 'pco2', 'mm[Hg]'],
  ['bun', 'bun', 'mg/dL'],
  ['glucose', 'glucose', 'mg/dL'],
  ['bilirubin', 'bili', 'mg/dL'],
  ['fio2', 'fio2', '%'],
];

/** The variables of a row of `apacheApsVar`, at hour 24 of the unit stay. The verbal score of an intubated patient is missing. */
export function apacheNumbers(row: Row, tally: RejectionTally): ChartedNumber[] {
  return VARIABLES.flatMap(([column, key, unit]) => {
    const cell = row[column];
    if (cell === null || cell === undefined || Number(cell) === MISSING) return [];
    if (key === 'gcs_verbal' && row['intubated'] === '1') {
      tally.add('intubated-verbal', key);
      return [];
    }
    const evidence = evidenceOf('apacheApsVar', row);
    return [
      {
        concept: conceptByKey(key),
        value: numberOf(cell),
        unit,
        minutes: APACHE_MINUTES,
        filedMinutes: APACHE_MINUTES,
        evidence,
      },
    ];
  });
}
