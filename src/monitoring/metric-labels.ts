/** Turns a fact of a log line into a label: of a bounded set, whatever the fact is. */
export type MetricLabel = (value: unknown) => string;

/** What is not in the vocabulary. */
export const OTHER = 'other';
/** The fact is not there. */
export const NONE = 'none';

/** A label of a fixed vocabulary; `other` for anything else, `none` where there is no value. */
export function labelOf(vocabulary: Iterable<string>): MetricLabel {
  const known = new Set(vocabulary);
  return (value) => {
    if (value === undefined) return NONE;
    return typeof value === 'string' && known.has(value) ? value : OTHER;
  };
}

/**
 * A label for names that the site gives and no caller can (ids of registered clients): the first `limit` that are seen, then `other`,
 * so that a mistake in naming cannot fill the memory.
 */
export function labelOfNames(limit: number): MetricLabel {
  const seen = new Set<string>();
  return (value) => {
    if (value === undefined) return NONE;
    if (typeof value !== 'string') return OTHER;
    if (seen.size < limit) seen.add(value);
    return seen.has(value) ? value : OTHER;
  };
}

/** `200`, `412`: a status the service answers with; `0`: the caller had gone. */
export const statusLabel: MetricLabel = (value) =>
  typeof value === 'number' && Number.isInteger(value) && (value === 0 || (value >= 100 && value <= 599))
    ? String(value)
    : OTHER;
