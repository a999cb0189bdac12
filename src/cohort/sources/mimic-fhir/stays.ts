import { MIMIC_HOSPITAL_STAY_IDENTIFIER, MIMIC_ICU_STAY_IDENTIFIER } from '../../../record/code-systems.js';
import { child, children, text, type Element } from '../../../record/element.js';
import { isClassKnown, readEncounters } from '../../../record/encounters.js';
import { instantMs } from '../../../record/fhir-time.js';
import { startRejectionTally } from '../../../record/rejection-tally.js';
import type { AdmissionFact, IcuStayFact } from '../../cohort-source.js';
import { asResource } from './as-resource.js';
import { fhirId, identifierOf, referredId } from './identity.js';
import { addRejections, type Tally } from './tally.js';

/** The hospital and intensive care stays of one Encounter. */
export interface ReadStays {
  readonly encounterId: string;
  /** Id of the Encounter it is part of; empty where the reference to it is to no Encounter of an export. */
  readonly within: string | undefined;
  /** Does it say how the patient left, in whatever words? */
  readonly hasDisposition: boolean;
  readonly admissions: readonly AdmissionFact[];
  /** With the Encounter they are part of in place of the admission. */
  readonly icuStays: readonly (Omit<IcuStayFact, 'admissionId'> & { readonly partOf: string | undefined })[];
}

/** Discharge dispositions that say dead. @see http://terminology.hl7.org/CodeSystem/discharge-disposition */
const DEAD = new Set([
  'http://terminology.hl7.org/CodeSystem/discharge-disposition|exp',
  'http://hl7.org/fhir/discharge-disposition|exp',
  'http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-discharge-disposition|DIED',
  'https://www.nubc.org/CodeSystem/PatDischargeStatus|20',
  'http://snomed.info/sct|371828006',
]);

/**
 * The stays of an Encounter as `readEncounters` sees them: an inpatient one is an admission, intensive care is an ICU stay (of
 * its own, or a location inside an admission). Emergency, outpatient and planned ones are none. What cannot be used is counted.
 */
export function readStays(encounter: Element, tally: Tally): ReadStays | undefined {
  const encounterId = fhirId(encounter);
  if (encounterId === undefined) {
    tally.add('Encounter: no id');
    return undefined;
  }
  const rejected = startRejectionTally();
  const intervals = readEncounters([asResource(encounter)], rejected);
  addRejections(tally, 'Encounter', rejected);
  if (intervals.some(({ setting }) => setting === 'other') && !isClassKnown(encounter)) {
    tally.add('Encounter: class not known');
  }
  if (endsBeforeStart(encounter)) tally.add('Encounter: end before start (the end is not used)');
  const isDeadAtDischarge = leftDead(encounter);
  const admissionId = identifierOf(encounter, MIMIC_HOSPITAL_STAY_IDENTIFIER) ?? encounterId;
  const stayId = identifierOf(encounter, MIMIC_ICU_STAY_IDENTIFIER) ?? encounterId;
  const isAdmission = intervals.some(({ setting }) => setting === 'inpatient');
  const outer = child(encounter, 'partOf');
  const partOf = isAdmission ? encounterId : referredId(outer, 'Encounter');
  return {
    encounterId,
    within: outer && (referredId(outer, 'Encounter') ?? ''),
    hasDisposition: hasDisposition(encounter),
    admissions: intervals.flatMap(({ setting, startMs, endMs }) =>
      setting === 'inpatient' ? [{ admissionId, startMs, ...ended(endMs), isDeadAtDischarge }] : [],
    ),
    icuStays: intervals
      .filter(({ setting }) => setting === 'icu')
      .map(({ startMs, endMs }, index) => ({
        stayId: index === 0 ? stayId : `${stayId}-${index + 1}`,
        startMs,
        ...ended(endMs),
        partOf,
      })),
  };
}

function ended(endMs: number | undefined): { readonly endMs?: number } {
  return endMs === undefined ? {} : { endMs };
}

function endsBeforeStart(encounter: Element): boolean {
  const period = child(encounter, 'period');
  const [startMs, endMs] = [instantMs(text(period, 'start')), instantMs(text(period, 'end'))];
  return startMs !== undefined && endMs !== undefined && endMs < startMs;
}

/** By code; without one, by the word MIMIC-IV's own table has. */
function leftDead(encounter: Element): boolean {
  const disposition = dispositionOf(encounter);
  const codes = children(disposition, 'coding').map(
    (coding) => `${text(coding, 'system') ?? ''}|${text(coding, 'code') ?? ''}`,
  );
  return codes.some((code) => DEAD.has(code)) || (codes.length === 0 && text(disposition, 'text') === 'DIED');
}

function hasDisposition(encounter: Element): boolean {
  const disposition = dispositionOf(encounter);
  const words = [disposition, ...children(disposition, 'coding')].flatMap((part) =>
    ['text', 'code', 'display'].map((name) => text(part, name)),
  );
  return words.some((word) => word !== undefined);
}

function dispositionOf(encounter: Element): Element | undefined {
  return child(child(encounter, 'hospitalization'), 'dischargeDisposition');
}
