/** From the first to the last millisecond a FHIR date may mean; ±Infinity for an open end. Both included. */
export interface TimeRange {
  readonly low: number;
  readonly high: number;
}

const FORM = /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?(Z|[+-]\d{2}:\d{2})?)?)?)?$/;

/**
 * The range of a FHIR date, dateTime or instant (`2026`, `2026-03`, `2026-03-01`, `2026-03-01T10:00:00Z`), UTC where it
 * names no zone; undefined where it is none of these or no such day or time exists.
 * @see https://hl7.org/fhir/R4/search.html#date
 */
export function timeRange(text: string): TimeRange | undefined {
  const [, year, month, day, hour, minute, second, fraction, zone] = FORM.exec(text) ?? [];
  if (year === undefined) return undefined;
  const y = Number(year);
  if (month === undefined) return { low: utc(y, 1, 1), high: utc(y + 1, 1, 1) - 1 };
  const m = Number(month);
  if (m < 1 || m > 12) return undefined;
  if (day === undefined) return { low: utc(y, m, 1), high: utc(y, m + 1, 1) - 1 };
  const d = Number(day);
  const start = utc(y, m, d);
  if (d < 1 || start >= utc(y, m + 1, 1)) return undefined;
  if (hour === undefined) return { low: start, high: start + 86_400_000 - 1 };
  const offsetMs = zoneOffsetMs(zone);
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second ?? 0) > 59 || offsetMs === undefined) return undefined;
  const minuteMs = start + Number(hour) * 3_600_000 + Number(minute) * 60_000 - offsetMs;
  if (second === undefined) return { low: minuteMs, high: minuteMs + 59_999 };
  const secondMs = minuteMs + Number(second) * 1000;
  if (fraction === undefined) return { low: secondMs, high: secondMs + 999 };
  const ms = secondMs + Number(fraction.slice(0, 3).padEnd(3, '0'));
  return { low: ms, high: ms };
}

function utc(year: number, month: number, day: number): number {
  return new Date(0).setUTCFullYear(year, month - 1, day);
}

function zoneOffsetMs(zone: string | undefined): number | undefined {
  if (zone === undefined || zone === 'Z') return 0;
  const [hours, minutes] = zone.slice(1).split(':').map(Number);
  if (hours === undefined || minutes === undefined || hours > 14 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}
