import type { HookRequest } from '../cds-hooks/hook-request.js';
import type { BloodOrder, PatientRecord } from '../record/patient-record.js';
import { recordFromResources } from '../record/record-from-resources.js';
import type { FhirReport } from './fhir-report.js';
import { gatherChart, type GatherOptions } from './gather-chart.js';
import { refuseReplacedPatient, requireReadableChart } from './required-sources.js';

export type AssembleOptions = GatherOptions;

/**
 * The patient's record at the prediction time, from prefetch and the client's FHIR server, with a report of how it was
 * read. Throws ServiceError (412) where the Patient, or both labs and vitals, could not be read, or the Patient was replaced; anything else missing is
 * said by the record's coverage. The answer never waits past the deadline.
 */
export async function assembleRecord(
  request: HookRequest,
  orders: readonly BloodOrder[],
  options: AssembleOptions,
): Promise<{ readonly record: PatientRecord; readonly report: FhirReport }> {
  const { chart, report } = await gatherChart(request, options);
  refuseReplacedPatient(chart);
  requireReadableChart(chart, report);
  return { record: recordFromResources(chart, orders), report };
}
