import type { IncomingMessage } from 'node:http';
import type { Response } from 'express';
import { ServiceError } from '../errors/service-error.js';
import type { CdsClient, VerifyClientJwt } from './cds-client.js';
import type { AuthenticationGuard, ClientQuota } from './client-limits.js';
import { askForBody } from './early-answer.js';
import { readJsonBody, type BodyLimits } from './read-json-body.js';
import { contextOf } from './request-context.js';
import type { ReadRequestOrigin } from './request-origin.js';
import { turnOf } from './shed-load.js';

/** What stands between a POST and the code that answers it. */
export interface CallGuards {
  readonly verifyClientJwt: VerifyClientJwt;
  readonly authenticationGuard: AuthenticationGuard;
  readonly quota: ClientQuota;
  readonly originOf: ReadRequestOrigin;
  readonly bodyLimits: BodyLimits;
}

/**
 * Takes a call in: who sends it, whether it may, `checkRoute`, then its body, and hands both to `answer`. Nothing of the body is
 * read before the client is known. Throws ServiceError for every refusal.
 */
export async function takeCall(
  guards: CallGuards,
  request: IncomingMessage,
  response: Response,
  on: { readonly checkRoute: () => void; readonly answer: (body: unknown, client: CdsClient) => Promise<void> },
): Promise<void> {
  const client = await authenticate(guards, request);
  contextOf(response).client = client.id;
  const leave = await guards.quota.enter(client);
  try {
    on.checkRoute();
    askForBody(request, response);
    const { value, bytes } = await readJsonBody(request, {
      ...guards.bodyLimits,
      beforeParsing: () => turnOf(request),
    });
    contextOf(response).requestBytes = bytes;
    await on.answer(value, client);
  } finally {
    leave();
  }
}

/** The client that sends a request; an address that fails too often is refused before its token is looked at. */
export async function authenticate(
  { verifyClientJwt, authenticationGuard, originOf }: CallGuards,
  request: IncomingMessage,
): Promise<CdsClient> {
  const { address } = originOf(request);
  await authenticationGuard.check(address);
  try {
    return await verifyClientJwt(request);
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'ERR_UNAUTHENTICATED')
      await authenticationGuard.failed(address);
    throw error;
  }
}
