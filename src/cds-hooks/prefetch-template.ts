import { parsePrefetchTemplate, type PrefetchTemplate } from './prefetch-query.js';
import { serviceCatalogue, type ServiceCatalogue } from './service-catalogue.js';

/** The prefetch templates of our one service, by key, in the order of `cds-services.json`. */
export function prefetchTemplates(catalogue: ServiceCatalogue = serviceCatalogue()): ReadonlyMap<string, string> {
  return new Map(Object.entries(catalogue.services[0]?.prefetch ?? {}));
}

/** The same templates, taken apart. Throws ServiceError ERR_CONFIG for an illegal one. */
export function parsedPrefetchTemplates(
  templates: ReadonlyMap<string, string> = prefetchTemplates(),
): ReadonlyMap<string, PrefetchTemplate> {
  return new Map([...templates].map(([key, template]) => [key, parsePrefetchTemplate(template)]));
}
