import { Registry } from 'prom-client';
import { createCounting } from './count-events.js';
import { measureEventLoopLag } from './event-loop-lag.js';

/** What the service counts about itself. No label holds anything a caller or a chart said. */
export interface ServiceMetrics {
  readonly contentType: string;
  /** Takes note of one log line. */
  readonly count: (line: Readonly<Record<string, unknown>>) => void;
  /** In the Prometheus text format. */
  text(): Promise<string>;
  /** Stops measuring the event loop. */
  readonly close: () => void;
}

export interface ServiceMetricsOptions {
  /** Codes of override reasons that are told apart; every other code is `other`. */
  readonly overrideReasonCodes?: readonly string[];
}

/**
 * Metrics in a registry of their own, fed with log lines.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function createServiceMetrics({ overrideReasonCodes = [] }: ServiceMetricsOptions = {}): ServiceMetrics {
  const registry = new Registry();
  const count = createCounting(registry, overrideReasonCodes);
  const stop = measureEventLoopLag(registry);
  return {
    contentType: registry.contentType,
    count,
    text: () => registry.metrics(),
    close: stop,
  };
}
