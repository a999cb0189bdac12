import type { FhirResource } from 'fhir/r4.js';
import type { Prefetched } from '../cds-hooks/hook-request.js';
import type { PrefetchTemplate } from '../cds-hooks/prefetch-query.js';
import { grantsRead } from '../cds-hooks/smart-scopes.js';
import type { SourceKey } from '../concepts/concept.js';
import type { ChartSource } from '../record/chart-resources.js';
import type { SourceCoverage } from '../record/patient-record.js';
import { beginsAfter, oldestMs } from './coverage.js';
import type { FhirConnection } from './fhir-connection.js';
import type { FhirJournal } from './fhir-report.js';
import { answerFrom, prefetchedAnswer, type FirstAnswer } from './first-answer.js';
import { followPages } from './follow-pages.js';
import { withinBase } from './server-access.js';
import {
  countOf,
  firstPath,
  lookBackStart,
  SOURCE_RULES,
  topUpPath,
  untilPredictionPath,
  type LookBack,
} from './source-query.js';

/** What every source is gathered with. */
export interface Gathering {
  /** undefined: the FHIR server may not be called. */
  readonly connection: FhirConnection | undefined;
  readonly journal: FhirJournal;
  readonly predictionTimeMs: number;
  readonly maxPages: number;
}

type Data = Extract<FirstAnswer, { kind: 'data' }>;
type Search = Extract<PrefetchTemplate, { kind: 'search' }>;

/**
 * One source: the client's prefetch, or our own call where the key is absent, completed back to its look-back where the
 * answer was cut off. Never throws for what a server does; the coverage says what came. The first call is made before
 * this function first waits.
 * @see requirements 25–27 and 32; cds-hooks.md §3.5
 */
export async function gatherSource(
  key: SourceKey,
  template: PrefetchTemplate,
  prefetched: Prefetched,
  gathering: Gathering,
): Promise<ChartSource> {
  const given = prefetchedAnswer(prefetched, template);
  const first = given ?? (await fetchFirst(key, template, gathering));
  if (first.kind === 'unavailable') return { coverage: first, resources: [] };
  const origin = given ? 'prefetch' : 'fhir';
  if (first.since === null || template.kind === 'read') return covered(first.resources, first.since, origin, gathering);
  const { connection } = gathering;
  if (!connection || !maySearch(key, template, connection)) {
    return covered(first.resources, first.since, origin, gathering);
  }
  const rest = await readRest(key, template, first, connection, gathering);
  return covered(rest.resources, rest.since, origin, gathering);
}

async function readRest(
  key: SourceKey,
  template: Search,
  first: Data,
  connection: FhirConnection,
  gathering: Gathering,
): Promise<Pick<Data, 'resources' | 'since'>> {
  const { dateParameter, lookBacks } = SOURCE_RULES[key];
  if (dateParameter === undefined) return readOn(key, template, first, connection, gathering);
  if (lookBacks.length > 0) return topUp(key, template, first, connection, gathering);
  return beginsAfter(first.resources, gathering.predictionTimeMs)
    ? readUntilPrediction(key, template, first, connection, gathering)
    : first;
}

function covered(
  resources: readonly FhirResource[],
  since: Data['since'],
  origin: 'prefetch' | 'fhir',
  { predictionTimeMs }: Gathering,
): ChartSource {
  const coverage: SourceCoverage = {
    kind: 'covered',
    sinceMs: since === 'nothing' ? predictionTimeMs : since,
    origin,
  };
  return { coverage, resources };
}

async function fetchFirst(key: SourceKey, template: PrefetchTemplate, gathering: Gathering): Promise<FirstAnswer> {
  const { connection } = gathering;
  if (!connection) return { kind: 'unavailable', reason: 'no-access' };
  if (!maySearch(key, template, connection)) return { kind: 'unavailable', reason: 'not-in-scope' };
  const url = withinBase(connection.base, firstPath(template));
  if (!url) return { kind: 'unavailable', reason: 'not-supported' };
  const { resourceType } = template;
  const answer = await connection.get(url, { source: key, purpose: 'first', resourceType });
  if (answer.kind === 'failed') return { kind: 'unavailable', reason: answer.reason };
  return (
    (answer.kind === 'json' ? answerFrom(answer.body, template) : undefined) ?? {
      kind: 'unavailable',
      reason: 'upstream-error',
    }
  );
}

/** Do the token's scopes show all that this template asks for? Without a token there is nothing to ask. */
function maySearch(key: SourceKey, { kind, resourceType }: PrefetchTemplate, { scope }: FhirConnection): boolean {
  const { scopeCategory: category } = SOURCE_RULES[key];
  return (
    scope === undefined ||
    grantsRead(scope, resourceType, { interaction: kind, ...(category === undefined ? {} : { category }) })
  );
}

/** Further pages of an answer without a date order (conditions): complete with the last of them, else not at all. */
async function readOn(
  key: SourceKey,
  { resourceType }: Search,
  first: Data,
  connection: FhirConnection,
  { journal, maxPages }: Gathering,
): Promise<Pick<Data, 'resources' | 'since'>> {
  if (first.next === undefined) return first;
  const url = withinBase(connection.base, first.next);
  if (!url) {
    journal.flag('foreign-next-link');
    return first;
  }
  const about = { source: key, purpose: 'page' as const, resourceType };
  const followed = await followPages(url, { connection, journal, about, maxPages: maxPages - 1 });
  return {
    resources: [...first.resources, ...followed.resources],
    since: followed.isComplete ? null : first.since,
  };
}

/**
 * The newest entries up to the prediction time, where newer ones took up places of a cut page that has no look-back to be
 * completed to (notes, encounters).
 */
async function readUntilPrediction(
  key: SourceKey,
  template: Search,
  first: Data,
  connection: FhirConnection,
  { predictionTimeMs }: Gathering,
): Promise<Pick<Data, 'resources' | 'since'>> {
  const url = withinBase(connection.base, untilPredictionPath(template, key, predictionTimeMs));
  if (!url) return first;
  const { resourceType } = template;
  const answer = await connection.get(url, { source: key, purpose: 'top-up', resourceType });
  const earlier = answer.kind === 'json' ? answerFrom(answer.body, template) : undefined;
  if (earlier?.kind !== 'data') return first;
  return { resources: distinct([...first.resources, ...earlier.resources]), since: earlier.since };
}

/**
 * One further query per look-back that the answer does not reach, all at once. `since` then is the start of the farthest
 * look-back reached; it is read per concept, no farther back than that concept's own look-back, so 30 days mean weight
 * and height only.
 */
async function topUp(
  key: SourceKey,
  template: Search,
  first: Data,
  connection: FhirConnection,
  gathering: Gathering,
): Promise<Pick<Data, 'resources' | 'since'>> {
  const { predictionTimeMs } = gathering;
  const sinceMs = typeof first.since === 'number' ? first.since : predictionTimeMs;
  const toMs = Math.min(oldestMs(first.resources) ?? predictionTimeMs, predictionTimeMs);
  const needed = SOURCE_RULES[key].lookBacks.filter((lookBack) => sinceMs > lookBackStart(lookBack, predictionTimeMs));
  const reached = await Promise.all(
    needed.map((lookBack) => completeLookBack(key, template, lookBack, toMs, connection, gathering)),
  );
  const since = reached.reduce<{ readonly ms: number; readonly isWhole: boolean }>(
    (before, { sinceMs: to, isComplete, isNarrowed }) => {
      if (!before.isWhole) return before;
      if (isComplete) return { ms: Math.min(before.ms, to), isWhole: true };
      return { ms: isNarrowed ? before.ms : Math.min(before.ms, to), isWhole: false };
    },
    { ms: sinceMs, isWhole: true },
  );
  return {
    resources: distinct([...first.resources, ...reached.flatMap(({ resources }) => resources)]),
    since: since.ms,
  };
}

interface Reached {
  readonly resources: readonly FhirResource[];
  readonly sinceMs: number;
  readonly isComplete: boolean;
  /** Only some of the source's codes. */
  readonly isNarrowed: boolean;
}

async function completeLookBack(
  key: SourceKey,
  template: Search,
  lookBack: LookBack,
  toMs: number,
  connection: FhirConnection,
  { predictionTimeMs, journal, maxPages }: Gathering,
): Promise<Reached> {
  const fromMs = lookBackStart(lookBack, predictionTimeMs);
  const isNarrowed = lookBack.codes !== undefined;
  const nothing: Reached = { resources: [], sinceMs: toMs + 1, isComplete: false, isNarrowed };
  const url = withinBase(connection.base, topUpPath(template, key, lookBack, { fromMs, toMs }));
  if (!url) return nothing;
  const about = { source: key, purpose: 'top-up' as const, resourceType: template.resourceType };
  const { resources, pages, firstPageEntries, isComplete } = await followPages(url, {
    connection,
    journal,
    about,
    maxPages,
  });
  if (pages === 0) return nothing;
  // A single page as long as `_count`, without a next link, may have been cut without saying so.
  const count = countOf(template);
  const isCut = pages === 1 && count !== undefined && firstPageEntries >= count;
  if (isComplete && !isCut) return { resources, sinceMs: fromMs, isComplete: true, isNarrowed };
  const oldest = oldestMs(resources);
  return { resources, sinceMs: oldest === undefined ? toMs + 1 : oldest + 1, isComplete: false, isNarrowed };
}

function distinct(resources: readonly FhirResource[]): readonly FhirResource[] {
  const seen = new Set<string>();
  return resources.filter(({ id }) => id === undefined || (!seen.has(id) && seen.add(id)));
}
