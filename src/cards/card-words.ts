import type { NotScoredReason } from '../assessment/risk-assessment.js';
import type { SourceKey } from '../concepts/concept.js';
import type { RiskTier } from '../ensemble/risk-prediction.js';
import type { BloodOrder, BloodProduct, UnavailableReason } from '../record/patient-record.js';

export const TIER_WORDS: Readonly<Record<RiskTier, string>> = {
  low: 'low',
  moderate: 'moderate',
  high: 'high',
  'very-high': 'very high',
};

const PRODUCT_WORDS: readonly (readonly [BloodProduct, string])[] = [
  ['rbc', 'red cells'],
  ['platelets', 'platelets'],
  ['plasma', 'plasma'],
  ['cryo', 'cryoprecipitate'],
  ['whole-blood', 'whole blood'],
  ['granulocytes', 'granulocytes'],
];

/** Each product ordered once, in a fixed order; `blood product` where an order names none. */
export function orderedProducts(orders: readonly Pick<BloodOrder, 'products'>[]): readonly string[] {
  const ordered = new Set(orders.flatMap(({ products }) => products));
  const words = PRODUCT_WORDS.filter(([product]) => ordered.has(product)).map(([, word]) => word);
  const isAnyUnspecified = orders.some(({ products }) => products.length === 0);
  return isAnyUnspecified ? [...words, 'blood product'] : words;
}

export const SOURCE_WORDS: Readonly<Record<SourceKey, string>> = {
  patient: 'patient data',
  encounters: 'admissions and wards',
  labs: 'laboratory results',
  vitals: 'vital signs',
  bedside: 'bedside observations',
  administrations: 'drugs and blood products given',
  procedures: 'procedures',
  conditions: 'diagnoses',
  notes: 'clinical notes',
};

export const REASON_WORDS: Readonly<Record<UnavailableReason, string>> = {
  'no-access': 'no access to the FHIR server was given',
  'not-in-scope': 'the access given does not cover them',
  unauthorized: 'the FHIR server refused access',
  timeout: 'no answer in time',
  'upstream-error': 'the FHIR server answered with an error',
  'client-query-failed': "the client's own query failed",
  'not-supported': 'the FHIR server does not offer them',
  'server-busy': 'the FHIR server asked to be called later',
  'not-r4': 'the FHIR server does not speak FHIR R4',
  restricted: 'their security labels restrict them',
};

export const NOT_SCORED_WORDS: Readonly<
  Record<NotScoredReason, { readonly summary: string; readonly detail: string }>
> = {
  'under-18': {
    summary: 'patient is under 18',
    detail: 'The patient is under 18 years old. The model was made from adults.',
  },
  'age-unknown': {
    summary: 'age is unknown',
    detail: 'The chart does not tell whether the patient is 18 years old or older. The model was made from adults.',
  },
  'too-little-data': {
    summary: 'too little recent data',
    detail: 'Neither a haemoglobin nor a vital sign of the last 24 h was found.',
  },
};

/** `red cells, plasma and platelets`; `red cells, plasma and 2 more` where only `shown` are named. */
export function wordList(words: readonly string[], shown = words.length): string {
  const named = words.slice(0, shown);
  const rest = words.length - named.length;
  const parts = rest > 0 ? [...named, `${rest} more`] : named;
  const last = parts.at(-1) ?? '';
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
}
