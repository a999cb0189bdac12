import { fillPrefetchTemplate, templatePath, type PrefetchTemplate } from '../cds-hooks/prefetch-query.js';
import type { HookRequest } from '../cds-hooks/hook-request.js';
import { conceptsOfSource, loincCodes } from '../concepts/dictionary.js';
import type { SourceKey } from '../concepts/concept.js';

const HOUR_MS = 3_600_000;

/** How each source is bounded in time: its date parameter, and the look-backs that need to be complete. */
export interface SourceRule {
  readonly dateParameter?: 'date' | 'effective-time';
  readonly lookBacks: readonly LookBack[];
  /** Category that a scope may be narrowed to and still show all of it. */
  readonly scopeCategory?: string;
}

export interface LookBack {
  readonly hours: number;
  /** Only these LOINC codes are needed this far back. */
  readonly codes?: readonly string[];
}

const OBSERVATIONS: LookBack = { hours: 48 };
const EXPOSURES: LookBack = { hours: 168 };
/** Weight and height (30 d): the bedside concepts whose look-back is longer than that of observations. */
const BODY_SIZE = conceptsOfSource('bedside').filter(({ lookBackHours }) => lookBackHours > 48);
const BODY_SIZE_LOOK_BACK: LookBack = {
  hours: Math.max(...BODY_SIZE.map(({ lookBackHours }) => lookBackHours)),
  codes: BODY_SIZE.flatMap(loincCodes),
};

export const SOURCE_RULES: Readonly<Record<SourceKey, SourceRule>> = {
  patient: { lookBacks: [] },
  encounters: { dateParameter: 'date', lookBacks: [] },
  labs: { dateParameter: 'date', lookBacks: [OBSERVATIONS], scopeCategory: 'laboratory' },
  vitals: { dateParameter: 'date', lookBacks: [OBSERVATIONS], scopeCategory: 'vital-signs' },
  bedside: { dateParameter: 'date', lookBacks: [OBSERVATIONS, BODY_SIZE_LOOK_BACK] },
  administrations: { dateParameter: 'effective-time', lookBacks: [EXPOSURES] },
  procedures: { dateParameter: 'date', lookBacks: [EXPOSURES] },
  conditions: { lookBacks: [] },
  notes: { dateParameter: 'date', lookBacks: [] },
};

type Search = Extract<PrefetchTemplate, { kind: 'search' }>;

/** A template filled from the hook's context; undefined where the context lacks what it needs. */
export function fillTemplate(
  template: PrefetchTemplate,
  context: HookRequest['context'],
): PrefetchTemplate | undefined {
  const filled = fillPrefetchTemplate(template, context);
  return filled.kind === 'filled' ? filled.template : undefined;
}

/** The template's own query, just as an EHR prefetches it: both roads see the same rows. Path below the base. */
export function firstPath(template: PrefetchTemplate): string {
  return templatePath(template);
}

/**
 * The same query up to the prediction time: for a first page that was cut and is partly filled with what came after it.
 * Not the first query itself: a date bound beside `_sort` costs servers a second index (HAPI: two to three times the time).
 */
export function untilPredictionPath(template: Search, key: SourceKey, predictionTimeMs: number): string {
  const { dateParameter = 'date' } = SOURCE_RULES[key];
  return templatePath(withParameters(template, [[dateParameter, `le${iso(predictionTimeMs)}`]]));
}

/**
 * The query that completes a cut-off answer back to a look-back. Its upper bound is `le` the oldest entry held, not `lt`:
 * `_count` may have cut between entries of the same instant (a panel of labs has one), and `lt` would lose the rest of
 * them for good. What comes twice is told apart by id.
 */
export function topUpPath(
  template: Search,
  key: SourceKey,
  lookBack: LookBack,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): string {
  const { dateParameter = 'date' } = SOURCE_RULES[key];
  const { codes } = lookBack;
  const narrowed = codes === undefined ? template : withCodes(template, codes);
  return templatePath(
    withParameters(narrowed, [
      [dateParameter, `le${iso(toMs)}`],
      [dateParameter, `ge${iso(fromMs)}`],
    ]),
  );
}

/** Start of a look-back window, that instant included. */
export function lookBackStart({ hours }: LookBack, predictionTimeMs: number): number {
  return predictionTimeMs - hours * HOUR_MS;
}

/** The `_count` of a search; undefined where it has none. */
export function countOf(template: PrefetchTemplate): number | undefined {
  const count = template.kind === 'search' ? template.parameters.find(([name]) => name === '_count')?.[1] : undefined;
  return count !== undefined && /^\d+$/.test(count) ? Number(count) : undefined;
}

function withParameters(template: Search, added: readonly (readonly [string, string])[]): Search {
  return { ...template, parameters: [...template.parameters, ...added] };
}

function withCodes(template: Search, codes: readonly string[]): Search {
  const others = template.parameters.filter(([name]) => name !== 'code' && name !== 'category');
  return { ...template, parameters: [...others, ['code', codes.join(',')]] };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
