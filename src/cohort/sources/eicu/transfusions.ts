import type { TransfusionEvent } from '../../cohort-source.js';
import { productOfInfusion, productOfIntake, productOfTreatment } from './blood-products.js';
import type { Row, TableName } from './eicu-layout.js';
import { minutesOf, numberOf, unitMs, type UnitClock } from './eicu-time.js';
import { evidenceOf } from './evidence.js';

const MINUTE_MS = 60_000;

/** Minutes that an `intakeOutput` volume began before it was charted: the offset is that of the charting. */
export const INTAKE_SHIFTS = [0, 60, 120] as const;
export type IntakeShiftMinutes = (typeof INTAKE_SHIFTS)[number];

/** The table that charts a transfusion, and the offset at which it does. */
const CHARTED = [
  { table: 'intakeOutput', offset: 'intakeoutputoffset', productOf: productOfIntake },
  { table: 'infusiondrug', offset: 'infusionoffset', productOf: productOfInfusion },
  { table: 'treatment', offset: 'treatmentoffset', productOf: productOfTreatment },
] as const satisfies readonly { table: TableName; offset: string; productOf: unknown }[];

export type BloodTable = (typeof CHARTED)[number]['table'];

/** A blood product row of one of the three tables as an event; `undefined`: none. `no-time`: its offset is no number. */
export function transfusionOf(
  table: BloodTable,
  row: Row,
  clock: UnitClock,
  shiftMinutes: IntakeShiftMinutes,
): TransfusionEvent | 'no-time' | undefined {
  const charted = CHARTED.find((one) => one.table === table);
  const product = charted?.productOf(row);
  if (charted === undefined || product === undefined) return undefined;
  const minutes = minutesOf(row[charted.offset]);
  if (minutes === undefined) return 'no-time';
  const isIntake = table === 'intakeOutput';
  return {
    evidence: evidenceOf(table, row),
    product,
    startMs: unitMs(clock, minutes) - (isIntake ? shiftMinutes * MINUTE_MS : 0),
    ...(isIntake ? { volumeMl: numberOf(row['cellvaluenumeric']) } : {}),
    place: 'bedside',
  };
}
