import type { CohortSource } from '../../cohort-source.js';
import { aboutExport } from './about.js';
import { factsOf } from './chart-facts.js';
import { exportFiles } from './export-files.js';
import { scanExport } from './scan-export.js';
import { stageExport } from './stage-export.js';
import { startTally } from './tally.js';

/**
 * Any FHIR R4 bulk export (`*.ndjson`, `*.ndjson.gz`, in the folder or its `fhir/`) as a source of training sets; records are
 * made by the readers that serve. The files are read twice, line by line (Locations once more, before all else): here, for who
 * was treated when and what became of them, and when charts are staged. Throws ERR_DATASET naming the file and line that cannot be read.
 * @see https://hl7.org/fhir/uv/bulkdata/ and https://physionet.org/content/mimic-iv-fhir/
 */
export async function openFhirExport(directory: string): Promise<CohortSource> {
  const files = await exportFiles(directory);
  const tally = startTally();
  const scan = await scanExport(files, tally);
  const facts = factsOf(scan, tally);
  return {
    about: aboutExport(scan, facts.charts),
    facts: () => Promise.resolve(facts),
    stage: async (request) => {
      const report = await stageExport(files, scan, request);
      return { ...report, rejections: { ...tally.counts(), ...report.rejections } };
    },
    close: () => undefined,
  };
}
