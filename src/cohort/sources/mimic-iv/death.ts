import type { Row } from './csv-layout.js';
import { mimicMs } from './mimic-time.js';

const DAY_MS = 86_400_000;

/** When a patient died, in ms: the admission's death time, else the end of the date of death; undefined: not recorded. */
export function deathMs(patient: Row, admissions: readonly Row[]): number | undefined {
  const times = admissions.map((row) => mimicMs(row['deathtime'] ?? null)).filter((ms) => ms !== undefined);
  return times.length > 0 ? Math.min(...times) : mimicMs(patient['dod'] ?? null);
}

/** Did the patient die in (t0, t0 + 7 days]? */
export function diedWithinSevenDays(deathTimeMs: number | undefined, t0Ms: number): boolean {
  return deathTimeMs !== undefined && deathTimeMs > t0Ms && deathTimeMs <= t0Ms + 7 * DAY_MS;
}
