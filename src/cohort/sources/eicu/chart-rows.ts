import type { Row, TableName } from './eicu-layout.js';
import type { StagedInfo } from './staged-info.js';
import type { UnitStay } from './unit-stays.js';

/** One hour of the stand-in; null where nothing was measured. */
export type HourlyRow = Readonly<Record<string, number | null>>;

/** The staged rows of one unit stay: each with readable offsets, each id once. */
export interface UnitRows {
  readonly stay: UnitStay;
  readonly tables: Readonly<Partial<Record<TableName, readonly Row[]>>>;
  readonly hourly: readonly HourlyRow[];
}

/** The staged rows of one hospital stay. */
export interface ChartRows {
  readonly chartId: string;
  /** In time order. */
  readonly units: readonly UnitRows[];
  readonly info: StagedInfo;
  /** Rows left out, by `table: reason`. */
  readonly rejections: Readonly<Record<string, number>>;
}

/** The rows of a table; empty where there are none. */
export function rowsOf({ tables }: UnitRows, table: TableName): readonly Row[] {
  return tables[table] ?? [];
}

/** Does the hospital of this chart use the table at all? */
export function isChartingHospital({ info, units }: ChartRows, table: TableName): boolean {
  const hospital = units[0]?.stay.row['hospitalid'] ?? '';
  return info.chartingHospitals[table]?.includes(hospital) === true;
}
