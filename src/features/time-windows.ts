export const HOUR_MS = 3_600_000;

/** Look-back of series tokens and tabular statistics. */
export const VALUE_WINDOW_HOURS = 48;

/** "On" means running at some moment of the last so many hours: infusions pause for a minute and are rarely charted to it. */
export const RUNNING_WINDOW_HOURS = 6;

/** Start of the window of so many hours that ends at the prediction time; both ends belong to it. */
export function windowStart(predictionTimeMs: number, windowHours: number): number {
  return predictionTimeMs - windowHours * HOUR_MS;
}

/** Hours from `timeMs` to the prediction time. */
export function hoursBefore(predictionTimeMs: number, timeMs: number): number {
  return (predictionTimeMs - timeMs) / HOUR_MS;
}

/** Does something that ran from `startMs` to `endMs` (undefined: still running) touch the window? */
export function touchesWindow(
  { startMs, endMs }: { readonly startMs: number; readonly endMs?: number },
  fromMs: number,
): boolean {
  return endMs === undefined || endMs >= fromMs || startMs >= fromMs;
}
