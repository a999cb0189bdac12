import type { ConceptKey } from '../concepts/concept.js';
import { distinct, type Reading, type VisibleRecord } from './visible-record.js';

/**
 * Readings that follow from others at the same time, added where the concept itself was not read then:
 * - `gcs_total` from motor, eye and verbal response (Teasdale and Jennett 1974: their sum); none while a part is missing. With
 *   a tube in the airway the verbal response is missing (`record/intubated-verbal.ts`), so the total is unknown too: mimic-code
 *   `measurement/gcs.sql` marks those scores as unable and takes 15, which says "awake" of a patient nobody could ask;
 * - `map` from systolic and diastolic pressure, (SBP + 2·DBP) / 3 mmHg, where there is one of each. The rule of a third reads
 *   about 5 mmHg low beside the waveform's own mean (PubMed 32694334), so a charted mean pressure is never replaced.
 * @see mimic-code `measurement/gcs.sql`; PubMed 32694334 (the usual formula of mean pressure and its error)
 */
export function withDerivedReadings(record: VisibleRecord): ReadonlyMap<ConceptKey, readonly Reading[]> {
  const readings = new Map(record.readings);
  derive(readings, 'gcs_total', ['gcs_motor', 'gcs_eye', 'gcs_verbal'], (parts) => parts.reduce((a, b) => a + b, 0));
  derive(readings, 'map', ['sbp', 'dbp'], ([systolic = NaN, diastolic = NaN]) => (systolic + 2 * diastolic) / 3);
  return readings;
}

function derive(
  readings: Map<ConceptKey, readonly Reading[]>,
  target: ConceptKey,
  parts: readonly ConceptKey[],
  combine: (values: readonly number[]) => number,
): void {
  const [first, ...others] = parts.map((part) => singleByTime(readings.get(part) ?? []));
  if (!first || first.size === 0) return;
  const read = new Set((readings.get(target) ?? []).map(({ timeMs }) => timeMs));
  const derived: Reading[] = [];
  for (const [timeMs, reading] of first) {
    const rest = others.map((part) => part.get(timeMs));
    if (read.has(timeMs) || !reading || rest.some((part) => !part)) continue;
    const all = [reading, ...rest.filter((part) => part !== undefined && part !== null)];
    derived.push({
      value: combine(all.map(({ value }) => value)),
      timeMs,
      provisional: all.some(({ provisional }) => provisional),
      evidence: reading.evidence,
    });
  }
  if (derived.length > 0) readings.set(target, distinct([...(readings.get(target) ?? []), ...derived]));
}

/** The reading of each time; null where a time has several numbers, since none of them can be paired. */
function singleByTime(readings: readonly Reading[]): Map<number, Reading | null> {
  const byTime = new Map<number, Reading | null>();
  for (const reading of readings) byTime.set(reading.timeMs, byTime.has(reading.timeMs) ? null : reading);
  return byTime;
}
