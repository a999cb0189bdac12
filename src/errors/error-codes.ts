/**
 * The one registry of fault codes: HTTP status and OperationOutcome issue type.
 * @see https://hl7.org/fhir/R4/valueset-issue-type.html
 */
export const ERROR_CODES = {
  ERR_BODY_MALFORMED: { status: 400, issue: 'structure' },
  ERR_BODY_TOO_LARGE: { status: 413, issue: 'too-long' },
  ERR_BODY_SLOW: { status: 408, issue: 'timeout' },
  ERR_CONTENT_TYPE: { status: 415, issue: 'not-supported' },
  ERR_REQUEST_INVALID: { status: 400, issue: 'invalid' },
  ERR_HOOK_MISMATCH: { status: 400, issue: 'invalid' },
  ERR_SERVICE_UNKNOWN: { status: 404, issue: 'not-found' },
  ERR_ROUTE_UNKNOWN: { status: 404, issue: 'not-found' },
  ERR_METHOD_NOT_ALLOWED: { status: 405, issue: 'not-supported' },
  ERR_UNAUTHENTICATED: { status: 401, issue: 'login' },
  ERR_TLS_REQUIRED: { status: 403, issue: 'security' },
  ERR_RATE_LIMITED: { status: 429, issue: 'throttled' },
  ERR_OVERLOADED: { status: 503, issue: 'throttled' },
  ERR_SWITCHED_OFF: { status: 503, issue: 'business-rule' },
  ERR_CLIENT: { status: 500, issue: 'invalid' },
  ERR_CHART_UNAVAILABLE: { status: 412, issue: 'incomplete' },
  ERR_FHIR_UPSTREAM: { status: 502, issue: 'transient' },
  ERR_FHIR_UNAUTHORIZED: { status: 412, issue: 'forbidden' },
  ERR_FHIR_TIMEOUT: { status: 412, issue: 'timeout' },
  ERR_FHIR_ORIGIN: { status: 412, issue: 'security' },
  ERR_FHIR_VERSION: { status: 412, issue: 'not-supported' },
  ERR_FHIR_BUSY: { status: 412, issue: 'throttled' },
  ERR_PATIENT_MERGED: { status: 412, issue: 'conflict' },
  ERR_UNIT_UNKNOWN: { status: 500, issue: 'value' },
  ERR_CONFIG: { status: 500, issue: 'invalid' },
  ERR_MODEL_BUNDLE: { status: 500, issue: 'exception' },
  ERR_DATASET: { status: 500, issue: 'invalid' },
  ERR_LEAKAGE: { status: 500, issue: 'business-rule' },
  ERR_STORE: { status: 500, issue: 'exception' },
  ERR_INTERNAL: { status: 500, issue: 'exception' },
} as const satisfies Record<string, { status: number; issue: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;
