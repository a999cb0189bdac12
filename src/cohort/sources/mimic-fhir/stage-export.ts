import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Element } from '../../../record/element.js';
import type { StageReport, StageRequest, WantedChart } from '../../cohort-source.js';
import type { ExportFile } from './export-files.js';
import { forEachResource } from './export-lines.js';
import { fhirId, patientOf } from './identity.js';
import { withIcuLocations } from './icu-locations.js';
import { withoutMimicArtefacts } from './mimic-artefacts.js';
import type { ScannedExport } from './scan-export.js';
import { unsortedShards, writeSortedShard } from './shard-files.js';
import { coverageOf, sourceOf } from './source-support.js';
import { startTally } from './tally.js';
import { reasonToLeaveOut } from './wanted-resource.js';

/** Types that only the facts are made of. */
const ORDER_TYPES: ReadonlySet<string> = new Set(['ServiceRequest', 'MedicationRequest']);
/** The coverage of every chart, beside the shards. */
export const COVERAGE_FILE = 'coverage.json';

/**
 * Filters the resources of the wanted charts into one compressed file a shard, ascending by chart, type and id: the bytes depend
 * on the data alone. One pass over the export fills a temporary file a shard; then every shard is sorted on its own, which is
 * the most that is ever in memory. What is left out is counted by type and reason.
 */
export async function stageExport(
  files: readonly ExportFile[],
  { patients, sourcesShown, icuLocations }: Pick<ScannedExport, 'patients' | 'sourcesShown' | 'icuLocations'>,
  { wanted, folder, onProgress }: StageRequest,
): Promise<StageReport> {
  const ofExport = startTally();
  const ofWanted = startTally();
  const rows = startTally();
  const byChart = new Map(wanted.map((chart) => [chart.chartId, chart]));
  const unsorted = unsortedShards(folder);
  let file = '';

  const stageOne = (resource: Element, type: string): void | Promise<void> => {
    if (type === 'Medication' || (type === 'Location' && icuLocations.has(fhirId(resource) ?? ''))) return;
    if (sourceOf(resource) === undefined && !ORDER_TYPES.has(type)) {
      ofExport.add(`${type}: not used`);
      return;
    }
    const patient = patients.get(patientOf(resource) ?? '');
    const id = fhirId(resource);
    if (!patient || id === undefined) {
      ofExport.add(`${type}: ${patient ? 'no id' : 'no such Patient in the export'}`);
      return;
    }
    if (ORDER_TYPES.has(type)) return;
    const chart: WantedChart | undefined = byChart.get(patient.chartId);
    if (!chart) return;
    const reason = reasonToLeaveOut(resource, { indexMs: chart.indexMs, stays: patient.stays });
    if (reason !== undefined) {
      ofWanted.add(`${type}: ${reason}`);
      return;
    }
    return unsorted.add(chart.shard, { chart: chart.chartId, type, id, resource });
  };

  await forEachResource(files, (exported) => {
    if (exported.file !== file) {
      file = exported.file;
      onProgress?.(`filtering ${file}`);
    }
    return stageOne(withIcuLocations(withoutMimicArtefacts(exported.resource), icuLocations), exported.type);
  });
  await unsorted.flush();

  for (const shard of [...new Set(wanted.map((chart) => chart.shard))].sort((a, b) => a - b)) {
    await writeSortedShard(folder, shard, {
      kept: (type) => rows.add(type),
      twice: (type) => ofWanted.add(`${type}: id twice`),
    });
  }
  await rm(unsorted.folder, { recursive: true, force: true });
  await writeFile(join(folder, COVERAGE_FILE), JSON.stringify(coverageOf(sourcesShown)));
  return { rows: rows.counts(), rejections: ofExport.counts(), rejectionsOfWanted: ofWanted.counts() };
}
