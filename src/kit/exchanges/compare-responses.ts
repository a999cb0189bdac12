import { isDeepStrictEqual } from 'node:util';
import { isObject, member, textMember, valuesAt } from '../../sandbox/resource-json.js';
import { oneLine } from '../fhir-server/outcome-words.js';

/** One answer of a service: as `steadyResponse` makes it. */
export interface ComparedAnswer {
  readonly status: number;
  readonly response?: unknown;
}

/** One thing that is not the same in two answers. */
export interface Difference {
  readonly what:
    | 'status'
    | 'error'
    | 'cards'
    | 'summary'
    | 'indicator'
    | 'tier'
    | 'not-scored'
    | 'probability'
    | 'driver-added'
    | 'driver-removed'
    | 'driver-changed'
    | 'missing-added'
    | 'missing-removed'
    | 'modality'
    | 'detail'
    | 'source'
    | 'links'
    | 'suggestions'
    | 'extension'
    | 'other';
  /** Which card, from 1; not there for what is about the whole answer. */
  readonly card?: number;
  readonly before?: string;
  readonly after?: string;
}

/** 0.01 percentage points: another machine or library moves the last digits, and the card shows whole percents. */
export const PROBABILITY_TOLERANCE = 1e-4;

/** Where Hemolens puts what its card says, for machines. */
const ASSESSMENT = 'org.hemolens.assessment';
/** Told apart below, or in every answer's own numbers: the rest of the extension is compared as a whole. */
const TOLD_APART: ReadonlySet<string> = new Set([
  ...['probability', 'tier', 'notScored', 'drivers', 'unavailable', 'partlyCovered', 'modalities', 'modalitiesUsed'],
  ...['model', 'learners', 'predictionTime', 'orders'],
]);

/**
 * What changed from one answer to the other; an empty list where nothing a reader of the card sees did. The model's name and version
 * are no difference of their own: the card's words (`detail`) name it. Never throws, whatever the answers are.
 */
export function compareResponses(before: ComparedAnswer, after: ComparedAnswer): readonly Difference[] {
  if (before.status !== after.status) {
    return [{ what: 'status', before: statusWords(before), after: statusWords(after) }];
  }
  const [cardsBefore, cardsAfter] = [cardsOf(before.response), cardsOf(after.response)];
  if (!cardsBefore || !cardsAfter) return wholeDifferences(before.response, after.response);
  const differences: Difference[] = [];
  if (cardsBefore.length !== cardsAfter.length) {
    differences.push({ what: 'cards', before: countOf(cardsBefore), after: countOf(cardsAfter) });
  }
  const pairs = Math.min(cardsBefore.length, cardsAfter.length);
  for (let index = 0; index < pairs; index += 1) {
    const found = compareCards(cardsBefore[index], cardsAfter[index]);
    differences.push(...found.map((difference) => ({ card: index + 1, ...difference })));
  }
  const rest = (response: unknown): unknown => withoutMembers(response, new Set(['cards']));
  if (!isDeepStrictEqual(rest(before.response), rest(after.response))) differences.push({ what: 'other' });
  return differences;
}

function wholeDifferences(before: unknown, after: unknown): readonly Difference[] {
  return isDeepStrictEqual(before, after)
    ? []
    : [{ what: 'error', before: outcomeText(before), after: outcomeText(after) }];
}

function compareCards(before: unknown, after: unknown): readonly Difference[] {
  const [factsBefore, factsAfter] = [factsOf(before), factsOf(after)];
  const text = (what: Difference['what'], a: string | undefined, b: string | undefined): readonly Difference[] =>
    a === b ? [] : [{ what, ...shown('before', a), ...shown('after', b) }];
  const differences = [
    ...text('summary', textMember(before, 'summary'), textMember(after, 'summary')),
    ...text('indicator', textMember(before, 'indicator'), textMember(after, 'indicator')),
    ...text('tier', textMember(factsBefore, 'tier'), textMember(factsAfter, 'tier')),
    ...text('not-scored', textMember(factsBefore, 'notScored'), textMember(factsAfter, 'notScored')),
    ...probabilityDifference(member(factsBefore, 'probability'), member(factsAfter, 'probability')),
    ...driverDifferences(factsBefore, factsAfter),
    ...missingDifferences(factsBefore, factsAfter),
    ...modalityDifferences(factsBefore, factsAfter),
  ];
  const parts: readonly (readonly [Difference['what'], unknown, unknown])[] = [
    ['source', member(before, 'source'), member(after, 'source')],
    ['links', member(before, 'links'), member(after, 'links')],
    ['suggestions', suggestionsOf(before), suggestionsOf(after)],
    ['extension', otherExtensions(before), otherExtensions(after)],
  ];
  for (const [what, a, b] of parts) if (!isDeepStrictEqual(a, b)) differences.push({ what });
  const known = new Set([
    'summary',
    'indicator',
    'detail',
    'source',
    'links',
    'suggestions',
    'selectionBehavior',
    'extension',
  ]);
  if (!isDeepStrictEqual(withoutMembers(before, known), withoutMembers(after, known)))
    differences.push({ what: 'other' });
  return [...differences, ...detailDifferences(before, after)];
}

function probabilityDifference(before: unknown, after: unknown): readonly Difference[] {
  const areNumbers = typeof before === 'number' && typeof after === 'number';
  const isSame = areNumbers ? Math.abs(before - after) <= PROBABILITY_TOLERANCE : percent(before) === percent(after);
  return isSame
    ? []
    : [{ what: 'probability', ...shown('before', percent(before)), ...shown('after', percent(after)) }];
}

function percent(value: unknown): string | undefined {
  return typeof value === 'number' ? `${(value * 100).toFixed(2)} %` : undefined;
}

/** Drivers by concept: which came, which went, and which point the other way or tell another value. */
function driverDifferences(before: unknown, after: unknown): readonly Difference[] {
  const [a, b] = [driversOf(before), driversOf(after)];
  const added = [...b].filter(([concept]) => !a.has(concept));
  const removed = [...a].filter(([concept]) => !b.has(concept));
  const changed = [...a].filter(([concept, words]) => b.has(concept) && b.get(concept) !== words);
  return [
    ...added.map(([, words]): Difference => ({ what: 'driver-added', after: words })),
    ...removed.map(([, words]): Difference => ({ what: 'driver-removed', before: words })),
    ...changed.map(([concept, words]): Difference => ({
      what: 'driver-changed',
      before: words,
      after: b.get(concept) ?? '',
    })),
  ];
}

function driversOf(facts: unknown): ReadonlyMap<string, string> {
  return new Map(
    valuesAt(facts, 'drivers').map((driver): [string, string] => {
      const [concept, value, unit, time] = ['concept', 'value', 'unit', 'time'].map((name) =>
        plain(member(driver, name)),
      );
      const contribution = member(driver, 'contribution');
      const direction = typeof contribution === 'number' && contribution > 0 ? 'higher' : 'lower';
      const words = [
        concept ?? 'unnamed',
        value,
        unit,
        time === undefined ? undefined : `at ${time}`,
        `(${direction})`,
      ];
      return [concept ?? '', words.filter((word) => word !== undefined).join(' ')];
    }),
  );
}

/** Parts of the chart that could not be seen, or only in part. */
function missingDifferences(before: unknown, after: unknown): readonly Difference[] {
  const [a, b] = [missingOf(before), missingOf(after)];
  return [
    ...b.filter((words) => !a.includes(words)).map((words): Difference => ({ what: 'missing-added', after: words })),
    ...a.filter((words) => !b.includes(words)).map((words): Difference => ({ what: 'missing-removed', before: words })),
  ];
}

function missingOf(facts: unknown): readonly string[] {
  const unavailable = valuesAt(facts, 'unavailable').map(
    (gap) => `${plain(member(gap, 'source')) ?? ''}: ${plain(member(gap, 'reason')) ?? ''}`,
  );
  const partly = valuesAt(facts, 'partlyCovered').map((gap) => `${plain(member(gap, 'source')) ?? ''}: only in part`);
  return [...new Set([...unavailable, ...partly])];
}

function modalityDifferences(before: unknown, after: unknown): readonly Difference[] {
  const words = (facts: unknown): string =>
    ['modalities', 'modalitiesUsed']
      .map((name) => member(facts, name))
      .flatMap((modalities) => (isObject(modalities) ? Object.entries(modalities) : []))
      .map(([name, state]: [string, unknown]) => `${name} ${plain(state) ?? ''}`)
      .join(', ');
  const [a, b] = [words(before), words(after)];
  return a === b ? [] : [{ what: 'modality', before: oneLine(a), after: oneLine(b) }];
}

/** Lines of the detail that are in one card only. */
function detailDifferences(before: unknown, after: unknown): readonly Difference[] {
  const [a, b] = [linesOf(before), linesOf(after)];
  const gone = a.filter((line) => !b.includes(line));
  const come = b.filter((line) => !a.includes(line));
  const isMoved = gone.length + come.length === 0 && !isDeepStrictEqual(a, b);
  if (isMoved) return [{ what: 'detail', before: 'the lines stand in another order' }];
  return Array.from({ length: Math.max(gone.length, come.length) }, (_, index) => ({
    what: 'detail' as const,
    ...shown('before', gone[index]),
    ...shown('after', come[index]),
  }));
}

function linesOf(card: unknown): readonly string[] {
  return (textMember(card, 'detail') ?? '').split('\n').filter((line) => line.trim() !== '');
}

function cardsOf(response: unknown): readonly unknown[] | undefined {
  const cards = member(response, 'cards');
  return Array.isArray(cards) ? cards : undefined;
}

function factsOf(card: unknown): unknown {
  return member(member(card, 'extension'), ASSESSMENT);
}

function otherExtensions(card: unknown): unknown {
  const extension = member(card, 'extension');
  if (!isObject(extension)) return extension;
  const facts = factsOf(card);
  return { ...extension, ...(isObject(facts) && { [ASSESSMENT]: withoutMembers(facts, TOLD_APART) }) };
}

function suggestionsOf(card: unknown): unknown {
  return [member(card, 'suggestions'), member(card, 'selectionBehavior')];
}

function withoutMembers(value: unknown, names: ReadonlySet<string>): unknown {
  return isObject(value) ? Object.fromEntries(Object.entries(value).filter(([name]) => !names.has(name))) : value;
}

function statusWords({ status, response }: ComparedAnswer): string {
  const said = status === 200 ? undefined : outcomeText(response);
  return said === undefined || said === '' ? `${status}` : `${status} ${said}`;
}

function outcomeText(response: unknown): string {
  const words = valuesAt(response, 'issue.details.text')
    .map(plain)
    .filter((text) => text !== undefined);
  return oneLine(words.join('; '));
}

function countOf(cards: readonly unknown[]): string {
  return cards.length === 0 ? 'no card' : `${cards.length} card${cards.length === 1 ? '' : 's'}`;
}

function plain(value: unknown): string | undefined {
  // Values went through float32: six digits are what they hold.
  if (typeof value === 'number') return String(Number(value.toPrecision(6)));
  return typeof value === 'string' || typeof value === 'boolean' ? oneLine(String(value)) : undefined;
}

function shown(name: 'before' | 'after', text: string | undefined): { before?: string; after?: string } {
  return text === undefined ? {} : { [name]: oneLine(text) };
}
