import type { CardCoding } from '../cds-hooks/card.js';

/** The example set of CDS Hooks 3.0: reasons not to follow advice, of which these three can apply to a prediction. */
const NON_ADHERENCE = 'http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes';
/** Reasons of our own, for what that set has no word for. */
const OVERRIDE_REASONS = 'https://hemolens.org/fhir/CodeSystem/override-reasons';

/**
 * Why a clinician may go on in spite of a risk card. Few enough to be read: the reasons special to transfusion come first.
 * Reasons of the example set that answer a recommendation (too costly, service not available) are left out: a risk card
 * recommends nothing.
 * @see requirement 45; §7.4
 */
export const RISK_OVERRIDE_REASONS: readonly CardCoding[] = [
  { system: OVERRIDE_REASONS, code: 'active-bleeding', display: 'Active bleeding or emergency' },
  { system: OVERRIDE_REASONS, code: 'massive-transfusion', display: 'Massive transfusion protocol' },
  { system: OVERRIDE_REASONS, code: 'risk-known', display: 'Risk already known to the team' },
  { system: OVERRIDE_REASONS, code: 'goals-of-care', display: 'Goals of care discussed, or palliative intent' },
  { system: OVERRIDE_REASONS, code: 'data-outdated', display: 'Data outdated or wrong' },
  { system: NON_ADHERENCE, code: 'cds-not-applicable', display: 'Advice does not apply to this patient' },
  { system: NON_ADHERENCE, code: 'cds-suboptimal-context', display: 'Not the right moment or setting for this advice' },
  { system: NON_ADHERENCE, code: 'recipient-disagrees-evidence', display: 'Disagreement with the evidence' },
];
