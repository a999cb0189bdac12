/** How long an overloaded server is left alone when it does not say. */
const UNSAID_MS = 1_000;

/**
 * Milliseconds that an answer asks to wait: of a 429 always, of a 503 where it has a readable `Retry-After` (seconds, or a
 * date); at most `longestMs`. Undefined for all other answers.
 * @see RFC 9110 §10.2.3
 */
export function askedWaitMs(
  status: number | undefined,
  retryAfter: string | undefined,
  { wallClockMs, longestMs }: { readonly wallClockMs: number; readonly longestMs: number },
): number | undefined {
  if (status !== 429 && status !== 503) return undefined;
  const said = readRetryAfter(retryAfter?.trim() ?? '', wallClockMs);
  if (said === undefined) return status === 429 ? Math.min(UNSAID_MS, longestMs) : undefined;
  return Math.min(Math.max(said, 0), longestMs);
}

function readRetryAfter(value: string, wallClockMs: number): number | undefined {
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  // Dates only: Date.parse would take "5.5" for a month.
  const date = /^[A-Za-z]{3,9},? /.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : date - wallClockMs;
}
