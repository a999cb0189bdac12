import { MIMIC_OFFSET } from '../mimic-iv/mimic-time.js';
import type { ScannedExport } from './scan-export.js';

const HOUR_MS = 3_600_000;

/** The offset from UTC (`-05:00`) of the wall clock that dates of death are dates by: that of most stays. */
export function wallClock({ offsets, hasMimic }: Pick<ScannedExport, 'offsets' | 'hasMimic'>): string {
  const [commonest] = [...offsets].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  return hasMimic ? MIMIC_OFFSET : (commonest?.[0] ?? '+00:00');
}

/** `-05:00` in ms. */
export function offsetMs(offset: string): number {
  const [hours = '0', minutes = '0'] = offset.slice(1).split(':');
  return (offset.startsWith('-') ? -1 : 1) * (Number(hours) + Number(minutes) / 60) * HOUR_MS;
}
