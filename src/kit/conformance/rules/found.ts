import { isObject, member } from '../../../sandbox/resource-json.js';
import type { Exchange } from '../exchange.js';
import { cardsIn, type Probe } from '../probe.js';
import { fail, notApplicable, pass, warn, type Finding } from '../rule.js';

/** An object of a response and where it stands. */
export interface Found {
  readonly value: object;
  readonly path: string;
  readonly exchange: Exchange;
}

/** What is wrong with an object, if anything: a text is a breach, `{ warns }` only a warning. */
export type Problem = string | { readonly warns: string } | undefined;

/** All cards of all answers. */
export function cardsOf({ exchanges }: Pick<Probe, 'exchanges'>): readonly Found[] {
  return exchanges
    .filter(({ kind, status }) => kind === 'call' && status === 200)
    .flatMap((exchange) => cardsIn(exchange.body).map((value, at) => ({ value, path: `cards[${at}]`, exchange })));
}

/** All suggestions of all cards. */
export function suggestionsOf(probe: Pick<Probe, 'exchanges'>): readonly Found[] {
  return cardsOf(probe).flatMap((card) => objectsAt(card, 'suggestions'));
}

/** All actions of all suggestions, and the system actions. */
export function actionsOf(probe: Pick<Probe, 'exchanges'>): readonly Found[] {
  return [...suggestionsOf(probe).flatMap((suggestion) => objectsAt(suggestion, 'actions')), ...systemActionsOf(probe)];
}

export function systemActionsOf({ exchanges }: Pick<Probe, 'exchanges'>): readonly Found[] {
  return exchanges
    .filter(({ kind, status, body }) => kind === 'call' && status === 200 && isObject(body))
    .flatMap((exchange) =>
      isObject(exchange.body) ? objectsAt({ value: exchange.body, path: '', exchange }, 'systemActions') : [],
    );
}

/** All links of all cards. */
export function linksOf(probe: Pick<Probe, 'exchanges'>): readonly Found[] {
  return cardsOf(probe).flatMap((card) => objectsAt(card, 'links'));
}

/** The objects in the list at a member. */
export function objectsAt({ value, path, exchange }: Found, name: string): readonly Found[] {
  const list = member(value, name);
  if (!Array.isArray(list)) return [];
  const prefix = path === '' ? name : `${path}.${name}`;
  return list.flatMap((item: unknown, at) =>
    isObject(item) ? [{ value: item, path: `${prefix}[${at}]`, exchange }] : [],
  );
}

/** Looks at each; the first breach is told, else the first warning. `what` names them: `cards`. */
export function each(what: string, found: readonly Found[], problemOf: (found: Found) => Problem): Finding {
  if (found.length === 0) return notApplicable(`no answer holds ${what}`);
  let warning: Finding | undefined;
  for (const one of found) {
    const problem = problemOf(one);
    if (typeof problem === 'string') return fail(`${one.path} ${problem}`, one.exchange, one.value);
    if (problem !== undefined) warning ??= warn(`${one.path} ${problem.warns}`, one.exchange, one.value);
  }
  return warning ?? pass(`${found.length} ${what}`);
}

/** The value of a member; null counts as not there, because the rule about empty members tells of it. */
export function given(value: unknown, name: string): unknown {
  return member(value, name) ?? undefined;
}

/** Is it a text with something in it? An empty one is told by the rule about empty members. */
export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

export function isAbsoluteUrl(value: unknown): boolean {
  return typeof value === 'string' && /^[a-z][a-z0-9+.-]*:\/\/[^\s/]/i.test(value) && URL.canParse(value);
}

/** A copy of an object without some of its members. */
export function omitting(value: object, ...names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
}

/** A value as JSON for a message; `none` where there is none. */
export function quoted(value: unknown): string {
  return value === undefined ? 'none' : JSON.stringify(value);
}
