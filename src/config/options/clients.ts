import type { ConfigOption } from './config-option.js';
import { oneOf } from './option-kinds.js';

/** Who may call the service. */
export interface ClientsConfig {
  /** Not set: see `requiresClientAuthentication`. */
  readonly clientAuthentication?: 'required' | 'off';
}

export const CLIENTS_OPTIONS: readonly ConfigOption[] = [
  {
    key: 'clientAuthentication',
    variable: 'HEMOLENS_CLIENT_AUTHENTICATION',
    ...oneOf(['required', 'off']),
    description:
      'Whether every call must carry the token (JWT) of a client registered with `hemolens client add`. Not set: `required` where other machines may call the service, by its own address or by `HEMOLENS_PUBLIC_BASE_URL`, unless `HEMOLENS_ALLOW_OPEN_NETWORK=true`; `off` on loopback.',
  },
];
