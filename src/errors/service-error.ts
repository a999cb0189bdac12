import { ERROR_CODES, type ErrorCode } from './error-codes.js';

export interface ServiceErrorOptions {
  /** What went wrong, in words that carry no patient data: it may be logged and returned to the caller. */
  readonly detail: string;
  /** The element at fault in FHIRPath-like words, for example `context.draftOrders.entry[0].resource`. */
  readonly expression?: string;
  /** When the caller may try again, in whole seconds: answered as `Retry-After`. */
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/**
 * A fault (ours, the caller's or the FHIR server's) with a stable code.
 * Expected clinical alternatives are returned values instead.
 */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: ErrorCode;
  readonly detail: string;
  readonly expression: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, { detail, expression, retryAfterSeconds, cause }: ServiceErrorOptions) {
    super(`${code}: ${detail}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.detail = detail;
    this.expression = expression;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** HTTP status this fault is answered with. */
  get status(): number {
    return ERROR_CODES[this.code].status;
  }

  /** FHIR `OperationOutcome.issue.code` of this fault. */
  get issueCode(): (typeof ERROR_CODES)[ErrorCode]['issue'] {
    return ERROR_CODES[this.code].issue;
  }
}
