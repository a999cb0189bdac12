import { ServiceError } from '../errors/service-error.js';
import { isObject } from './resource-json.js';

const EXPRESSION = /\{\{([^{}]*)\}\}/g;
const FORM = /^(date:)?\s*t0((?:[+-]\d+(?:s|m|h|d|w|mo|y))*)$/;
const STEP = /([+-]\d+)(s|mo|m|h|d|w|y)/g;
const MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/**
 * The same JSON with every `{{t0…}}` in its texts replaced by the moment it names, as an ISO instant in UTC, and every
 * `{{date:t0…}}` by its UTC date. Steps: `s` seconds, `m` minutes, `h`, `d`, `w`, `mo` months, `y` years, several in a row
 * (`{{t0-1d-2h}}`); a month or year too short for the day ends on its last day. Throws ServiceError ERR_DATASET for any other
 * `{{…}}`.
 */
export function materialise(json: unknown, t0Ms: number): unknown {
  if (typeof json === 'string')
    return json.includes('{{') ? json.replace(EXPRESSION, (_, expression: string) => timeText(expression, t0Ms)) : json;
  if (Array.isArray(json)) return json.map((item: unknown) => materialise(item, t0Ms));
  if (!isObject(json)) return json;
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, materialise(value, t0Ms)]));
}

function timeText(expression: string, t0Ms: number): string {
  const [, date, steps] = FORM.exec(expression.trim()) ?? [];
  if (steps === undefined)
    throw new ServiceError('ERR_DATASET', { detail: `{{${expression}}} is not a relative time` });
  let ms = t0Ms;
  for (const [, amount, unit] of steps.matchAll(STEP)) ms = step(ms, Number(amount), unit ?? '');
  const text = new Date(ms).toISOString();
  return date === undefined ? text : text.slice(0, 10);
}

function step(ms: number, amount: number, unit: string): number {
  if (unit === 'y' || unit === 'mo') return stepMonths(ms, unit === 'y' ? amount * 12 : amount);
  return isFixed(unit) ? ms + amount * MS[unit] : ms;
}

function isFixed(unit: string): unit is keyof typeof MS {
  return unit in MS;
}

function stepMonths(ms: number, months: number): number {
  const moved = new Date(ms);
  const day = moved.getUTCDate();
  moved.setUTCMonth(moved.getUTCMonth() + months, 1);
  const lastDay = new Date(Date.UTC(moved.getUTCFullYear(), moved.getUTCMonth() + 1, 0)).getUTCDate();
  return moved.setUTCDate(Math.min(day, lastDay));
}
