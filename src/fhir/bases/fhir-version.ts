import { isElement, text, type Element } from '../../record/element.js';

/** The one FHIR version that is read; 4.0.0 and 4.0.1 are both R4. */
const R4 = /^4\.0(\.|$)/;
/** How long a base's version is taken for known: a server that was upgraded is called again after this. */
const KNOWN_MS = 10 * 60_000;
/** A CapabilityStatement that could not be read is asked for again after this. */
const ASK_AGAIN_MS = 60_000;

/** What is known of a base's FHIR version. */
export interface VersionMemory {
  /** Has it said that it is another version than R4? */
  readonly isRefused: () => boolean;
  /** Notes the version it said. */
  readonly note: (version: string) => void;
  /** Is it time to ask for the CapabilityStatement? True once per interval: whoever gets it asks. */
  readonly mayAsk: () => boolean;
}

export function createVersionMemory(clock: () => number): VersionMemory {
  let known: { readonly isR4: boolean; readonly untilMs: number } | undefined;
  let askFromMs = -Infinity;
  const current = (): typeof known => (known !== undefined && clock() < known.untilMs ? known : undefined);
  return {
    isRefused: () => current()?.isR4 === false,
    note: (version) => {
      known = { isR4: R4.test(version), untilMs: clock() + KNOWN_MS };
    },
    mayAsk: () => {
      if (current() !== undefined || clock() < askFromMs) return false;
      askFromMs = clock() + ASK_AGAIN_MS;
      return true;
    },
  };
}

/** The `fhirVersion` parameter of a content type. @see https://hl7.org/fhir/R4/versioning.html#mt-version */
export function versionOfContentType(contentType: string): string | undefined {
  return /;\s*fhirVersion\s*=\s*"?(\d+(?:\.\d+){0,2})/i.exec(contentType)?.[1];
}

/** `fhirVersion` of a CapabilityStatement, or of DSTU2's Conformance. */
export function versionOfCapabilities(body: Element): string | undefined {
  const isStatement = body['resourceType'] === 'CapabilityStatement' || body['resourceType'] === 'Conformance';
  const version = isStatement ? text(body, 'fhirVersion') : undefined;
  return version !== undefined && /^\d+\.\d+/.test(version) ? version : undefined;
}

/** Elements that R4 does not have under these names or in this form, and another version has. */
const FOREIGN_SHAPES: Readonly<Record<string, (resource: Element) => boolean>> = {
  Patient: has('animal', 'careProvider'),
  Encounter: (it) => typeof it['class'] === 'string' || Array.isArray(it['class']) || has('actualPeriod')(it),
  Observation: has('comments', 'related', 'comment'),
  MedicationAdministration: has(
    'effectiveTimePeriod',
    'effectiveTimeDateTime',
    'wasNotGiven',
    'notGiven',
    'occurenceDateTime',
    'occurencePeriod',
    'occurrenceDateTime',
    'occurrencePeriod',
  ),
  Procedure: has('notPerformed', 'notDone', 'occurrenceDateTime', 'occurrencePeriod'),
  Condition: (it) => typeof it['clinicalStatus'] === 'string' || has('dateRecorded', 'assertedDate')(it),
  DocumentReference: (it) => has('indexed', 'created')(it) || (isElement(it['class']) && it['category'] === undefined),
};

/** Does this resource have the form of DSTU2, STU3 or R5? Most resources of those cannot be told from R4: then no. */
export function hasForeignShape(resource: unknown): boolean {
  if (!isElement(resource)) return false;
  return FOREIGN_SHAPES[text(resource, 'resourceType') ?? '']?.(resource) ?? false;
}

function has(...names: readonly string[]): (resource: Element) => boolean {
  return (resource) => names.some((name) => resource[name] !== undefined);
}
