/** MIMIC-IV times are shifted per patient and carry no zone; all are read at this one fixed offset. */
export const MIMIC_OFFSET = '-05:00';

/**
 * `2180-07-23 12:36:00` (or `2180-07-23`, its last minute) as ms since the epoch; undefined where there is none, or none that a
 * calendar and a clock have (`2180-02-30`, `25:00:00`).
 */
export function mimicMs(text: string | null): number | undefined {
  const iso = mimicIso(text);
  return iso === undefined ? undefined : Date.parse(iso);
}

/** The same as a FHIR dateTime with the fixed offset. */
export function mimicIso(text: string | null): string | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}:\d{2}))?$/.exec(text?.trim() ?? '');
  if (!match) return undefined;
  const iso = `${match[1] ?? ''}T${match[2] ?? '23:59:00'}${MIMIC_OFFSET}`;
  const ms = Date.parse(iso);
  return Number.isNaN(ms) || isoAtOffset(ms) !== iso ? undefined : iso;
}

/** A cell that holds something, but no time. */
export function isBadTime(text: string | null | undefined): boolean {
  return text !== null && text !== undefined && text.trim() !== '' && mimicMs(text) === undefined;
}

/** ms since the epoch as a FHIR dateTime with the fixed offset. */
export function isoAtOffset(ms: number): string {
  const hours = Number(MIMIC_OFFSET.slice(0, 3));
  return `${new Date(ms + hours * 3_600_000).toISOString().slice(0, 19)}${MIMIC_OFFSET}`;
}
