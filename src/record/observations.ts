import type { FhirResource } from 'fhir/r4.js';
import { toCanonical } from '../concepts/units.js';
import { child, children, isElement, referenceTo, text, type Element } from './element.js';
import { instantMs } from './fhir-time.js';
import { matchConcept } from './observation-concept.js';
import { readValue } from './observed-reading.js';
import type { ObservedValue } from './patient-record.js';
import type { RejectionTally } from './rejection-tally.js';

const USED_STATUS = new Set(['final', 'amended', 'corrected', 'preliminary']);

interface Placed {
  readonly timeMs: number;
  readonly availableMs: number;
}

/**
 * The numbers of Observations in canonical units: of the resource itself and of each component (a blood pressure panel
 * and a standalone systolic give the same value). Preliminary results are used and marked; entered-in-error, cancelled,
 * unknown and registered ones are not. Everything left out is counted in `tally`.
 * @see https://hl7.org/fhir/R4/valueset-observation-status.html
 */
export function readObservations(resources: readonly FhirResource[], tally: RejectionTally): readonly ObservedValue[] {
  return resources.flatMap((resource: unknown) =>
    isElement(resource) && resource['resourceType'] === 'Observation' ? readObservation(resource, tally) : [],
  );
}

function readObservation(observation: Element, tally: RejectionTally): readonly ObservedValue[] {
  const status = text(observation, 'status');
  const isUsed = status !== undefined && USED_STATUS.has(status);
  const placed = place(observation);
  const parts = [observation, ...children(observation, 'component')];
  return parts.flatMap((part) => {
    const reading = readValue(part);
    if (reading.kind === 'none') return [];
    const match = matchConcept(part, observation);
    if (match.kind === 'unmapped') {
      tally.add('code-unmapped');
      return [];
    }
    const { key } = match.concept;
    const reject = (reason: Parameters<RejectionTally['add']>[0]): readonly ObservedValue[] => {
      tally.add(reason, key);
      return [];
    };
    if (match.kind === 'refused') return reject('code-unmapped');
    if (!isUsed) return reject('status');
    if (reading.kind === 'intubated') return reject(key.startsWith('gcs') ? 'intubated-verbal' : 'not-numeric');
    if (reading.kind === 'not-numeric') return reject('not-numeric');
    if (!placed) return reject('no-time');
    const value = match.isSubtracted ? -Math.abs(reading.value) : reading.value;
    const converted = toCanonical(match.concept, value, reading.unit);
    if (converted.kind === 'rejected') return reject(converted.reason);
    return [
      {
        concept: key,
        value: converted.value,
        ...placed,
        ...(reading.comparator === undefined ? {} : { comparator: reading.comparator }),
        ...(status === 'preliminary' ? { provisional: true as const } : {}),
        evidence: referenceTo(observation),
      },
    ];
  });
}

/**
 * Effective time (the end of a period, when its figure was complete) and availability: the later of effective and
 * issued. An `issued` that cannot be read hides the value, since nobody can say when it was known.
 */
function place(observation: Element): Placed | undefined {
  const period = child(observation, 'effectivePeriod');
  const effective =
    text(observation, 'effectiveDateTime') ??
    text(observation, 'effectiveInstant') ??
    text(period, 'end') ??
    text(period, 'start');
  const timeMs = instantMs(effective);
  const issued = text(observation, 'issued');
  const issuedMs = issued === effective ? timeMs : instantMs(issued);
  if (timeMs === undefined || (issued !== undefined && issuedMs === undefined)) return undefined;
  return { timeMs, availableMs: Math.max(timeMs, issuedMs ?? timeMs) };
}
