import { readFile } from 'node:fs/promises';
import { ServiceError } from '../../../errors/service-error.js';

const HEADER = 'RecordID,SAPS-I,SOFA,Length_of_stay,Survival,In-hospital_death';

/**
 * What became of a stay, seen from 48 hours after admission. `Survival` counts whole days from ICU admission to death.
 * event: died on day 3 to 9, so within 7 days of the prediction time. day2: died on day 2, before or after the
 * prediction time, nobody knows. early: death recorded before the prediction time although the record goes on until it.
 */
export type StayOutcome = 'event' | 'survivor' | 'day2' | 'early' | 'impossible';

export interface OutcomeRow {
  readonly recordId: number;
  /** Days from ICU admission to death; −1: no death recorded. */
  readonly survivalDays: number;
  readonly lengthOfStayDays: number;
  readonly diedInHospital: boolean;
  readonly outcome: StayOutcome;
}

/** Outcome of a `Survival` value for death within 7 days after the first 48 hours. */
export function stayOutcome(survivalDays: number): StayOutcome {
  if (!Number.isInteger(survivalDays) || survivalDays < -1) return 'impossible';
  if (survivalDays === -1 || survivalDays > 9) return 'survivor';
  if (survivalDays > 2) return 'event';
  return survivalDays === 2 ? 'day2' : 'early';
}

/**
 * Does the in-hospital death flag agree with survival and length of stay (2 ≤ Survival ≤ Length_of_stay)?
 * @see Challenge 2012, "Outcome-related Descriptors"
 */
export function isConsistent({ survivalDays, lengthOfStayDays, diedInHospital }: OutcomeRow): boolean {
  return diedInHospital === (survivalDays >= 2 && survivalDays <= lengthOfStayDays);
}

/** Rows of an `Outcomes-?.txt`, by record. Throws ERR_DATASET naming the file and line that does not fit. */
export async function readOutcomes(path: string): Promise<ReadonlyMap<number, OutcomeRow>> {
  let content: string;
  try {
    content = await readFile(path, 'utf8');
  } catch (cause) {
    throw new ServiceError('ERR_DATASET', { detail: `${path}: cannot be read`, cause });
  }
  return parseOutcomes(content, path);
}

/** The rows of the text of an outcomes file; `label` names it in errors. */
export function parseOutcomes(content: string, label: string): ReadonlyMap<number, OutcomeRow> {
  const [header, ...lines] = content.trimEnd().split(/\r?\n/);
  if (header !== HEADER) throw new ServiceError('ERR_DATASET', { detail: `${label}: expected the header ${HEADER}` });
  const rows = new Map<number, OutcomeRow>();
  lines.forEach((line, index) => {
    const cells = line.split(',').map(Number);
    const [recordId, , , lengthOfStayDays, survivalDays, died] = cells;
    if (
      cells.length !== 6 ||
      recordId === undefined ||
      lengthOfStayDays === undefined ||
      survivalDays === undefined ||
      cells.some(Number.isNaN)
    ) {
      throw new ServiceError('ERR_DATASET', { detail: `${label}: line ${index + 2} is not six numbers` });
    }
    if (rows.has(recordId)) {
      throw new ServiceError('ERR_DATASET', { detail: `${label}: line ${index + 2} has a RecordID that came before` });
    }
    const outcome = stayOutcome(survivalDays);
    rows.set(recordId, { recordId, survivalDays, lengthOfStayDays, diedInHospital: died === 1, outcome });
  });
  return rows;
}
