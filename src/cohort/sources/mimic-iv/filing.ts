import type { FilingTime, LeakageTrap } from '../../cohort-source.js';
import type { Row } from './csv-layout.js';
import { mimicMs } from './mimic-time.js';
import type { PatientRows } from './patient-rows.js';
import { administrationEvidence } from './record-from-rows.js';

/** Filing times of a patient's rows by the `evidence` of the record, straight from the tables' own columns. */
export function filingOfRows(rows: PatientRows): readonly (readonly [string, FilingTime])[] {
  const discharged = new Map(rows.admissions.map((row) => [row['hadm_id'], row['dischtime']]));
  return [
    ...rows.numbers.map(({ id, charttime, storetime }) =>
      filed(`Observation/${id}`, 'result-filed-after-index', charttime, storetime),
    ),
    ...rows.inputevents.map((row) =>
      filed(administrationEvidence(row), 'administration-filed-after-index', row['starttime'], row['storetime']),
    ),
    // Without a column for when it was first entered, a procedure counts from its start.
    ...rows.procedureevents.map((row) =>
      filed(`procedureevents/${row['orderid'] ?? ''}`, 'procedure-filed-after-index', row['starttime']),
    ),
    ...rows.diagnoses.map((row) =>
      filed(diagnosisEvidence(row), 'same-admission-diagnosis', discharged.get(row['hadm_id'] ?? '')),
    ),
  ];
}

function diagnosisEvidence(row: Row): string {
  return `Condition/dx-${row['hadm_id'] ?? ''}-${row['seq_num'] ?? ''}`;
}

/** Known from the latest of the given times; a row without any was never known. */
function filed(
  evidence: string,
  trap: LeakageTrap,
  ...times: readonly (string | null | undefined)[]
): readonly [string, FilingTime] {
  const known = times.flatMap((time) => mimicMs(time ?? null) ?? []);
  return [evidence, { availableMs: known.length === 0 ? Infinity : Math.max(...known), trap }];
}
