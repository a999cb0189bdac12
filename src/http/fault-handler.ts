import type { ErrorRequestHandler } from 'express';
import { ServiceError } from '../errors/service-error.js';
import { faultFields } from '../logging/fault-fields.js';
import { logEvent, type Log } from '../logging/logger.js';
import { answerEarly } from './early-answer.js';
import { faultAnswer } from './operation-outcome.js';
import { contextOf } from './request-context.js';
import { sendJson } from './send-json.js';

/** Answers every fault with an OperationOutcome and logs its code: no stack, message, body or path goes either way. */
export function faultHandler(log: Log): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  // eslint-disable-next-line @typescript-eslint/no-unused-vars
  return (thrown: unknown, request, response, _next) => {
    const error = asServiceError(thrown);
    const { requestId, hookInstance } = contextOf(response);
    const { status, code, outcome } = faultAnswer(error, requestId);
    if (status >= 500) {
      // The words of a ServiceError carry no patient data; those of any other error are not read.
      const detail = error instanceof ServiceError ? error.detail.slice(0, 500) : undefined;
      logEvent(log, 'http.fault', { requestId, hookInstance, status, code, detail, ...faultFields(error) });
    } else logEvent(log, 'http.refused', { requestId, hookInstance, status, code });
    if (response.headersSent) {
      response.destroy();
      return;
    }
    answerEarly(request, response);
    if (error instanceof ServiceError && error.retryAfterSeconds !== undefined) {
      response.setHeader('Retry-After', error.retryAfterSeconds);
    }
    if (status === 408) response.setHeader('Connection', 'close');
    if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
    sendJson(response, status, outcome);
  };
}

/** Express refuses a path whose percent-encoding is broken with a URIError that quotes it. */
function asServiceError(error: unknown): unknown {
  const isBadPath = error instanceof Error && error.name === 'URIError' && 'status' in error && error.status === 400;
  return isBadPath ? new ServiceError('ERR_REQUEST_INVALID', { detail: 'the path is not valid' }) : error;
}
