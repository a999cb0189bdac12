import { serviceCatalogue, type ServiceCatalogue, type ServiceDefinition } from './service-catalogue.js';

/** The body of `GET /cds-services`. @see requirements 5–12 */
export function discoveryDocument(catalogue: ServiceCatalogue = serviceCatalogue()): ServiceCatalogue {
  return { services: catalogue.services };
}

/** The service with this id, or undefined where there is none. */
export function findService(catalogue: ServiceCatalogue, id: string): ServiceDefinition | undefined {
  return catalogue.services.find((service) => service.id === id);
}
