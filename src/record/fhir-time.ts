const DATE_TIME = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(:\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;
const DATE = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/;
const HOUR_MS = 3_600_000;
/** The last place on earth where a calendar day ends. */
const LATEST_ZONE_MS = 12 * HOUR_MS;

/**
 * Epoch milliseconds of a FHIR dateTime or instant; undefined for one without a time of day or without a zone: such a
 * value cannot be placed, and the local zone of this machine is never assumed.
 * @see https://hl7.org/fhir/R4/datatypes.html#dateTime
 */
export function instantMs(dateTime: string | undefined): number | undefined {
  const [, date, time, seconds = ':00', zone] = DATE_TIME.exec(dateTime ?? '') ?? [];
  if (date === undefined || time === undefined || zone === undefined) return undefined;
  if (!isCalendarDay(date)) return undefined;
  const ms = Date.parse(`${date}T${time}${seconds}${zone}`);
  return Number.isNaN(ms) ? undefined : ms;
}

/**
 * The latest instant a FHIR date or dateTime can mean: itself, or the end of the day, month or year in the last time
 * zone. For facts that may be used late but not early (a diagnosis recorded on a day). Undefined if it is neither.
 */
export function latestInstantMs(dateTime: string | undefined): number | undefined {
  const exact = instantMs(dateTime);
  if (exact !== undefined) return exact;
  const [, year, month, day] = DATE.exec(dateTime ?? '') ?? [];
  if (year === undefined) return undefined;
  if (month !== undefined && day !== undefined) {
    if (!isCalendarDay(`${year}-${month}-${day}`)) return undefined;
    return Date.UTC(Number(year), Number(month) - 1, Number(day) + 1) + LATEST_ZONE_MS - 1;
  }
  if (month !== undefined) {
    if (Number(month) < 1 || Number(month) > 12) return undefined;
    return Date.UTC(Number(year), Number(month), 1) + LATEST_ZONE_MS - 1;
  }
  return Date.UTC(Number(year) + 1, 0, 1) + LATEST_ZONE_MS - 1;
}

const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** Is `YYYY-MM-DD` a day of the calendar? Date.parse reads 30 February as 1 or 2 March. */
function isCalendarDay(date: string): boolean {
  const [year, month, day] = [Number(date.slice(0, 4)), Number(date.slice(5, 7)), Number(date.slice(8, 10))];
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = month === 2 && isLeap ? 29 : (DAYS_IN_MONTH[month - 1] ?? 0);
  return day >= 1 && day <= days;
}
