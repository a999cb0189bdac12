import type { FhirResource } from 'fhir/r4.js';
import { child, isElement, text, type Element } from '../record/element.js';
import { instantMs, latestInstantMs } from '../record/fhir-time.js';

/** The dateTime or Period elements searches sort by (`_sort=-date`, `-effective-time`), by resource type. */
const SORTED_BY: ReadonlyMap<string, { readonly moments: readonly string[]; readonly period?: string }> = new Map([
  ['Observation', { moments: ['effectiveDateTime', 'effectiveInstant'], period: 'effectivePeriod' }],
  ['MedicationAdministration', { moments: ['effectiveDateTime'], period: 'effectivePeriod' }],
  ['Procedure', { moments: ['performedDateTime'], period: 'performedPeriod' }],
  ['Encounter', { moments: [], period: 'period' }],
  ['DocumentReference', { moments: ['date'] }],
]);

/**
 * The instant of the oldest of these resources; undefined where none can be placed. Servers differ in which end of a
 * period they sort by and where a bare date stands: the latest possible instant is taken, so coverage is never overstated.
 */
export function oldestMs(resources: readonly FhirResource[]): number | undefined {
  const times = resources.map(sortedMs).filter((ms) => ms !== undefined);
  return times.length === 0 ? undefined : times.reduce((a, b) => Math.min(a, b));
}

/** Does one of these resources begin after `ms`? One that cannot be placed exactly does not count. */
export function beginsAfter(resources: readonly FhirResource[], ms: number): boolean {
  return resources.some((resource: unknown) => {
    if (!isElement(resource)) return false;
    const { moments = [], period = '' } = SORTED_BY.get(text(resource, 'resourceType') ?? '') ?? {};
    const begin = [...moments.map((name) => text(resource, name)), text(child(resource, period), 'start')];
    const beginMs = instantMs(begin.find((value) => value !== undefined));
    return beginMs !== undefined && beginMs > ms;
  });
}

function sortedMs(resource: unknown): number | undefined {
  if (!isElement(resource)) return undefined;
  const fields = SORTED_BY.get(text(resource, 'resourceType') ?? '');
  if (!fields) return undefined;
  const moment = fields.moments.map((name) => text(resource, name)).find((value) => value !== undefined);
  if (moment !== undefined) return latestInstantMs(moment);
  return fields.period === undefined ? undefined : latestInstantMs(endOf(child(resource, fields.period)));
}

function endOf(period: Element | undefined): string | undefined {
  return text(period, 'end');
}

/**
 * Since when a page of a newest-first search is complete: null for all time, where it has no `next` link and fewer than
 * `_count` entries; else just after its oldest entry, since entries of that same instant may have been cut off; else, when
 * no entry can be placed, `nothing`.
 * @see cds-hooks.md §3.5
 */
export function coveredSince(
  page: { readonly resources: readonly FhirResource[]; readonly next?: string },
  count: number | undefined,
): number | null | 'nothing' {
  const isCut = page.next !== undefined || (count !== undefined && page.resources.length >= count);
  if (!isCut) return null;
  const oldest = oldestMs(page.resources);
  return oldest === undefined ? 'nothing' : oldest + 1;
}
