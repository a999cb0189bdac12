import type { Bundle, FhirResource } from 'fhir/r4.js';
import { ServiceError } from '../errors/service-error.js';
import type { Prefetched } from './hook-request.js';

/**
 * What the client did about one prefetch key; `value` is `undefined` where the request has no such key.
 *
 * - no key: `absent`, ours to fetch
 * - null, or a Bundle with no entries: `empty`, asked and answered, not to be asked again
 * - an OperationOutcome, alone or as an entry that is not merely a warning or information: `failed`, not to be repeated
 * - a Bundle that counts matches but does not hold them: `absent`, because "no data" would be untrue
 * - else `data`, a first page (a Bundle with a `next` link) too
 *
 * Throws ServiceError ERR_REQUEST_INVALID for anything that is not a FHIR resource, naming the element.
 * @see requirement 24
 */
export function resolvePrefetched(value: unknown, expression: string): Prefetched {
  if (value === undefined) return { kind: 'absent' };
  if (value === null) return { kind: 'empty' };
  if (!isResource(value)) throw notAResource(expression);
  if (value.resourceType === 'OperationOutcome') return { kind: 'failed' };
  return value.resourceType === 'Bundle' ? resolveBundle(value, expression) : { kind: 'data', resource: value };
}

function resolveBundle(bundle: Bundle, expression: string): Prefetched {
  const entries: unknown = bundle.entry ?? [];
  if (!Array.isArray(entries)) throw notA('an array', `${expression}.entry`);
  let resources = 0;
  for (const [index, entry] of entries.entries()) {
    const resource = entryResource(entry, `${expression}.entry[${index}]`);
    if (resource === undefined) continue;
    if (resource.resourceType !== 'OperationOutcome') resources += 1;
    else if (!isNotice(resource)) return { kind: 'failed' };
  }
  if (resources > 0 || hasNextLink(bundle)) return { kind: 'data', resource: bundle };
  const holdsNotices = entries.some((entry: unknown) => isObject(entry) && 'resource' in entry);
  if ((bundle.total ?? 0) > 0 || (entries.length > 0 && !holdsNotices)) return { kind: 'absent' };
  return { kind: 'empty' };
}

function entryResource(entry: unknown, expression: string): FhirResource | undefined {
  if (!isObject(entry)) throw notA('an object', expression);
  if (!('resource' in entry)) return undefined;
  if (!isResource(entry.resource)) throw notAResource(`${expression}.resource`);
  return entry.resource;
}

/** Does every issue only warn or inform? One without a severity counts as an error. */
function isNotice(outcome: FhirResource): boolean {
  const issues: unknown = 'issue' in outcome ? outcome.issue : undefined;
  if (!Array.isArray(issues) || issues.length === 0) return false;
  return issues.every(
    (issue: unknown) =>
      isObject(issue) && 'severity' in issue && (issue.severity === 'warning' || issue.severity === 'information'),
  );
}

function hasNextLink(bundle: Bundle): boolean {
  const links: unknown = bundle.link;
  return (
    Array.isArray(links) &&
    links.some((link: unknown) => isObject(link) && 'relation' in link && link.relation === 'next')
  );
}

function isResource(value: unknown): value is FhirResource {
  return (
    isObject(value) && 'resourceType' in value && typeof value.resourceType === 'string' && value.resourceType !== ''
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function notAResource(expression: string): ServiceError {
  return notA('a FHIR resource or null', expression);
}

function notA(what: string, expression: string): ServiceError {
  return new ServiceError('ERR_REQUEST_INVALID', { detail: `${expression} must be ${what}`, expression });
}
