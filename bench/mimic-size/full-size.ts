/** Rows of MIMIC-IV 3.1 at full size; the large ones are rounded. @see https://physionet.org/content/mimiciv/3.1/ */
export const FULL_SIZE = {
  patients: 364_627,
  admissions: 546_028,
  transfers: 2_400_000,
  services: 600_000,
  diagnoses_icd: 6_300_000,
  labevents: 158_000_000,
  poe: 52_000_000,
  icustays: 94_458,
  chartevents: 430_000_000,
  inputevents: 10_900_000,
  outputevents: 5_300_000,
  procedureevents: 800_000,
} as const;

export type ClonedTable = keyof typeof FULL_SIZE;

/** Share of ICU stays with a blood product given; the demo has 42 of 140. */
export const TRANSFUSED_SHARE = 0.27;

/**
 * Share of the non-ICU patients' admissions that keep their blood bank product orders. An assumption: demo patients are all ICU
 * patients, 22 % of whose admissions have such orders; on wards about 3 % seem plausible.
 */
export const WARD_BLOOD_ORDER_SHARE = 0.15;

/** `1/100` or `0.01` as a number in (0, 1]; undefined for anything else. */
export function readScale(text: string): number | undefined {
  const [above, below, ...rest] = text.split('/').map(Number);
  const scale = (above ?? NaN) / (below ?? 1);
  return rest.length === 0 && scale > 0 && scale <= 1 ? scale : undefined;
}
