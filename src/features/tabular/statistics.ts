import type { Statistic } from '../feature-spec.js';
import { HOUR_MS } from '../time-windows.js';
import type { Reading } from '../visible-record.js';

/**
 * A statistic of readings sorted by time, then value; NaN where there are none (`count`: 0).
 * `last` and `first` are the mean of the values at that time, so that ties do not depend on the order of a list.
 * `slope` is the least-squares change per hour, NaN with fewer than two distinct times; `delta` is last − first.
 */
export function statistic(kind: Statistic, readings: readonly Reading[], predictionTimeMs: number): number {
  switch (kind) {
    case 'count':
      return readings.length;
    case 'last':
      return meanAt(readings, readings.at(-1)?.timeMs);
    case 'first':
      return meanAt(readings, readings[0]?.timeMs);
    case 'delta':
      return meanAt(readings, readings.at(-1)?.timeMs) - meanAt(readings, readings[0]?.timeMs);
    case 'min':
      return readings.reduce((least, { value }) => (value < least || Number.isNaN(least) ? value : least), NaN);
    case 'max':
      return readings.reduce((most, { value }) => (value > most || Number.isNaN(most) ? value : most), NaN);
    case 'mean':
      return mean(readings);
    case 'slope':
      return slope(readings, predictionTimeMs);
    case 'hours_since_last':
      return (predictionTimeMs - (readings.at(-1)?.timeMs ?? NaN)) / HOUR_MS;
  }
}

function mean(readings: readonly Reading[]): number {
  let sum = 0;
  for (const { value } of readings) sum += value;
  return sum / readings.length;
}

function meanAt(readings: readonly Reading[], timeMs: number | undefined): number {
  return mean(readings.filter((reading) => reading.timeMs === timeMs));
}

function slope(readings: readonly Reading[], predictionTimeMs: number): number {
  const hours = readings.map(({ timeMs }) => (timeMs - predictionTimeMs) / HOUR_MS);
  const meanHours = hours.reduce((a, b) => a + b, 0) / hours.length;
  const meanValue = mean(readings);
  let covariance = 0;
  let variance = 0;
  readings.forEach(({ value }, index) => {
    const centred = (hours[index] ?? 0) - meanHours;
    covariance += centred * (value - meanValue);
    variance += centred * centred;
  });
  return variance === 0 ? NaN : covariance / variance;
}
