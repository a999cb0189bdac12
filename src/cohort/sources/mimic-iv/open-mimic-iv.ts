import type { FhirResource } from 'fhir/r4.js';
import type { BloodOrder, NoteDocument, PatientRecord } from '../../../record/patient-record.js';
import { bloodOrdersOf, type MimicBloodOrder } from './blood-orders.js';
import { openCsvTables } from './csv-tables.js';
import { deathMs } from './death.js';
import { readPatientRows } from './patient-rows.js';
import { recordFromRows } from './record-from-rows.js';
import { patientIdOf, resourcesFromRows } from './resources-from-rows.js';

/** One patient's chart by both roads. */
export interface MimicChart {
  /** FHIR id. */
  readonly patientId: string;
  /** The whole chart as FHIR R4, with the times each resource became available. */
  readonly resources: readonly FhirResource[];
  /** The whole chart straight from CSV. */
  record(orders: readonly BloodOrder[], notes?: readonly NoteDocument[]): PatientRecord;
  readonly deathMs: number | undefined;
  /** Values without a store time, which count as available when charted. */
  readonly withoutStoreTime: number;
}

export interface MimicIvSource {
  /** Every patient, by subject id, in order. */
  readonly subjectIds: readonly string[];
  /** Every blood bank product order of the dataset, in time order. */
  readonly bloodOrders: readonly MimicBloodOrder[];
  chart(subjectId: string): Promise<MimicChart>;
  close(): void;
}

/**
 * Opens a folder in MIMIC-IV's published CSV layout (hosp/ and icu/).
 * Throws ERR_DATASET naming the table, column or row that does not fit.
 */
export async function openMimicIv(directory: string): Promise<MimicIvSource> {
  const tables = await openCsvTables(directory);
  try {
    const patients = new Map((await tables.rows('patients')).map((row) => [row['subject_id'] ?? '', row]));
    return {
      subjectIds: [...patients.keys()].sort(),
      bloodOrders: bloodOrdersOf(await tables.rows('poe')),
      chart: async (subjectId) => {
        const rows = await readPatientRows(tables, subjectId, patients.get(subjectId) ?? {});
        return {
          patientId: patientIdOf(subjectId),
          resources: resourcesFromRows(rows),
          record: (orders, notes) => recordFromRows(rows, orders, notes),
          deathMs: deathMs(rows.patient, rows.admissions),
          withoutStoreTime: rows.withoutStoreTime,
        };
      },
      close: () => {
        tables.close();
      },
    };
  } catch (error) {
    tables.close();
    throw error;
  }
}
