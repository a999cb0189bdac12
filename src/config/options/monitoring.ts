import type { ConfigOption } from './config-option.js';
import { oneOf } from './option-kinds.js';

/** Who may read what the service counts. */
export interface MonitoringConfig {
  readonly metrics: 'loopback' | 'everyone' | 'off';
}

export const MONITORING_OPTIONS: readonly ConfigOption[] = [
  {
    key: 'metrics',
    variable: 'HEMOLENS_METRICS',
    ...oneOf(['loopback', 'everyone', 'off']),
    fallback: { value: 'loopback' },
    description:
      'Who may read `GET /metrics`: callers on this machine that no proxy forwarded, everyone who reaches the service, or nobody. It holds no patient data.',
  },
];
