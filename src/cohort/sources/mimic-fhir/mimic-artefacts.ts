import { child, isElement, text, type Element } from '../../../record/element.js';
import { MIMIC_OFFSET } from '../mimic-iv/mimic-time.js';

const WITH_OFFSET = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?[+-]\d{2}:\d{2}$/;

/** Is this a resource of MIMIC-IV on FHIR, by its profile? */
export function isMimic(resource: Element): boolean {
  return profiles(resource).some((profile) => profile.includes('//mimic.mit.edu/'));
}

/** The names of its MIMIC profiles: `mimic-observation-labevents`. */
export function mimicProfiles(resource: Element): readonly string[] {
  return profiles(resource).flatMap((profile) =>
    profile.includes('//mimic.mit.edu/') ? [profile.slice(profile.lastIndexOf('/') + 1)] : [],
  );
}

/**
 * A resource as MIMIC-IV's own tables have it: what the conversion to FHIR had to add to their times is taken off again. Of a
 * resource without a MIMIC profile nothing is changed.
 * - Offsets. MIMIC-IV's times are wall-clock times of shifted dates, without a zone. The conversion read them as New York times
 *   and wrote -04:00 or -05:00 by the daylight saving rules of the year 2180: two events of one night would be an hour nearer or
 *   farther than charted. Every offset becomes the one that the CSV source reads the same times by, so both share one axis.
 * - Month and day of birth. MIMIC-IV has an age in an anchor year, so only the year is known; the conversion subtracts that age
 *   from the date of the first transfer. Month and day are cut off: a partial date is legal, and its missing parts are read as
 *   1 January, as the CSV source has it.
 * What cannot be taken off: a charted time inside the hour that New York skips in spring was moved on by an hour, and the year
 * of birth is another where the first transfer is not of the anchor year (no patient of the demo).
 * @see https://github.com/kind-lab/mimic-fhir (`sql/fhir_patient.sql`: `MIN(transfers.intime) - anchor_age`; `TIMESTAMPTZ`)
 */
export function withoutMimicArtefacts(resource: Element): Element {
  if (!isMimic(resource)) return resource;
  const timed = atOneOffset(resource);
  const birthDate = text(timed, 'birthDate');
  return birthDate === undefined ? timed : { ...timed, birthDate: birthDate.slice(0, 4) };
}

function atOneOffset(element: Element): Element {
  return Object.fromEntries(Object.entries(element).map(([name, value]) => [name, valueAtOneOffset(value)]));
}

function valueAtOneOffset(value: unknown): unknown {
  if (typeof value === 'string') return WITH_OFFSET.test(value) ? `${value.slice(0, -6)}${MIMIC_OFFSET}` : value;
  if (Array.isArray(value)) return value.map(valueAtOneOffset);
  return isElement(value) ? atOneOffset(value) : value;
}

function profiles(resource: Element): readonly string[] {
  const list = child(resource, 'meta')?.['profile'];
  return Array.isArray(list) ? list.filter((profile) => typeof profile === 'string') : [];
}
