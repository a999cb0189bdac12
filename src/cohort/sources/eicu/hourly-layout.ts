import type { DuckDBConnection } from '@duckdb/node-api';
import { conceptByKey } from '../../../concepts/dictionary.js';
import type { Concept } from '../../../concepts/concept.js';
import { ServiceError } from '../../../errors/service-error.js';
import { quoted } from '../../csv/csv-file.js';

/**
 * Hourly laboratory values and vital signs of the first seven days in a unit, made by YAIB from the same demo.
 * `time` is seconds since the admission to the unit, the start of its hour.
 * @see https://github.com/rvandewater/YAIB `demo_data/los/eicu_demo`; units as in ricu's concept dictionary
 */
export const HOURLY_PATH = 'yaib_hourly/los/dyn.parquet';

export interface HourlyColumn {
  readonly column: string;
  readonly concept: Concept;
  /** UCUM unit of the column. */
  readonly unit: string;
}

const column = ([name, key, unit]: readonly [string, string, string]): HourlyColumn => ({
  column: name,
  concept: conceptByKey(key),
  unit,
});

/** Columns that stand in for `lab`. */
export const HOURLY_LABS: readonly HourlyColumn[] = (
  [
    ['alb', 'albumin', 'g/dL'],
    ['alp', 'alp', '[IU]/L'],
    ['alt', 'alt', '[IU]/L'],
    ['ast', 'ast', '[IU]/L'],
    ['be', 'base_excess', 'meq/L'],
    ['bicar', 'bicarb', 'meq/L'],
    ['bili', 'bili', 'mg/dL'],
    ['bun', 'bun', 'mg/dL'],
    ['cai', 'ical', 'mmol/L'],
    ['cl', 'chloride', 'meq/L'],
    ['crea', 'creatinine', 'mg/dL'],
    ['crp', 'crp', 'mg/L'],
    ['fgn', 'fibrinogen', 'mg/dL'],
    ['fio2', 'fio2', '%'],
    ['glu', 'glucose', 'mg/dL'],
    ['hgb', 'hb', 'g/dL'],
    ['inr_pt', 'inr', '{INR}'],
    ['k', 'potassium', 'meq/L'],
    ['lact', 'lactate', 'mmol/L'],
    ['lymph', 'lymph_pct', '%'],
    ['mg', 'mg', 'mg/dL'],
    ['na', 'sodium', 'meq/L'],
    ['neut', 'neut_pct', '%'],
    ['pco2', 'pco2', 'mm[Hg]'],
    ['ph', 'ph', '[pH]'],
    ['phos', 'phos', 'mg/dL'],
    ['plt', 'plt', '10*3/uL'],
    ['po2', 'po2', 'mm[Hg]'],
    ['ptt', 'ptt', 's'],
    ['tnt', 'troponin_t', 'ng/mL'],
    ['wbc', 'wbc', '10*3/uL'],
  ] as const
).map(column);

/** Columns that stand in for `vitalPeriodic`. */
export const HOURLY_VITALS: readonly HourlyColumn[] = (
  [
    ['dbp', 'dbp', 'mm[Hg]'],
    ['hr', 'hr', '/min'],
    ['map', 'map', 'mm[Hg]'],
    ['o2sat', 'spo2', '%'],
    ['resp', 'rr', '/min'],
    ['sbp', 'sbp', 'mm[Hg]'],
    ['temp', 'temp', 'Cel'],
  ] as const
).map(column);

/** Throws ERR_DATASET when the file cannot be read or lacks a column. */
export async function assertHourly(connection: DuckDBConnection, path: string): Promise<void> {
  const columns = await connection.runAndReadAll(`DESCRIBE SELECT * FROM read_parquet(${quoted(path)})`).then(
    (reader) => new Set(reader.getRows().map(([name]) => String(name))),
    (cause: unknown) => {
      throw new ServiceError('ERR_DATASET', { detail: `${HOURLY_PATH}: cannot be read as Parquet`, cause });
    },
  );
  const wanted = ['stay_id', 'time', ...[...HOURLY_LABS, ...HOURLY_VITALS].map((one) => one.column)];
  const missing = wanted.find((name) => !columns.has(name));
  if (missing !== undefined) {
    throw new ServiceError('ERR_DATASET', { detail: `${HOURLY_PATH}: there is no column ${missing}` });
  }
}
