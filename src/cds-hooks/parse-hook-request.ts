import { ServiceError } from '../errors/service-error.js';
import { parseCallConfiguration } from './call-configuration.js';
import type { FhirAuthorization, HookRequest, Prefetched } from './hook-request.js';
import { prefetchTemplates } from './prefetch-template.js';
import { resolvePrefetched } from './prefetched.js';
import { checkWireHookRequest, type WireFhirAuthorization, type WireHookRequest } from './request-schema.js';
import { mentionsPatientScope } from './smart-scopes.js';

/**
 * The validated order-sign call in a request body, with the state of every key of `templates`.
 * Throws ServiceError (400) ERR_REQUEST_INVALID or ERR_HOOK_MISMATCH; the error names the element and echoes no value.
 * @see requirements 4, 16, 17, 24, 30, 76
 */
export function parseHookRequest(
  body: unknown,
  templates: ReadonlyMap<string, string> = prefetchTemplates(),
): HookRequest {
  const wire = checkWireHookRequest(body);
  const { userId, patientId, encounterId, draftOrders } = wire.context;
  const fhirServer = parseFhirServer(wire.fhirServer);
  const authorization = parseAuthorization(wire);
  const configuration = parseCallConfiguration(wire.extension);
  return {
    hook: wire.hook,
    hookInstance: wire.hookInstance,
    ...(fhirServer === undefined ? {} : { fhirServer }),
    ...(authorization === undefined ? {} : { fhirAuthorization: authorization }),
    context: { userId, patientId, draftOrders, ...(typeof encounterId === 'string' ? { encounterId } : {}) },
    prefetch: resolvePrefetch(wire.prefetch, templates),
    ...(configuration === undefined ? {} : { configuration }),
  };
}

/** State of every key of our own template, in template order; keys that are not ours are ignored. */
function resolvePrefetch(
  prefetch: WireHookRequest['prefetch'],
  templates: ReadonlyMap<string, string>,
): ReadonlyMap<string, Prefetched> {
  const states = new Map<string, Prefetched>();
  for (const key of templates.keys()) {
    const value = prefetch && Object.hasOwn(prefetch, key) ? prefetch[key] : undefined;
    states.set(key, resolvePrefetched(value, `prefetch.${key}`));
  }
  return states;
}

/** An absolute http(s) address without user, query or fragment, and without a trailing slash. */
function parseFhirServer(fhirServer: string | null | undefined): string | undefined {
  if (fhirServer === null || fhirServer === undefined) return undefined;
  const url = URL.canParse(fhirServer) ? new URL(fhirServer) : undefined;
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (!url || !isWeb || url.username !== '' || url.password !== '' || /[?#]/.test(fhirServer)) {
    throw invalid('fhirServer', 'must be an absolute http or https URL without user, query or fragment');
  }
  return url.href.replace(/\/+$/, '');
}

function parseAuthorization(wire: WireHookRequest): FhirAuthorization | undefined {
  const { fhirAuthorization, fhirServer, context } = wire;
  if (!fhirAuthorization) return undefined;
  if (typeof fhirServer !== 'string') throw invalid('fhirServer', 'is required with fhirAuthorization');
  if (isOfAnotherPatient(fhirAuthorization, context.patientId)) {
    throw invalid('fhirAuthorization.patient', 'must be the patient of the context');
  }
  const { patient } = fhirAuthorization;
  return {
    accessToken: fhirAuthorization.access_token,
    tokenType: 'Bearer',
    expiresInSeconds: fhirAuthorization.expires_in,
    scope: fhirAuthorization.scope,
    subject: fhirAuthorization.subject,
    ...(typeof patient === 'string' ? { patient } : {}),
  };
}

/** A token bound to another patient would read as "no data" for ours. */
function isOfAnotherPatient({ scope, patient }: WireFhirAuthorization, patientId: string): boolean {
  return typeof patient === 'string' && mentionsPatientScope(scope) && patient.replace(/^Patient\//, '') !== patientId;
}

function invalid(expression: string, words: string): ServiceError {
  return new ServiceError('ERR_REQUEST_INVALID', { detail: `${expression} ${words}`, expression });
}
