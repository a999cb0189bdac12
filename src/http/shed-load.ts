import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { ServiceError } from '../errors/service-error.js';
import { logEvent, type Log } from '../logging/logger.js';
import { answerEarly } from './early-answer.js';
import type { Admission, LoadGate } from './load-gate.js';
import { faultAnswer } from './operation-outcome.js';
import { sendJson } from './send-json.js';

const RETRY_AFTER_SECONDS = 1;
const LOG_EVERY_MS = 1_000;
const admissions = new WeakMap<IncomingMessage, Admission>();

/**
 * Refuses calls (every POST; 503, `Retry-After`) while there are more than can be answered, before anything is read or checked.
 * Health, discovery and preflights are not calls. Refusals are logged by their number, once a second: a line each would itself be load.
 */
export function shedLoad(gate: LoadGate, log: Log): RequestHandler {
  let refused = 0;
  let report: NodeJS.Timeout | undefined;
  const takeNote = (): void => {
    refused += 1;
    report ??= setTimeout(() => {
      logEvent(log, 'http.overloaded', {
        refused,
        inHand: gate.inHand,
        loopDelayMs: Math.round(gate.loopDelayMs),
      });
      refused = 0;
      report = undefined;
    }, LOG_EVERY_MS).unref();
  };
  return (request, response, next) => {
    // Not by the address: a call can be written with other letters or as an absolute URL, and be routed all the same.
    if (request.method !== 'POST') {
      next();
      return;
    }
    const admission = gate.admit();
    if (admission) {
      admissions.set(request, admission);
      // Whatever becomes of the request, its place is free again once it is answered or gone.
      response.once('close', () => admission.leave());
      next();
      return;
    }
    takeNote();
    const requestId = randomUUID();
    const { status, outcome } = faultAnswer(overloaded(), requestId);
    answerEarly(request, response);
    response.setHeader('X-Request-Id', requestId);
    response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
    sendJson(response, status, outcome);
  };
}

/** The call's turn on the processor; at once for a request that was not through the gate. */
export async function turnOf(request: IncomingMessage): Promise<void> {
  await admissions.get(request)?.turn();
}

function overloaded(): ServiceError {
  return new ServiceError('ERR_OVERLOADED', {
    detail: 'the service has more calls than it can answer; try again',
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}
