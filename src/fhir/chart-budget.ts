/** What one chart may still take from the server: all its answers share it. */
export interface ChartBudget {
  readonly takeBytes: (bytes: number) => boolean;
  readonly takeResources: (count: number) => boolean;
}

/** Each `take` is false once more was asked for than is left, and from then on. */
export function startChartBudget(maxBytes: number, maxResources: number): ChartBudget {
  let [bytesLeft, resourcesLeft] = [maxBytes, maxResources];
  return {
    takeBytes: (bytes) => (bytesLeft -= bytes) >= 0,
    takeResources: (count) => (resourcesLeft -= count) >= 0,
  };
}
