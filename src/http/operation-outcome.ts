import type { OperationOutcome } from 'fhir/r4.js';
import { ServiceError } from '../errors/service-error.js';

const ERROR_SYSTEM = 'https://hemolens.org/fhir/CodeSystem/error-code';
const HIDDEN_DETAIL = 'The service failed; nothing was assessed.';

/** A fault as it is answered: HTTP status and body. */
export interface FaultAnswer {
  readonly status: number;
  readonly code: string;
  readonly outcome: OperationOutcome;
}

/**
 * The answer to a thrown value. Only the words of a ServiceError are passed on, which carry no patient data; anything else
 * is ERR_INTERNAL with fixed words.
 * @see requirement 37
 */
export function faultAnswer(error: unknown, requestId: string): FaultAnswer {
  const fault = error instanceof ServiceError ? error : new ServiceError('ERR_INTERNAL', { detail: HIDDEN_DETAIL });
  // Our own malfunction is told in fixed words: its detail is for the log.
  const text = fault.code === 'ERR_INTERNAL' ? HIDDEN_DETAIL : fault.detail;
  return {
    status: fault.status,
    code: fault.code,
    outcome: {
      resourceType: 'OperationOutcome',
      issue: [
        {
          severity: fault.status >= 500 ? 'fatal' : 'error',
          code: fault.issueCode,
          details: { coding: [{ system: ERROR_SYSTEM, code: fault.code }], text },
          diagnostics: `request ${requestId}`,
          ...(fault.expression === undefined ? {} : { expression: [fault.expression] }),
        },
      ],
    },
  };
}
