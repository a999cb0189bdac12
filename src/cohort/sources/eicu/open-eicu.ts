import { verifyGzip } from '../../csv/csv-fault.js';
import type { CsvFile } from '../../csv/csv-file.js';
import type { CohortSource } from '../../cohort-source.js';
import { openScanDatabase } from '../../csv/scan-database.js';
import { aboutEicu } from './about.js';
import { factsFromTables } from './chart-facts.js';
import { assertPatientRows, findEicuFiles } from './eicu-files.js';
import { stageEicu } from './stage-tables.js';
import type { IntakeShiftMinutes } from './transfusions.js';

export interface EicuOptions {
  /** Minutes a charted volume of blood is taken to have begun before its charting; 60 unless told, 0 and 120 for sensitivity. */
  readonly intakeShiftMinutes?: IntakeShiftMinutes;
}

/**
 * eICU-CRD 2.0 or its demo in the published layout, `.csv` or `.csv.gz`, as a source of training sets: one chart a hospital
 * stay. Every compressed file is read through to its checksum while the tables are scanned.
 * Throws ERR_DATASET naming the table, column or line that does not fit.
 * @see https://eicu-crd.mit.edu/eicutables/
 */
export async function openEicu(directory: string, options: EicuOptions = {}): Promise<CohortSource> {
  const { intakeShiftMinutes = 60 } = options;
  const { connection, close } = await openScanDatabase();
  try {
    const files = await findEicuFiles(connection, directory);
    const rejections = new Map<string, number>();
    const integrity = verifyAll([...files.tables.values()]);
    return {
      about: aboutEicu(files, intakeShiftMinutes),
      facts: async () => {
        rejections.clear();
        await assertPatientRows(connection, files);
        return factsFromTables(connection, files, intakeShiftMinutes, (words) =>
          rejections.set(words, (rejections.get(words) ?? 0) + 1),
        );
      },
      stage: async (request) => {
        await assertPatientRows(connection, files);
        const report = await stageEicu(connection, files, request, intakeShiftMinutes);
        await integrity;
        return { ...report, rejections: { ...Object.fromEntries(rejections), ...report.rejections } };
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** One after the other, beside the scans; a damaged file is reported when the staging ends. */
function verifyAll(files: readonly CsvFile[]): Promise<void> {
  const checked = (async () => {
    for (const file of files) await verifyGzip(file);
  })();
  checked.catch(() => undefined);
  return checked;
}
