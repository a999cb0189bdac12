import { isObject } from '../../sandbox/resource-json.js';

/** How a file's times are moved: the moment it lies at, and by how much. */
export interface TimeMove {
  /** The exchange's moment before the move, in ms since the epoch: ages are those of that moment. */
  readonly fromMs: number;
  /** Whole minutes, so that texts that show minutes move exactly. */
  readonly byMs: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const MOMENT = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(:\d{2})?(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const MONTH = /^\d{4}-\d{2}$/;
const YEAR = /^\d{4}$/;
/** Members whose text may be a year or a month: elsewhere four digits are not a date. */
const DATE_MEMBER = /^(date|issued|start|end|created|sent|timestamp|.*(Date|DateTime|Time|On|Instant))$/;
/** Members that are never dates, whatever they look like. */
const NEVER_DATE: ReadonlySet<string> = new Set(['code', 'system', 'id', 'reference', 'data', 'url', 'fullUrl']);
const IN_TEXT = /\b(\d{4}-\d{2}-\d{2})(?:([ T])(\d{2}:\d{2})(:\d{2})?(?:\.\d+)?( UTC|Z|[+-]\d{2}:\d{2})?)?\b/g;

/**
 * The same JSON with every date moved: moments exactly, in their own zone and precision; bare dates by calendar days, months and
 * years by as many; a birth date so that the age in years at the exchange stays the same. `move` in whole minutes.
 */
export function moveTimes(json: unknown, move: TimeMove, name = ''): unknown {
  if (typeof json === 'string') return movedText(json, move, name);
  if (Array.isArray(json)) return json.map((item: unknown) => moveTimes(item, move, name));
  if (!isObject(json)) return json;
  return Object.fromEntries(
    Object.entries(json).map(([member, value]): [string, unknown] => [member, moveTimes(value, move, member)]),
  );
}

/** The largest move, in whole minutes, that takes `fromMs` to at most `toMs`. */
export function moveTo(fromMs: number, toMs: number): TimeMove {
  return { fromMs, byMs: Math.floor((toMs - fromMs) / MINUTE_MS) * MINUTE_MS };
}

/** Dates and moments inside a text (a card's detail), moved. */
export function moveTimesInText(text: string, move: TimeMove): string {
  return text.replace(IN_TEXT, (whole, day: string, gap?: string, time?: string, seconds = '', zone = '') => {
    if (time === undefined || gap === undefined) return movedDay(day, move);
    const ms = Date.parse(`${day}T${time}:00Z`);
    if (Number.isNaN(ms)) return whole;
    const moved = new Date(ms + move.byMs).toISOString();
    return `${moved.slice(0, 10)}${gap}${moved.slice(11, 16)}${seconds}${zone}`;
  });
}

/** Completed years at a moment, as the calendar counts them; undefined for what is no birth date. */
export function ageAt(birthDate: string, atMs: number): number | undefined {
  const [, year, month = '01', day = '01'] = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(birthDate) ?? [];
  if (year === undefined) return undefined;
  const at = new Date(atMs).toISOString();
  return Number(at.slice(0, 4)) - Number(year) - (at.slice(5, 10) < `${month}-${day}` ? 1 : 0);
}

function movedText(text: string, move: TimeMove, name: string): string {
  if (NEVER_DATE.has(name)) return text;
  if (MOMENT.test(text)) return movedMoment(text, move);
  if (DAY.test(text)) return name === 'birthDate' ? movedBirthDay(text, move) : movedDay(text, move);
  if (!DATE_MEMBER.test(name)) return text;
  if (MONTH.test(text)) return movedMonth(text, move);
  return YEAR.test(text) ? String(Number(text) + yearOf(move.fromMs + move.byMs) - yearOf(move.fromMs)) : text;
}

function movedMoment(text: string, { byMs }: TimeMove): string {
  const [, day, time, seconds = '', fraction = '', zone = 'Z'] = MOMENT.exec(text) ?? [];
  const local = Date.parse(`${day ?? ''}T${time ?? ''}:00Z`);
  if (Number.isNaN(local)) return text;
  const moved = new Date(local + byMs).toISOString();
  return `${moved.slice(0, 16)}${seconds}${fraction}${zone}`;
}

function movedDay(text: string, { fromMs, byMs }: TimeMove): string {
  const ms = Date.parse(`${text}T00:00:00Z`);
  if (Number.isNaN(ms)) return text;
  const days = Math.floor((fromMs + byMs) / DAY_MS) - Math.floor(fromMs / DAY_MS);
  return dayText(ms + days * DAY_MS);
}

/** Leap days make an age differ by a day: near a birthday that would be a year. */
function movedBirthDay(text: string, move: TimeMove): string {
  const age = ageAt(text, move.fromMs);
  const day = Date.parse(`${movedDay(text, move)}T00:00:00Z`);
  if (Number.isNaN(day)) return text;
  const near = [0, 1, -1, 2, -2].map((days) => dayText(day + days * DAY_MS));
  return near.find((birthDate) => ageAt(birthDate, move.fromMs + move.byMs) === age) ?? dayText(day);
}

function movedMonth(text: string, { fromMs, byMs }: TimeMove): string {
  const months = monthOf(fromMs + byMs) - monthOf(fromMs);
  const moved = Number(text.slice(0, 4)) * 12 + Number(text.slice(5)) - 1 + months;
  return `${String(Math.floor(moved / 12)).padStart(4, '0')}-${String((moved % 12) + 1).padStart(2, '0')}`;
}

function yearOf(ms: number): number {
  return new Date(ms).getUTCFullYear();
}

function monthOf(ms: number): number {
  return yearOf(ms) * 12 + new Date(ms).getUTCMonth();
}

function dayText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
