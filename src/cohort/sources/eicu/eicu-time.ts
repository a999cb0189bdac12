const MINUTE_MS = 60_000;

/** eICU has no dates: every hospital stay is read as if admitted at this time, and every offset follows from it. */
export const ADMISSION_MS = Date.UTC(2014, 0, 1);

/** Whole minutes of an offset column; undefined where it is empty or no whole number. */
export function minutesOf(text: string | null | undefined): number | undefined {
  return /^\s*-?\d+\s*$/.test(text ?? '') ? Number(text) : undefined;
}

/** The number in a cell; NaN where it is empty or no number. */
export function numberOf(text: string | null | undefined): number {
  return text === null || text === undefined || text.trim() === '' ? NaN : Number(text);
}

/** The clock of one unit stay: its offsets count from the admission to the unit, `hospitaladmitoffset` included. */
export interface UnitClock {
  /** Minutes from the admission to the unit back to that to the hospital (usually negative). */
  readonly hospitalAdmitMinutes: number;
}

/** A time on the chart's axis, ms, of minutes since the admission to the unit. */
export function unitMs({ hospitalAdmitMinutes }: UnitClock, minutes: number): number {
  return ADMISSION_MS + (minutes - hospitalAdmitMinutes) * MINUTE_MS;
}

/** Minutes since the admission to the unit of a time on the chart's axis. */
export function unitMinutes({ hospitalAdmitMinutes }: UnitClock, ms: number): number {
  return (ms - ADMISSION_MS) / MINUTE_MS + hospitalAdmitMinutes;
}
