import { ServiceError } from '../errors/service-error.js';
import type { CardFeedback } from './feedback.js';

/** Something about an item that does not fit; the words hold no value of it. */
export interface FeedbackProblem {
  /** `feedback[2].outcome` */
  readonly expression: string;
  readonly words: string;
  /** false: the item was kept all the same. */
  readonly isRefused: boolean;
}

export interface ParsedFeedback {
  readonly items: readonly CardFeedback[];
  readonly problems: readonly FeedbackProblem[];
}

export const MAX_FEEDBACK_ITEMS = 1_000;
const MAX_SUGGESTIONS = 100;
const MAX_ID = 255;
const MAX_CODE = 255;
const MAX_TEXT = 4_096;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * The items of a feedback call: those that can be kept, and what is wrong with the others. Members that are not known are
 * ignored (requirement 4); only what must be there makes an item unfit, since feedback that is refused is lost.
 * Throws ServiceError ERR_REQUEST_INVALID where there is no list of items.
 * @see requirements 56–59, invariants cds-fb-1 to cds-fb-3
 */
export function parseFeedback(body: unknown): ParsedFeedback {
  const list = isObject(body) ? body['feedback'] : undefined;
  if (!Array.isArray(list)) throw invalid('feedback must be an array of items');
  const entries: readonly unknown[] = list;
  if (entries.length === 0) throw invalid('feedback must have at least one item');
  if (entries.length > MAX_FEEDBACK_ITEMS) throw invalid(`feedback must have at most ${MAX_FEEDBACK_ITEMS} items`);
  const items: CardFeedback[] = [];
  const problems: FeedbackProblem[] = [];
  for (const [index, entry] of entries.entries()) {
    const at = `feedback[${index}]`;
    try {
      const { item, remark } = readItem(entry, at);
      items.push(item);
      if (remark) problems.push(remark);
    } catch (error) {
      if (!(error instanceof Unfit)) throw error;
      problems.push({ expression: error.expression, words: error.words, isRefused: true });
    }
  }
  return { items, problems };
}

/** Why an item cannot be kept. */
class Unfit extends Error {
  readonly expression: string;
  readonly words: string;
  constructor(expression: string, words: string) {
    super(words);
    this.expression = expression;
    this.words = words;
  }
}

interface ReadItem {
  readonly item: CardFeedback;
  readonly remark?: FeedbackProblem;
}

function readItem(entry: unknown, at: string): ReadItem {
  if (!isObject(entry)) throw new Unfit(at, 'must be an object');
  const common = {
    cardId: readCardId(entry['card'], `${at}.card`),
    outcomeTimestampMs: readTime(entry['outcomeTimestamp'], `${at}.outcomeTimestamp`),
  };
  switch (entry['outcome']) {
    case 'accepted':
      return readAccepted(entry['acceptedSuggestions'], common, `${at}.acceptedSuggestions`);
    case 'overridden':
      return {
        item: {
          ...common,
          outcome: 'overridden',
          acceptedSuggestionIds: [],
          ...readOverride(entry['overrideReason'], `${at}.overrideReason`),
        },
      };
    default:
      throw new Unfit(`${at}.outcome`, 'must be accepted or overridden');
  }
}

/** cds-fb-2: `accepted` names suggestions. Some clients do not where a card has none: the outcome is worth keeping all the same. */
function readAccepted(
  suggestions: unknown,
  common: Pick<CardFeedback, 'cardId' | 'outcomeTimestampMs'>,
  at: string,
): ReadItem {
  const outcome = 'accepted';
  if (suggestions === undefined || suggestions === null) {
    const words = 'is required with accepted; the item was kept without it';
    return {
      item: { ...common, outcome, acceptedSuggestionIds: [] },
      remark: { expression: at, words, isRefused: false },
    };
  }
  if (!Array.isArray(suggestions)) throw new Unfit(at, 'must be an array');
  if (suggestions.length > MAX_SUGGESTIONS) throw new Unfit(at, `must have at most ${MAX_SUGGESTIONS} items`);
  const acceptedSuggestionIds = suggestions.map((suggestion: unknown, index) =>
    readShort(isObject(suggestion) ? suggestion['id'] : undefined, `${at}[${index}].id`, MAX_ID),
  );
  return { item: { ...common, outcome, acceptedSuggestionIds } };
}

/** cds-fb-3: a reason, a comment, or both, where there is an `overrideReason` at all. */
function readOverride(override: unknown, at: string): Pick<CardFeedback, 'overrideReason' | 'userComment'> {
  if (override === undefined || override === null) return {};
  if (!isObject(override)) throw new Unfit(at, 'must be an object');
  const { reason, userComment } = override;
  const hasReason = reason !== undefined && reason !== null;
  const hasComment = userComment !== undefined && userComment !== null;
  if (!hasReason && !hasComment) throw new Unfit(at, 'must have a reason, a userComment, or both');
  return {
    ...(hasReason ? { overrideReason: readReason(reason, `${at}.reason`) } : {}),
    ...(hasComment ? { userComment: readText(userComment, `${at}.userComment`) } : {}),
  };
}

/** A Coding whose `code` alone must be there: clients leave out `display`, and some `system`. */
function readReason(reason: unknown, at: string): NonNullable<CardFeedback['overrideReason']> {
  if (!isObject(reason)) throw new Unfit(at, 'must be a Coding');
  const { system, display } = reason;
  return {
    ...(isGiven(system) ? { system: readShort(system, `${at}.system`, MAX_CODE) } : {}),
    code: readShort(reason['code'], `${at}.code`, MAX_CODE),
    ...(isGiven(display) ? { display: readText(display, `${at}.display`) } : {}),
  };
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function readCardId(value: unknown, at: string): string {
  const id = typeof value === 'string' ? value.toLowerCase() : '';
  if (!UUID.test(id)) throw new Unfit(at, 'must be the uuid of a card');
  return id;
}

/** ms since the epoch of an RFC 3339 time; a leap second counts as the second before. */
function readTime(value: unknown, at: string): number {
  const text = typeof value === 'string' ? value : '';
  const timeMs = RFC_3339.test(text) ? Date.parse(text.toUpperCase().replace(/:60(?=[.Z+-])/, ':59')) : NaN;
  if (!Number.isFinite(timeMs)) throw new Unfit(at, 'must be an RFC 3339 date and time with a time zone');
  return timeMs;
}

function readShort(value: unknown, at: string, maxLength: number): string {
  if (typeof value !== 'string' || value === '') throw new Unfit(at, 'is required');
  if (value.length > maxLength) throw new Unfit(at, `must have at most ${maxLength} characters`);
  if (CONTROL.test(value)) throw new Unfit(at, 'must not have control characters');
  return wellFormed(value);
}

/** Free text, without the one character that databases refuse. */
function readText(value: unknown, at: string): string {
  if (typeof value !== 'string') throw new Unfit(at, 'must be a string');
  if (value.length > MAX_TEXT) throw new Unfit(at, `must have at most ${MAX_TEXT} characters`);
  return wellFormed(value.replaceAll('\u0000', ''));
}

/** Half a surrogate pair becomes U+FFFD, as it would in the database. */
function wellFormed(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(detail: string): ServiceError {
  return new ServiceError('ERR_REQUEST_INVALID', { detail, expression: 'feedback' });
}
