import type { FhirAuthorization, HookRequest } from '../cds-hooks/hook-request.js';
import { LOOPBACK_HOST } from './bases/checked-connector.js';
import type { FhirAccessOptions } from './fhir-access-options.js';

/** Whether the client's FHIR server may be asked, and with what. */
export type ServerAccess =
  | { readonly kind: 'open'; readonly base: URL; readonly authorization?: FhirAuthorization }
  | {
      readonly kind: 'closed';
      readonly why: 'no-server' | 'server-not-allowed' | 'no-authorization' | 'token-expired' | 'token-over-http';
    };

/**
 * The request's FHIR server if it is one of the configured bases (or on loopback, where that is allowed) and there is a
 * token for it, or servers without a token are allowed. A token goes over plain http in sandbox mode, and to loopback in
 * development (it does not leave the machine); in production never. No call is made for a `closed` one.
 * @see requirements 19, 29, 31 and 33
 */
export function serverAccess(
  { fhirServer, fhirAuthorization }: Pick<HookRequest, 'fhirServer' | 'fhirAuthorization'>,
  { mode, allowedBases, loopbackAllowed, openServerAllowed }: FhirAccessOptions,
): ServerAccess {
  if (fhirServer === undefined) return { kind: 'closed', why: 'no-server' };
  const base = parseBase(fhirServer);
  if (!base) return { kind: 'closed', why: 'server-not-allowed' };
  const isListed = allowedBases.some((allowed) => parseBase(allowed)?.href === base.href);
  if (!isListed && !(loopbackAllowed && LOOPBACK_HOST.test(base.hostname))) {
    return { kind: 'closed', why: 'server-not-allowed' };
  }
  if (!fhirAuthorization) {
    return openServerAllowed ? { kind: 'open', base } : { kind: 'closed', why: 'no-authorization' };
  }
  if (fhirAuthorization.expiresInSeconds <= 0) return { kind: 'closed', why: 'token-expired' };
  const isSecret =
    base.protocol === 'https:' || mode === 'sandbox' || (mode === 'development' && LOOPBACK_HOST.test(base.hostname));
  if (!isSecret) return { kind: 'closed', why: 'token-over-http' };
  return { kind: 'open', base, authorization: fhirAuthorization };
}

/** A FHIR base without a trailing slash; undefined for anything but a plain http or https URL. */
function parseBase(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isPlain = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (!isPlain || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
  url.pathname = url.pathname.replace(/\/+$/, '');
  return url;
}

/**
 * The absolute URL of `link` (absolute, or relative to the base) if it stays on the base's origin and under its path;
 * undefined otherwise. Links come from answers, so following one blindly would hand the token to whoever wrote it.
 */
export function withinBase(base: URL, link: string): URL | undefined {
  const path = base.pathname.replace(/\/+$/, '');
  const root = `${base.origin}${path}/`;
  if (!URL.canParse(link, root)) return undefined;
  const url = new URL(link, root);
  if (url.origin !== base.origin || url.username !== '' || url.password !== '') return undefined;
  // %2e and %2f would let a server behind a proxy see another path than the one checked here.
  if (/%(2e|2f|5c)/i.test(url.pathname)) return undefined;
  if (url.pathname !== path && !url.pathname.startsWith(`${path}/`)) return undefined;
  url.hash = '';
  return url;
}
