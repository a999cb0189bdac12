import type { FhirResource } from 'fhir/r4.js';
import {
  MIMIC_HOSPITAL_STAY_IDENTIFIER,
  MIMIC_ICU_STAY_IDENTIFIER,
  SNOMED_CT,
  V3_ACT_CODE,
  V3_ACT_PRIORITY,
  V3_ROLE_CODE,
} from './code-systems.js';
import { child, children, codingsOf, isElement, referenceTo, text, type CodedValue, type Element } from './element.js';
import { instantMs } from './fhir-time.js';
import type { EncounterInterval } from './patient-record.js';
import type { RejectionTally } from './rejection-tally.js';

const HAPPENED = new Set(['arrived', 'triaged', 'in-progress', 'onleave', 'finished']);

/** @see https://terminology.hl7.org/ValueSet-v3-ActEncounterCode.html */
const SETTING_BY_CLASS: ReadonlyMap<string, EncounterInterval['setting']> = new Map([
  ['IMP', 'inpatient'],
  ['ACUTE', 'inpatient'],
  ['NONAC', 'inpatient'],
  ['OBSENC', 'inpatient'],
  ['PRENC', 'other'],
  ['SS', 'inpatient'],
  ['EMER', 'emergency'],
  ['AMB', 'ambulatory'],
  ['VR', 'ambulatory'],
  ['HH', 'other'],
  ['FLD', 'other'],
]);

/** @see https://terminology.hl7.org/ValueSet-v3-ActPriority.html */
const ADMISSION_BY_PRIORITY: ReadonlyMap<string, NonNullable<EncounterInterval['admissionType']>> = new Map([
  ['EL', 'elective'],
  ['R', 'elective'],
  ['UR', 'urgent'],
  ['UD', 'urgent'],
  ['A', 'urgent'],
  ['EM', 'emergency'],
  ['S', 'emergency'],
]);

/** 309904001 intensive care unit (environment); v3 role codes of intensive care units. */
const ICU_CODES = new Set([
  `${SNOMED_CT}|309904001`,
  ...['ICU', 'CCU', 'PEDICU', 'PEDNICU'].map((code) => `${V3_ROLE_CODE}|${code}`),
]);

/**
 * Stays with their setting. An Encounter whose type, service type or own location codes say intensive care is an ICU
 * stay; a location inside a longer stay with such a code gives an ICU stay of that location's period beside it. An open
 * period has no end. Planned, cancelled and mistaken encounters are counted as `status`.
 */
export function readEncounters(
  resources: readonly FhirResource[],
  tally: RejectionTally,
): readonly EncounterInterval[] {
  return resources.flatMap((resource: unknown) => {
    if (!isElement(resource) || resource['resourceType'] !== 'Encounter') return [];
    if (!HAPPENED.has(text(resource, 'status') ?? '')) {
      tally.add('status');
      return [];
    }
    const interval = readPeriod(child(resource, 'period'));
    const evidence = referenceTo(resource);
    const units = icuLocations(resource).flatMap((location) => {
      const period = readPeriod(child(location, 'period'));
      return period ? [{ setting: 'icu' as const, ...period, evidence }] : [];
    });
    if (!interval) {
      if (units.length === 0) tally.add('no-time');
      return units;
    }
    const admissionType = readAdmissionType(resource);
    return [
      {
        setting: isIcuStay(resource) ? 'icu' : readSetting(resource),
        ...(admissionType === undefined ? {} : { admissionType }),
        ...interval,
        evidence,
      },
      ...units,
    ];
  });
}

function readPeriod(period: Element | undefined): { readonly startMs: number; readonly endMs?: number } | undefined {
  const startMs = instantMs(text(period, 'start'));
  const endMs = instantMs(text(period, 'end'));
  if (startMs === undefined) return undefined;
  return { startMs, ...(endMs === undefined || endMs < startMs ? {} : { endMs }) };
}

function readSetting(encounter: Element): EncounterInterval['setting'] {
  if (hasIdentifier(encounter, MIMIC_HOSPITAL_STAY_IDENTIFIER)) return 'inpatient';
  const coding = child(encounter, 'class');
  const isActCode = text(coding, 'system') === V3_ACT_CODE;
  return (isActCode ? SETTING_BY_CLASS.get(text(coding, 'code') ?? '') : undefined) ?? 'other';
}

function readAdmissionType(encounter: Element): EncounterInterval['admissionType'] {
  const coding = child(encounter, 'class');
  if (text(coding, 'system') === V3_ACT_CODE && text(coding, 'code') === 'OBSENC') return 'observation';
  const priorities = codingsOf(child(encounter, 'priority')).filter(({ system }) => system === V3_ACT_PRIORITY);
  const types = priorities.map(({ code }) => ADMISSION_BY_PRIORITY.get(code) ?? 'other');
  return types.sort()[0];
}

function isIcuStay(encounter: Element): boolean {
  const types = [...children(encounter, 'type'), child(encounter, 'serviceType')].flatMap((type) => codingsOf(type));
  return hasIdentifier(encounter, MIMIC_ICU_STAY_IDENTIFIER) || types.some(isIcuCode);
}

function hasIdentifier(encounter: Element, system: string): boolean {
  return children(encounter, 'identifier').some((identifier) => text(identifier, 'system') === system);
}

/** Locations of an encounter whose physical type, or whose contained Location's type, is an intensive care unit. */
function icuLocations(encounter: Element): readonly Element[] {
  const contained = children(encounter, 'contained');
  return children(encounter, 'location').filter((location) => {
    const reference = text(child(location, 'location'), 'reference');
    const place = contained.find((resource) => `#${text(resource, 'id') ?? ''}` === reference);
    const types = [child(location, 'physicalType'), ...children(place, 'type')];
    return types.flatMap((type) => codingsOf(type)).some(isIcuCode);
  });
}

function isIcuCode({ system, code }: CodedValue): boolean {
  return ICU_CODES.has(`${system}|${code}`);
}
