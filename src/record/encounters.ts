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
import { instantMs, latestInstantMs } from './fhir-time.js';
import type { EncounterInterval, StayPlace } from './patient-record.js';
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
    const classCode = text(child(resource, 'class'), 'code');
    const places = readPlaces(resource);
    return [
      {
        setting: isIcuStay(resource) ? 'icu' : readSetting(resource),
        ...(admissionType === undefined ? {} : { admissionType }),
        ...interval,
        evidence,
        ...(classCode === undefined ? {} : { classCode }),
        ...(places.length === 0 ? {} : { places }),
      },
      ...units,
    ];
  });
}

const ENCOUNTER_REFERENCE = /(?:^|\/)Encounter\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[^/?#]+)?$/;

/** The id in a literal reference (relative, absolute or versioned) to an Encounter. */
export function encounterIdIn(reference: Element | undefined): string | undefined {
  return ENCOUNTER_REFERENCE.exec(text(reference, 'reference') ?? '')?.[1];
}

/**
 * When each stay was over, by the id of its Encounter: at its end, or at that of a stay it is part of, where that is later (what
 * is coded for an ICU stay belongs to its admission). Infinity where one of them has no end. A bare date ends with its day.
 */
export function stayEnds(resources: readonly FhirResource[]): ReadonlyMap<string, number> {
  const encounters = new Map(
    resources.flatMap((resource: unknown): readonly (readonly [string, Element])[] =>
      isElement(resource) && resource['resourceType'] === 'Encounter' ? [[text(resource, 'id') ?? '', resource]] : [],
    ),
  );
  const endMs = (id: string, encounter: Element, inside: readonly string[]): number => {
    const ownMs = periodEndMs(child(encounter, 'period'));
    const outerId = encounterIdIn(child(encounter, 'partOf')) ?? '';
    const outer = inside.includes(outerId) ? undefined : encounters.get(outerId);
    return outer ? Math.max(ownMs, endMs(outerId, outer, [...inside, id])) : ownMs;
  };
  return new Map([...encounters].map(([id, encounter]) => [id, endMs(id, encounter, [id])]));
}

/** The latest instant the end can mean; Infinity without one, or where it lies before the start. */
function periodEndMs(period: Element | undefined): number {
  const endMs = latestInstantMs(text(period, 'end')) ?? Infinity;
  const startMs = instantMs(text(period, 'start'));
  return startMs !== undefined && endMs < startMs ? Infinity : endMs;
}

function readPeriod(period: Element | undefined): { readonly startMs: number; readonly endMs?: number } | undefined {
  const startMs = instantMs(text(period, 'start'));
  const endMs = instantMs(text(period, 'end'));
  if (startMs === undefined) return undefined;
  return { startMs, ...(endMs === undefined || endMs < startMs ? {} : { endMs }) };
}

function readSetting(encounter: Element): EncounterInterval['setting'] {
  if (hasIdentifier(encounter, MIMIC_HOSPITAL_STAY_IDENTIFIER)) return 'inpatient';
  return settingOfClass(encounter) ?? 'other';
}

/** Does the class of an Encounter say what kind of stay it is: is it a code of v3-ActCode? */
export function isClassKnown(encounter: Element): boolean {
  return settingOfClass(encounter) !== undefined;
}

function settingOfClass(encounter: Element): EncounterInterval['setting'] | undefined {
  const coding = child(encounter, 'class');
  return text(coding, 'system') === V3_ACT_CODE ? SETTING_BY_CLASS.get(text(coding, 'code') ?? '') : undefined;
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

/** Locations of an encounter that are an intensive care unit, by their physical type or by their contained Location. */
function icuLocations(encounter: Element): readonly Element[] {
  const contained = children(encounter, 'contained');
  return children(encounter, 'location').filter((location) => {
    const reference = text(child(location, 'location'), 'reference');
    const place = contained.find((resource) => `#${text(resource, 'id') ?? ''}` === reference);
    return codingsOf(child(location, 'physicalType')).some(isIcuCode) || isIntensiveCare(place);
  });
}

/** Places of a stay that have a name. One with no period counts for the whole stay, unless it was left or is yet to come. */
function readPlaces(encounter: Element): readonly StayPlace[] {
  return children(encounter, 'location').flatMap((entry) => {
    const names = placeNames(child(entry, 'location'));
    const interval = readPeriod(child(entry, 'period'));
    const status = text(entry, 'status') ?? '';
    const isElsewhere = status === 'planned' || status === 'reserved' || (status === 'completed' && !interval);
    return names.length === 0 || isElsewhere ? [] : [{ names, ...interval }];
  });
}

const LOCATION_REFERENCE = /(?:^|\/)(Location\/[A-Za-z0-9\-.]{1,64})(?:\/_history\/[^/?#]+)?$/;

/** `Location/or-3` (of an absolute reference too), and the identifier with and without its system. */
function placeNames(location: Element | undefined): readonly string[] {
  const reference = LOCATION_REFERENCE.exec(text(location, 'reference') ?? '')?.[1];
  const identifier = child(location, 'identifier');
  const value = text(identifier, 'value');
  const system = text(identifier, 'system');
  return [reference, value, system === undefined || value === undefined ? undefined : `${system}|${value}`].filter(
    (name) => name !== undefined,
  );
}

/** Is a Location an intensive care unit, by its type or its physical type? */
export function isIntensiveCare(location: Element | undefined): boolean {
  const types = [child(location, 'physicalType'), ...children(location, 'type')];
  return types.flatMap((type) => codingsOf(type)).some(isIcuCode);
}

function isIcuCode({ system, code }: CodedValue): boolean {
  return ICU_CODES.has(`${system}|${code}`);
}
