import type { Row } from './eicu-layout.js';
import { ADMISSION_MS, minutesOf, unitMs, type UnitClock } from './eicu-time.js';

/** One stay in a unit, on the axis of its hospital stay. */
export interface UnitStay extends UnitClock {
  readonly unitStayId: string;
  readonly row: Row;
  readonly startMs: number;
  readonly endMs: number;
}

/** Identity of the chart of a hospital stay. */
export function chartIdOf(row: Row): string {
  return `eicu-${row['patienthealthsystemstayid'] ?? ''}`;
}

/** The unit stays of one hospital stay, in time order. Offsets were checked when the table was opened. */
export function unitStaysOf(rows: readonly Row[]): readonly UnitStay[] {
  return rows
    .map((row) => {
      const clock = { hospitalAdmitMinutes: minutesOf(row['hospitaladmitoffset']) ?? NaN };
      return {
        ...clock,
        unitStayId: row['patientunitstayid'] ?? '',
        row,
        startMs: unitMs(clock, 0),
        endMs: unitMs(clock, minutesOf(row['unitdischargeoffset']) ?? NaN),
      };
    })
    .sort((a, b) => a.startMs - b.startMs || (a.unitStayId < b.unitStayId ? -1 : 1));
}

/** Completed years at the admission to the unit; `> 89` counts as 90. Undefined where the table says none. */
export function ageOf(row: Row): number | undefined {
  const text = row['age']?.trim() ?? '';
  if (/^>\s*89$/.test(text)) return 90;
  return /^\d{1,3}$/.test(text) ? Number(text) : undefined;
}

/**
 * A date of birth by which the patient has the table's age at the first admission to a unit: that many years before the
 * earlier of both admissions. The true birthday is not in the data.
 */
export function birthDateOf(stays: readonly UnitStay[]): string | undefined {
  const aged = stays.find(({ row }) => ageOf(row) !== undefined);
  const age = aged === undefined ? undefined : ageOf(aged.row);
  if (age === undefined) return undefined;
  const from = new Date(Math.min(ADMISSION_MS, ...stays.map(({ startMs }) => startMs)));
  const day = from.toISOString().slice(4, 10);
  return `${String(from.getUTCFullYear() - age).padStart(4, '0')}${day}`;
}
