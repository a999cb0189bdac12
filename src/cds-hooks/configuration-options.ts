import { CONFIGURATION_OPTIONS_EXTENSION, type CallOption } from './call-configuration.js';
import type { ServiceCatalogue, ServiceDefinition } from './service-catalogue.js';

/** What holds at this site when a call sets nothing, by option code. */
export type ConfigurationDefaults = Readonly<Record<CallOption, boolean | number>>;

/**
 * The catalogue whose configuration options name this site's defaults instead of the file's: what discovery says is what a
 * call without the extension gets.
 * @see requirement 76
 */
export function withConfigurationDefaults(
  catalogue: ServiceCatalogue,
  defaults: ConfigurationDefaults,
): ServiceCatalogue {
  return { services: catalogue.services.map((service) => withDefaults(service, defaults)) };
}

function withDefaults(service: ServiceDefinition, defaults: ConfigurationDefaults): ServiceDefinition {
  const options = service.extension?.[CONFIGURATION_OPTIONS_EXTENSION];
  if (!service.extension || options === undefined) return service;
  const known = new Map<string, boolean | number>(Object.entries(defaults));
  return {
    ...service,
    extension: {
      ...service.extension,
      [CONFIGURATION_OPTIONS_EXTENSION]: options.map((option) => ({
        ...option,
        default: known.get(option.code) ?? option.default,
      })),
    },
  };
}
