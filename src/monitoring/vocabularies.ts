// The words our own code writes into log lines. A word that is new there and missing here is counted as `other`, never lost.
export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
export const ROUTES = [
  'discovery',
  'service',
  'feedback',
  'healthz',
  'readyz',
  'metrics',
  'model-card',
  'openapi',
] as const;
export const ASSESSMENT_OUTCOMES = ['scored', 'under-18', 'age-unknown', 'too-little-data'] as const;
export const TIERS = ['low', 'moderate', 'high', 'very-high'] as const;
export const DISPLAY_DECISIONS = [
  'shown',
  'below-tier',
  'not-scored-silent',
  'silent-mode',
  'cooldown',
  'user-role',
  'encounter-class',
  'location',
] as const;
export const FHIR_SOURCES = [
  'patient',
  'encounters',
  'labs',
  'vitals',
  'bedside',
  'administrations',
  'procedures',
  'conditions',
  'notes',
] as const;
export const FHIR_OUTCOMES = [
  'ok',
  'no-access',
  'not-in-scope',
  'unauthorized',
  'timeout',
  'upstream-error',
  'client-query-failed',
  'not-supported',
] as const;
export const FEEDBACK_OUTCOMES = ['accepted', 'overridden'] as const;
export const STORE_TARGETS = ['database', 'memory', 'spool', 'failed'] as const;
