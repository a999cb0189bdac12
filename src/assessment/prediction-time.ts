const OLDEST_ORDER_MS = 60 * 60_000;
const CLOCK_TOLERANCE_MS = 2 * 60_000;

/** A FHIR dateTime with a time of day and a zone; a bare date says no moment. */
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

/**
 * The moment a call is answered for, in ms since the epoch: the latest `authoredOn` of its blood orders that has a time
 * and a zone, if it lies in the past hour and at most 2 minutes ahead of `nowMs`; otherwise `nowMs`.
 */
export function predictionTime(authoredOn: readonly string[], nowMs: number): number {
  const moments = authoredOn.filter((text) => MOMENT.test(text)).map((text) => Date.parse(text));
  const latest = Math.max(...moments.filter((moment) => !Number.isNaN(moment)));
  return latest >= nowMs - OLDEST_ORDER_MS && latest <= nowMs + CLOCK_TOLERANCE_MS ? latest : nowMs;
}
