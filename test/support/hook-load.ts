import { randomUUID } from 'node:crypto';
import { contextOf } from '../../src/commands/demo.js';
import { discoverOrderSign, prepareHookCall, type HookCall } from '../../src/sandbox/ehr-client.js';
import { loadFixture } from '../../src/sandbox/load-resources.js';
import { startSandbox } from '../../src/sandbox/start-sandbox.js';

/** Environment of a service that takes every call it is sent, however slow the machine, and says only what went wrong. */
export const SERVICE_VARIABLES = {
  HEMOLENS_MODE: 'sandbox',
  HEMOLENS_LOG_LEVEL: 'error',
  HEMOLENS_DEADLINE_MS: '10000',
  HEMOLENS_PER_CALL_TIMEOUT_MS: '10000',
  HEMOLENS_CLIENT_REQUESTS_PER_MINUTE: '100000',
};

/** An order-sign call of a running service, its prefetch filled from an EHR that is gone by the time it returns. */
export async function prepareCall(serviceUrl: string): Promise<{ readonly path: string; readonly request: HookCall }> {
  const service = await discoverOrderSign(serviceUrl);
  const sandbox = await startSandbox();
  try {
    const fixture = await loadFixture('fhir-fixtures/bleeding-and-unstable', Date.now());
    sandbox.store.load(fixture.resources);
    const order = { fhirBase: sandbox.baseUrl, ...contextOf(fixture), namesFhirServer: false };
    const { request } = await prepareHookCall(order, service);
    return { path: `/cds-services/${service.id}`, request };
  } finally {
    await sandbox.close();
  }
}

/** What one call came to: the id of the assessment that a card named, or what was answered instead. */
export type Answer =
  | { readonly kind: 'assessed'; readonly assessmentId: string }
  | { readonly kind: 'other'; readonly status: number }
  | { readonly kind: 'broken' };

/** Sends the call once more under a hookInstance of its own. */
export async function call(
  url: string,
  { path, request }: { readonly path: string; readonly request: HookCall },
): Promise<Answer> {
  try {
    const answer = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...request, hookInstance: randomUUID() }),
    });
    const [, assessmentId] = /"assessmentId":"([^"]+)"/.exec(await answer.text()) ?? [];
    return answer.status === 200 && assessmentId !== undefined
      ? { kind: 'assessed', assessmentId }
      : { kind: 'other', status: answer.status };
  } catch {
    return { kind: 'broken' };
  }
}
