import { isObject } from '../../sandbox/resource-json.js';
import { moveTimes, moveTimesInText, type TimeMove } from './move-times.js';

/** New in every answer, and never a change: ids of cards, suggestions and assessments, tokens of links. */
const NEW_EACH_TIME: ReadonlySet<string> = new Set(['uuid', 'assessmentId', 'appContext', 'diagnostics']);
/** A client token that the service repeats is never kept. */
const JWT = /\beyJ[\w-]{10,}\.[\w-]+\.[\w-]*/g;
const PROSE: ReadonlySet<string> = new Set(['summary', 'detail', 'label', 'text', 'description', 'title']);

/** A response without what is new in every answer, its times moved: two answers to the same question are equal then. */
export function steadyResponse(response: unknown, move: TimeMove): unknown {
  return moveTimes(steady(response, '', move), move);
}

function steady(value: unknown, name: string, move: TimeMove): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => steady(item, name, move));
  if (typeof value === 'string') {
    const text = value.replace(JWT, 'removed');
    if (name === 'url') return text.split(/[?#]/, 1)[0];
    return PROSE.has(name) && !/^\d{4}-\d{2}-\d{2}(T\S+)?$/.test(text) ? moveTimesInText(text, move) : text;
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([member]) => !NEW_EACH_TIME.has(member))
      .map(([member, inner]): [string, unknown] => [member, steady(inner, member, move)]),
  );
}
