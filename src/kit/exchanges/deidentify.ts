import {
  MIMIC_HOSPITAL_STAY_IDENTIFIER,
  MIMIC_ICU_STAY_IDENTIFIER,
  STORE_TIME_EXTENSION,
} from '../../record/code-systems.js';
import { isObject, member, textMember, valuesAt } from '../../sandbox/resource-json.js';
import { ageAt } from './move-times.js';
import { STAND_IN_BASE, type Pseudonyms } from './pseudonyms.js';
import { knownIdentities, scrubbed, type KnownIdentities } from './scrub-text.js';

export interface Deidentification {
  readonly pseudonyms: Pseudonyms;
  /** When the exchange took place: ages are those of that moment. */
  readonly atMs: number;
  /** Keeps the data of attachments, as it is. */
  readonly keepsNotes: boolean;
}

/** The whole resource of these is these members; what they are called, and where, is nobody's business. */
const ONLY: Readonly<Record<string, ReadonlySet<string>>> = {
  Patient: new Set(['resourceType', 'id', 'active', 'gender', 'birthDate', 'deceasedBoolean', 'deceasedDateTime']),
  Location: new Set(['resourceType', 'id', 'status', 'type', 'physicalType']),
  ...Object.fromEntries(
    [
      ...['Practitioner', 'PractitionerRole', 'RelatedPerson', 'Person', 'Organization', 'HealthcareService'],
      ...['CareTeam', 'Endpoint', 'Device', 'Coverage', 'Account', 'Consent', 'Provenance'],
    ].map((type) => [type, new Set(['resourceType', 'id'])]),
  ),
};

/** Members that name people, places and organisations, or hold prose. */
const REMOVED: ReadonlySet<string> = new Set([
  ...['meta', 'implicitRules', 'name', 'telecom', 'address', 'photo', 'contact', 'note', 'comment', 'description'],
  ...['performer', 'author', 'authenticator', 'custodian', 'recorder', 'asserter', 'requester', 'participant'],
  ...['informationSource', 'generalPractitioner', 'managingOrganization', 'serviceProvider', 'sender', 'receiver'],
  ...['enterer', 'verifier', 'attester', 'responsibleParty', 'careManager', 'communication', 'account', 'insurance'],
  ...[
    'patientInstruction',
    'conclusion',
    'diagnostics',
    'valueSampledData',
    'valueAttachment',
    'details',
    'hospitalization',
  ],
]);

/** Texts that are kept, by the name of their member; dates are kept (moved) wherever they are. */
const KEPT_TEXTS: ReadonlySet<string> = new Set([
  ...['resourceType', 'system', 'code', 'unit', 'comparator', 'status', 'docStatus', 'intent', 'priority', 'use'],
  ...['mode', 'gender', 'type', 'relation', 'contentType', 'language', 'category', 'criticality', 'severity'],
  ...['valueCode', 'version', 'verificationStatus', 'clinicalStatus'],
]);

const KEPT_EXTENSIONS: ReadonlySet<string> = new Set([
  STORE_TIME_EXTENSION,
  'http://hl7.org/fhir/StructureDefinition/data-absent-reason',
]);
/** They tell an ICU stay from the hospital stay around it; they name no patient. */
const KEPT_IDENTIFIER_SYSTEMS: ReadonlySet<string> = new Set([
  MIMIC_ICU_STAY_IDENTIFIER,
  MIMIC_HOSPITAL_STAY_IDENTIFIER,
]);

const OLDEST_SHOWN_AGE = 89;
const LONGEST_RESULT_TEXT = 40;
const DATE = /^\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?)?)?$/;
const DATE_MEMBER = /^(date|issued|start|end|created|sent|.*(Date|DateTime|On|Instant))$/;

/**
 * FHIR JSON without what tells who it is about.
 *
 * Removed: names, addresses, telecoms, photos, contacts, identifiers, narrative, notes and comments, `meta`, all extensions but two,
 * display texts of references, everybody who took part (performer, author, requester …), and every text that is in no list of kept
 * members. Patients keep sex, birth date and death; practitioners, organisations and the like only an id. Ids and references become
 * pseudonyms; links lead nowhere. An age over 89 becomes 90. Attachments lose data and address unless `keepsNotes`.
 *
 * Kept: codes, systems (a local code system may name the hospital), units, numbers, dates (they are moved elsewhere), display texts of
 * codes, the text of a concept, and results in words of up to 40 characters, all three without the names, identifiers and ids that
 * stand in the same request. That is no guarantee: a display text may say something about a person in other words, rare codes and
 * values may be recognised, and notes that are kept are kept as they are.
 */
export function deidentify(json: unknown, how: Deidentification): unknown {
  return cleaned(json, '', '', { ...how, known: knownIdentities(json) });
}

interface Cleaning extends Deidentification {
  readonly known: KnownIdentities;
}

function cleaned(value: unknown, name: string, parentName: string, how: Cleaning): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value;
  if (Array.isArray(value)) {
    const items = value
      .map((item: unknown) => cleaned(item, name, parentName, how))
      .filter((item) => item !== undefined);
    return items.length > 0 || value.length === 0 ? items : undefined;
  }
  if (typeof value === 'string') return cleanedText(value, name, how);
  return isObject(value) ? cleanedObject(value, name, how) : undefined;
}

function cleanedObject(value: object, name: string, how: Cleaning): unknown {
  const type = textMember(value, 'resourceType') ?? '';
  const only = ONLY[type];
  const members = Object.entries(value).flatMap(([key, inner]: [string, unknown]): [string, unknown][] => {
    if (only && !only.has(key)) return [];
    const clean = cleanedMember(value, key, inner, name, how);
    return clean === undefined ? [] : [[key, clean]];
  });
  // An object that lost everything says nothing; one that was empty stays as it was.
  if (members.length === 0 && Object.keys(value).length > 0) return undefined;
  return cappedAge(Object.fromEntries(members));
}

/** What becomes of one member; `name` is that of the object it is in. */
function cleanedMember(parent: object, key: string, value: unknown, name: string, how: Cleaning): unknown {
  if (REMOVED.has(key) || key.startsWith('_')) return undefined;
  switch (key) {
    case 'identifier':
      return keptIdentifiers(value);
    case 'extension':
    case 'modifierExtension':
      return keptExtensions(value, how);
    case 'id':
      return typeof value === 'string' ? how.pseudonyms.id(value) : undefined;
    case 'reference':
    case 'fullUrl':
      return typeof value === 'string' ? how.pseudonyms.reference(value) : undefined;
    case 'birthDate':
      return typeof value === 'string' ? cappedBirthDate(value, how.atMs) : undefined;
    case 'link':
      return keptLinks(value);
    case 'attachment':
      return keptAttachment(value, how);
    case 'display':
      // Of a code, not of a reference: that is the name of somebody or some place.
      return member(parent, 'code') !== undefined ? shortText(value, how) : undefined;
    case 'text':
      return name === 'dosage' || name === 'dosageInstruction' ? undefined : shortText(value, how);
    case 'valueString':
      return shortText(value, how, LONGEST_RESULT_TEXT);
    default:
      return cleaned(value, key, name, how);
  }
}

function cleanedText(text: string, name: string, { known }: Cleaning): string | undefined {
  if (DATE.test(text) && (DATE_MEMBER.test(name) || text.length >= 10)) return text;
  return KEPT_TEXTS.has(name) && !known.isExactly(text) ? text : undefined;
}

function shortText(value: unknown, { known }: Cleaning, longest = 200): string | undefined {
  return typeof value === 'string' && value.length <= longest ? scrubbed(value, known) : undefined;
}

function keptIdentifiers(value: unknown): unknown {
  const systems = (Array.isArray(value) ? value : [value])
    .map((identifier: unknown) => textMember(identifier, 'system') ?? '')
    .filter((system) => KEPT_IDENTIFIER_SYSTEMS.has(system));
  return systems.length === 0 ? undefined : systems.map((system) => ({ system }));
}

function keptExtensions(value: unknown, how: Cleaning): unknown {
  const kept = (Array.isArray(value) ? value : []).flatMap((extension: unknown) => {
    const url = textMember(extension, 'url');
    if (url === undefined || !KEPT_EXTENSIONS.has(url) || !isObject(extension)) return [];
    const clean = cleaned({ ...extension, url: undefined }, 'extension', '', how);
    return isObject(clean) ? [{ url, ...clean }] : [];
  });
  return kept.length === 0 ? undefined : kept;
}

/** That there is a next page matters; where it is does not. */
function keptLinks(value: unknown): unknown {
  const kept = (Array.isArray(value) ? value : []).flatMap((link: unknown) => {
    const relation = textMember(link, 'relation');
    return relation === undefined || !/^[a-z]+$/.test(relation)
      ? []
      : [{ relation, url: `${STAND_IN_BASE}?page=${relation}` }];
  });
  return kept.length === 0 ? undefined : kept;
}

function keptAttachment(value: unknown, { keepsNotes, pseudonyms }: Cleaning): unknown {
  const [contentType, creation, data, url] = ['contentType', 'creation', 'data', 'url'].map((name) =>
    textMember(value, name),
  );
  const link = url === undefined ? undefined : pseudonyms.reference(url);
  return {
    ...(contentType !== undefined &&
      /^[\w.+-]+\/[\w.+-]+(\s*;\s*charset=[\w-]+)?$/i.test(contentType) && { contentType }),
    ...(creation !== undefined && DATE.test(creation) && { creation }),
    ...(keepsNotes && data !== undefined && { data }),
    ...(keepsNotes && link !== undefined && { url: link }),
  };
}

function cappedBirthDate(birthDate: string, atMs: number): string | undefined {
  const age = ageAt(birthDate, atMs);
  if (age === undefined) return undefined;
  return age <= OLDEST_SHOWN_AGE ? birthDate : `${new Date(atMs).getUTCFullYear() - OLDEST_SHOWN_AGE - 1}-01-01`;
}

/** A quantity in years over 89 may be an age. */
function cappedAge(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { value, code } = object;
  return code === 'a' && typeof value === 'number' && value > OLDEST_SHOWN_AGE
    ? { ...object, value: OLDEST_SHOWN_AGE + 1 }
    : object;
}

/** Was an age over 89 among what was recorded? */
export function holdsCappedAge(prefetch: unknown, atMs: number): boolean {
  const patients = isObject(prefetch) ? Object.values(prefetch) : [];
  return patients.some((resource: unknown) =>
    [resource, ...valuesAt(resource, 'entry.resource')].some(
      (one) =>
        textMember(one, 'resourceType') === 'Patient' &&
        (ageAt(textMember(one, 'birthDate') ?? '', atMs) ?? 0) > OLDEST_SHOWN_AGE,
    ),
  );
}
