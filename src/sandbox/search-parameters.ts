/** Where the values of a search parameter stand in a resource. */
export type SearchParameter =
  | { readonly kind: 'token'; readonly paths: readonly string[] }
  | { readonly kind: 'reference'; readonly paths: readonly string[]; readonly target?: string }
  | { readonly kind: 'date'; readonly paths: readonly string[] }
  | { readonly kind: 'string'; readonly paths: readonly string[] };

export interface ResourceTypeTable {
  readonly parameters: ReadonlyMap<string, SearchParameter>;
  /** The date parameter a patient's resources are kept sorted by, where the type has one. */
  readonly mainDate?: string;
}

const token = (...paths: string[]): SearchParameter => ({ kind: 'token', paths });
const date = (...paths: string[]): SearchParameter => ({ kind: 'date', paths });
const reference = (...paths: string[]): SearchParameter => ({ kind: 'reference', paths });
const string = (...paths: string[]): SearchParameter => ({ kind: 'string', paths });
const patientAt = (path: string): SearchParameter => ({ kind: 'reference', paths: [path], target: 'Patient' });

const ofSubject = { patient: patientAt('subject'), subject: reference('subject') };
const medication = { code: token('medicationCodeableConcept'), medication: reference('medicationReference') };
const observed = {
  ...ofSubject,
  encounter: reference('encounter'),
  category: token('category'),
  code: token('code'),
  status: token('status'),
  date: date('effectiveDateTime', 'effectiveInstant', 'effectivePeriod'),
};

/**
 * Every type this server knows and the parameters it searches by, with the names of FHIR R4. A type or parameter that is
 * not here is refused, never ignored.
 * @see https://hl7.org/fhir/R4/searchparameter-registry.html
 */
const TABLE: Readonly<Record<string, readonly [Readonly<Record<string, SearchParameter>>, mainDate?: string]>> = {
  Patient: [
    {
      identifier: token('identifier'),
      gender: token('gender'),
      active: token('active'),
      birthdate: date('birthDate'),
      name: string('name.family', 'name.given', 'name.text'),
      family: string('name.family'),
      given: string('name.given'),
    },
  ],
  Encounter: [
    {
      ...ofSubject,
      identifier: token('identifier'),
      status: token('status'),
      class: token('class'),
      type: token('type'),
      'part-of': reference('partOf'),
      date: date('period'),
    },
    'date',
  ],
  Observation: [
    { ...observed, 'component-code': token('component.code'), 'combo-code': token('code', 'component.code') },
    'date',
  ],
  DiagnosticReport: [{ ...observed, issued: date('issued') }, 'date'],
  MedicationAdministration: [
    {
      ...ofSubject,
      ...medication,
      context: reference('context'),
      request: reference('request'),
      status: token('status'),
      'effective-time': date('effectiveDateTime', 'effectivePeriod'),
    },
    'effective-time',
  ],
  MedicationRequest: [
    {
      ...ofSubject,
      ...medication,
      encounter: reference('encounter'),
      category: token('category'),
      intent: token('intent'),
      priority: token('priority'),
      status: token('status'),
      authoredon: date('authoredOn'),
    },
    'authoredon',
  ],
  MedicationDispense: [
    {
      ...ofSubject,
      ...medication,
      context: reference('context'),
      status: token('status'),
      whenhandedover: date('whenHandedOver'),
      whenprepared: date('whenPrepared'),
    },
    'whenhandedover',
  ],
  MedicationStatement: [
    {
      ...ofSubject,
      ...medication,
      context: reference('context'),
      status: token('status'),
      effective: date('effectiveDateTime', 'effectivePeriod'),
    },
    'effective',
  ],
  Procedure: [
    {
      ...ofSubject,
      encounter: reference('encounter'),
      category: token('category'),
      code: token('code'),
      status: token('status'),
      date: date('performedDateTime', 'performedPeriod'),
    },
    'date',
  ],
  Condition: [
    {
      ...ofSubject,
      encounter: reference('encounter'),
      category: token('category'),
      code: token('code'),
      'clinical-status': token('clinicalStatus'),
      'verification-status': token('verificationStatus'),
      'recorded-date': date('recordedDate'),
      'onset-date': date('onsetDateTime', 'onsetPeriod'),
    },
    'recorded-date',
  ],
  AllergyIntolerance: [
    {
      patient: patientAt('patient'),
      code: token('code'),
      'clinical-status': token('clinicalStatus'),
      date: date('recordedDate'),
    },
    'date',
  ],
  DocumentReference: [
    {
      ...ofSubject,
      encounter: reference('context.encounter'),
      category: token('category'),
      type: token('type'),
      status: token('status'),
      contenttype: token('content.attachment.contentType'),
      date: date('date'),
      period: date('context.period'),
    },
    'date',
  ],
  ServiceRequest: [
    {
      ...ofSubject,
      encounter: reference('encounter'),
      category: token('category'),
      code: token('code'),
      intent: token('intent'),
      priority: token('priority'),
      status: token('status'),
      requisition: token('requisition'),
      authored: date('authoredOn'),
      occurrence: date('occurrenceDateTime', 'occurrencePeriod'),
    },
    'authored',
  ],
  Specimen: [
    {
      ...ofSubject,
      type: token('type'),
      status: token('status'),
      collected: date('collection.collectedDateTime', 'collection.collectedPeriod'),
    },
    'collected',
  ],
  Medication: [{ code: token('code'), status: token('status'), identifier: token('identifier') }],
  Location: [{ identifier: token('identifier'), name: string('name'), status: token('status'), type: token('type') }],
  Organization: [{ identifier: token('identifier'), name: string('name'), active: token('active') }],
  Practitioner: [
    {
      identifier: token('identifier'),
      family: string('name.family'),
      given: string('name.given'),
      active: token('active'),
    },
  ],
  PractitionerRole: [
    {
      practitioner: reference('practitioner'),
      organization: reference('organization'),
      role: token('code'),
      active: token('active'),
    },
  ],
  Binary: [{}],
};

/** The types this server knows, each with its search parameters. */
export const RESOURCE_TYPES: ReadonlyMap<string, ResourceTypeTable> = new Map(
  Object.entries(TABLE).map(([type, [parameters, mainDate]]) => [
    type,
    {
      parameters: new Map(Object.entries({ _tag: token('meta.tag'), ...parameters })),
      ...(mainDate === undefined ? {} : { mainDate }),
    },
  ]),
);
