import { SOURCE_KEYS, type SourceKey } from '../../../concepts/concept.js';
import { children, isElement, text, type Element } from '../../../record/element.js';
import { matchConcept } from '../../../record/observation-concept.js';
import type { SourceCoverage } from '../../../record/patient-record.js';
import { mimicProfiles } from './mimic-artefacts.js';

/** The source whose list a resource is put in; undefined for types the record does not read. */
export function sourceOf(resource: Element): SourceKey | undefined {
  switch (resource['resourceType']) {
    case 'Patient':
      return 'patient';
    case 'Encounter':
      return 'encounters';
    case 'Observation':
      return observationSource(resource);
    case 'MedicationAdministration':
      return 'administrations';
    case 'Procedure':
      return 'procedures';
    case 'Condition':
      return 'conditions';
    case 'DocumentReference':
      return 'notes';
    default:
      return undefined;
  }
}

function observationSource(observation: Element): SourceKey {
  const codes = children(observation, 'category').flatMap((category) =>
    children(category, 'coding').map((coding) => text(coding, 'code')),
  );
  if (codes.includes('laboratory')) return 'labs';
  return codes.includes('vital-signs') ? 'vitals' : 'bedside';
}

/**
 * What a MIMIC profile is the whole of. The others are parts that do not speak for the rest: vital signs of the emergency
 * department say nothing of the wards', outputs alone nothing of the rest of the bedside chart (without it "no oxygen charted"
 * would be read as room air), microbiology nothing of the laboratory, billing procedures nothing of life support, and the
 * pharmacy's administrations (by formulary code) nothing of infusions and blood.
 */
const SHOWN_BY_MIMIC: Readonly<Record<string, readonly SourceKey[]>> = {
  'mimic-patient': ['patient'],
  'mimic-encounter': ['encounters'],
  'mimic-observation-labevents': ['labs'],
  'mimic-observation-chartevents': ['vitals', 'bedside'],
  'mimic-medication-administration-icu': ['administrations'],
  'mimic-procedure-icu': ['procedures'],
};

/**
 * The sources that this resource shows to be in the export, so that a patient without any row of them had none. Observations
 * show the sources of the dictionary concepts they hold, whatever their category; Conditions show theirs only with a
 * `recordedDate`: without one none of them is ever read, and "no diagnosis" would be said of everybody.
 */
export function sourcesShownBy(resource: Element): readonly SourceKey[] {
  const profiles = mimicProfiles(resource);
  if (profiles.length > 0 && resource['resourceType'] !== 'Condition') {
    return profiles.flatMap((profile) => SHOWN_BY_MIMIC[profile] ?? []);
  }
  switch (resource['resourceType']) {
    case 'Observation':
      return conceptSources(resource);
    case 'Condition':
      return text(resource, 'recordedDate') === undefined ? [] : ['conditions'];
    default: {
      const source = sourceOf(resource);
      return source === undefined ? [] : [source];
    }
  }
}

function conceptSources(observation: Element): readonly SourceKey[] {
  return [observation, ...children(observation, 'component')].flatMap((part) => {
    const match = matchConcept(part, observation);
    const source = match.kind === 'unmapped' ? undefined : match.concept.source;
    return SOURCE_KEYS.filter((key) => key === source);
  });
}

export type ExportCoverage = Readonly<Record<SourceKey, SourceCoverage>>;

/** Covered since ever where the export has the source, else not supported. */
export function coverageOf(shown: ReadonlySet<SourceKey>): ExportCoverage {
  const of = (key: SourceKey): SourceCoverage =>
    shown.has(key)
      ? { kind: 'covered', sinceMs: null, origin: 'dataset' }
      : { kind: 'unavailable', reason: 'not-supported' };
  return {
    patient: of('patient'),
    encounters: of('encounters'),
    labs: of('labs'),
    vitals: of('vitals'),
    bedside: of('bedside'),
    administrations: of('administrations'),
    procedures: of('procedures'),
    conditions: of('conditions'),
    notes: of('notes'),
  };
}

/** A coverage as written by staging. */
export function isExportCoverage(value: unknown): value is ExportCoverage {
  return isElement(value) && SOURCE_KEYS.every((key) => isElement(value[key]) && 'kind' in value[key]);
}
