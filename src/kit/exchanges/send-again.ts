import { randomUUID } from 'node:crypto';
import { callService, type CdsConnection, type NoAnswer } from '../fire/cds-connection.js';
import type { FhirServerAccess } from '../fhir-server/fhir-server-access.js';
import type { RecordedAnswer, RecordedExchange } from './exchange.js';
import { moveTimes, moveTo } from './move-times.js';
import { STAND_IN_BASE } from './pseudonyms.js';
import { steadyResponse } from './steady-response.js';

export interface SendAgain {
  readonly connection: CdsConnection;
  readonly serviceId: string;
  /** Named in the request, with its token where it has one; without it no FHIR server is. */
  readonly fhir?: FhirServerAccess;
  readonly clock?: () => number;
}

const TOKEN_LIFETIME_S = 300;

/**
 * Sends the request of an exchange, every time in it moved so that it lies as far from now as it did from its own moment (to the
 * minute: the service takes an order for just signed if `authoredOn` is within the hour). The answer is as `steadyResponse` makes
 * it, in the times of the exchange. Throws only the abort reason of the connection's signal.
 */
export async function sendAgain(
  { sentAt, request }: Pick<RecordedExchange, 'sentAt' | 'request'>,
  { connection, serviceId, fhir, clock = Date.now }: SendAgain,
): Promise<RecordedAnswer | NoAnswer> {
  const sentMs = Date.parse(sentAt);
  const move = moveTo(sentMs, clock());
  const back = { fromMs: sentMs + move.byMs, byMs: -move.byMs };
  const answer = await callService(connection, serviceId, {
    ...named(moveTimes(request, move), fhir, request.context.patientId),
    hookInstance: randomUUID(),
  });
  if (answer.kind === 'no-answer') return answer;
  const { status, durationMs, response } = answer;
  return { status, durationMs, ...(response !== undefined && { response: steadyResponse(response, back) }) };
}

/** Links that lead nowhere lead to the FHIR server where one is named. */
function named(request: unknown, fhir: FhirServerAccess | undefined, patient: string): object {
  if (typeof request !== 'object' || request === null) return {};
  if (!fhir) return request;
  const text = JSON.stringify(request).replaceAll(STAND_IN_BASE, fhir.baseUrl);
  const linked: unknown = JSON.parse(text);
  return {
    ...(typeof linked === 'object' ? linked : {}),
    fhirServer: fhir.baseUrl,
    ...(fhir.token !== undefined && {
      fhirAuthorization: {
        access_token: fhir.token,
        token_type: 'Bearer',
        expires_in: TOKEN_LIFETIME_S,
        scope: 'patient/*.rs',
        subject: 'hemolens',
        patient,
      },
    }),
  };
}
