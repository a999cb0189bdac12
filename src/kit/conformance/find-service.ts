import { isObject, member, textMember } from '../../sandbox/resource-json.js';
import type { Exchange } from './exchange.js';
import { servicesIn } from './probe.js';

/** The order-sign service of a discovery page, or what is there instead and what to do. */
export type FoundService = { readonly kind: 'found'; readonly id: string } | NoService;

export interface NoService {
  readonly kind: 'none';
  /** For the tester. */
  readonly message: string;
}

/** The service with the wanted id, else the first of hook order-sign. A wanted id is believed also where discovery fails. */
export function findService(discovery: Exchange, wantedId: string | undefined): FoundService {
  const services = servicesIn(discovery.body);
  if (wantedId !== undefined) return { kind: 'found', id: wantedId };
  const orderSign = services.find((service) => textMember(service, 'hook') === 'order-sign');
  const id = textMember(orderSign, 'id');
  return id === undefined ? { kind: 'none', message: messageOf(discovery, services) } : { kind: 'found', id };
}

function messageOf({ status, headers, body }: Exchange, services: readonly unknown[]): string {
  const type = headers.get('content-type') ?? '';
  if (status === 401 || status === 403) {
    return `Discovery was refused (HTTP ${status}): the service wants a client token. Give --key and --issuer.`;
  }
  if (type.includes('html')) {
    return `Discovery is an HTML page (HTTP ${status}): a web server, a proxy or a login page answers there. --service takes the address before /cds-services.`;
  }
  if (status >= 300 && status < 400) {
    return `Discovery leads on to ${headers.get('location') ?? 'another address'} (HTTP ${status}): give that address.`;
  }
  if (status !== 200) {
    return `Discovery: HTTP ${status}. --service takes the address before /cds-services; --id names a service that is not listed.`;
  }
  if (member(body, 'resourceType') === 'CapabilityStatement' || textMember(body, 'resourceType') !== undefined) {
    return 'Discovery answers with a FHIR resource: this is a FHIR server, not a CDS service.';
  }
  if (!Array.isArray(member(body, 'services'))) {
    return 'Discovery is not { "services": [ … ] }: this is not a CDS service.';
  }
  const hooks = [...new Set(services.filter(isObject).map((service) => textMember(service, 'hook') ?? '?'))];
  return `The service offers no order-sign hook; it offers ${hooks.length === 0 ? 'none at all' : hooks.join(', ')}. The suite tests order-sign.`;
}
