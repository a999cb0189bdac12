import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, type Registry } from 'prom-client';

const RESOLUTION_MS = 20;
const QUANTILES = [50, 99] as const;

/** How late the event loop ran since the last scrape. Returns what stops the measuring. */
export function measureEventLoopLag(registry: Registry): () => void {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  const gauge = new Gauge({
    name: 'hemolens_event_loop_lag_seconds',
    help: 'How late the event loop ran since the last scrape, by quantile (1: the worst).',
    labelNames: ['quantile'],
    registers: [registry],
    collect() {
      for (const quantile of QUANTILES)
        gauge.set({ quantile: String(quantile / 100) }, lag(delays.percentile(quantile)));
      gauge.set({ quantile: '1' }, lag(delays.max));
      delays.reset();
    },
  });
  return () => {
    delays.disable();
  };
}

/** ns between two ticks of the timer into s of lateness; 0 before the first tick. */
function lag(nanoseconds: number): number {
  return Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1e3) : 0;
}
