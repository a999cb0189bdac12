import type { SourceKey } from '../concepts/concept.js';
import { SOURCE_KEYS } from '../concepts/concept.js';
import type { PatientRecord, RejectionCount, UnavailableReason } from '../record/patient-record.js';

const MS_PER_HOUR = 3_600_000;

/** Hours back a source is wanted for; the others are read whole or not at all. */
const WANTED_HOURS: Partial<Readonly<Record<SourceKey, number>>> = {
  labs: 48,
  vitals: 48,
  bedside: 48,
  administrations: 168,
};

/** Reasons that are a failure of this call; the others are how the site set the service up. */
const FAILURES: ReadonlySet<UnavailableReason> = new Set([
  'unauthorized',
  'timeout',
  'upstream-error',
  'client-query-failed',
  'server-busy',
  'not-r4',
]);

/** Parts of the chart that a reader of the card must know were not seen. */
export interface ChartGaps {
  readonly unavailable: readonly { readonly source: SourceKey; readonly reason: UnavailableReason }[];
  /** Read, but only back to `sinceMs`, which is less than was wanted (paging was cut, or the page was full). */
  readonly partlyCovered: readonly { readonly source: SourceKey; readonly sinceMs: number; readonly hours: number }[];
  /** Notes that a security label withholds, and other records of the same patient: left out, and counted only. */
  readonly withheldNotes: number;
  readonly linkedRecords: number;
  /** Must a card be shown for it, even where the site wants silence? */
  readonly mustBeSaid: boolean;
}

/** What of the chart could not be read for this prediction. */
export function chartGaps({ coverage, rejections }: PatientRecord, predictionTimeMs: number): ChartGaps {
  const unavailable: { source: SourceKey; reason: UnavailableReason }[] = [];
  const partlyCovered: { source: SourceKey; sinceMs: number; hours: number }[] = [];
  for (const source of SOURCE_KEYS) {
    const state = coverage[source];
    if (state.kind === 'unavailable') unavailable.push({ source, reason: state.reason });
    else if (state.sinceMs !== null) {
      const hours = (predictionTimeMs - state.sinceMs) / MS_PER_HOUR;
      if (hours < (WANTED_HOURS[source] ?? 0)) partlyCovered.push({ source, sinceMs: state.sinceMs, hours });
    }
  }
  const mustBeSaid = unavailable.some(
    ({ source, reason }) => FAILURES.has(reason) || source === 'labs' || source === 'vitals',
  );
  const countOf = (wanted: RejectionCount['reason']): number =>
    rejections.filter(({ reason }) => reason === wanted).reduce((sum, { count }) => sum + count, 0);
  const [withheldNotes, linkedRecords] = [countOf('restricted'), countOf('linked-record')];
  return { unavailable, partlyCovered, withheldNotes, linkedRecords, mustBeSaid };
}
