import type { ChartedNumber } from './charted-number.js';
import type { HourlyRow } from './chart-rows.js';
import { HOURLY_LABS, HOURLY_VITALS } from './hourly-layout.js';
import type { StagedInfo } from './staged-info.js';

/** Reference of one hour of a unit stay. */
export function hourlyEvidence(unitStayId: string, hour: number): string {
  return `yaib_hourly/${unitStayId}-${hour}`;
}

/** The values of hour h: measured at h:00 for all we know, and known when the hour is over. */
export function hourlyNumbers(row: HourlyRow, unitStayId: string, { hourly }: StagedInfo): ChartedNumber[] {
  const hour = row['hour'];
  if (hour === null || hour === undefined) return [];
  const columns = [...(hourly.labs ? HOURLY_LABS : []), ...(hourly.vitals ? HOURLY_VITALS : [])];
  return columns.flatMap(({ column, concept, unit }) => {
    const value = row[column];
    if (value === null || value === undefined) return [];
    const evidence = hourlyEvidence(unitStayId, hour);
    return [{ concept, value, unit, minutes: hour * 60, filedMinutes: (hour + 1) * 60, evidence }];
  });
}
