import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceKey } from '../../../concepts/concept.js';
import { ServiceError } from '../../../errors/service-error.js';
import type { AttachmentText, ChartSource } from '../../../record/chart-resources.js';
import { child, children, isElement, text, type Element } from '../../../record/element.js';
import { matchConcept } from '../../../record/observation-concept.js';
import { unitOf } from '../../../record/observed-reading.js';
import { recordFromResources } from '../../../record/record-from-resources.js';
import type { SourceChart } from '../../cohort-source.js';
import { asResource } from './as-resource.js';
import { attachmentText } from './attachment-text.js';
import { linesIn } from './export-lines.js';
import { filingLedger } from './filing-times.js';
import { shardFile } from './shard-files.js';
import { isExportCoverage, sourceOf, type ExportCoverage } from './source-support.js';
import { COVERAGE_FILE } from './stage-export.js';
import { startTally } from './tally.js';

/** The charts of one staged shard, ascending by chart id; one chart at a time is in memory. */
export async function* readStagedFhir(folder: string, shard: number): AsyncGenerator<SourceChart> {
  const path = shardFile(folder, shard);
  if (!existsSync(path)) return;
  const coverage = await readCoverage(folder);
  let chartId: string | undefined;
  let resources: Element[] = [];
  for await (const line of linesIn({ name: `shard ${shard}`, path, isCompressed: true })) {
    const staged: unknown = JSON.parse(line.toString('utf8'));
    const own = isElement(staged) ? text(staged, 'chart') : undefined;
    const resource = isElement(staged) ? child(staged, 'resource') : undefined;
    if (own === undefined || !resource) throw damaged();
    if (chartId !== undefined && own !== chartId) {
      yield chartOf(chartId, resources, coverage);
      resources = [];
    }
    chartId = own;
    resources.push(resource);
  }
  if (chartId !== undefined) yield chartOf(chartId, resources, coverage);
}

/** A chart's resources as the service would have gathered them, and the filing time of each. */
export function chartOf(chartId: string, resources: readonly Element[], coverage: ExportCoverage): SourceChart {
  const sourceAt = (key: SourceKey): ChartSource => ({
    coverage: coverage[key],
    resources: resources.filter((resource) => sourceOf(resource) === key).map(asResource),
  });
  const patient = resources.find((resource) => resource['resourceType'] === 'Patient');
  const record = recordFromResources(
    {
      patientId: text(patient, 'id') ?? '',
      sources: {
        patient: sourceAt('patient'),
        encounters: sourceAt('encounters'),
        labs: sourceAt('labs'),
        vitals: sourceAt('vitals'),
        bedside: sourceAt('bedside'),
        administrations: sourceAt('administrations'),
        procedures: sourceAt('procedures'),
        conditions: sourceAt('conditions'),
        notes: sourceAt('notes'),
      },
      attachments: attachmentsIn(resources),
      foreignResources: 0,
    },
    [],
  );
  return { chartId, record, ...filingLedger(resources), unitsCharted: unitsCharted(resources) };
}

function attachmentsIn(resources: readonly Element[]): ReadonlyMap<string, AttachmentText> {
  return new Map(
    resources
      .filter((resource) => resource['resourceType'] === 'DocumentReference')
      .map((document) => [text(document, 'id') ?? '', attachmentText(document)]),
  );
}

function unitsCharted(resources: readonly Element[]): Readonly<Record<string, number>> {
  const counts = startTally();
  for (const resource of resources) {
    if (resource['resourceType'] !== 'Observation') continue;
    for (const part of [resource, ...children(resource, 'component')]) {
      const quantity = child(part, 'valueQuantity');
      const match = quantity ? matchConcept(part, resource) : undefined;
      if (match?.kind === 'concept') counts.add(`${match.concept.key} ${unitOf(quantity) ?? 'none'}`);
    }
  }
  return counts.counts();
}

async function readCoverage(folder: string): Promise<ExportCoverage> {
  const coverage: unknown = JSON.parse(await readFile(join(folder, COVERAGE_FILE), 'utf8'));
  if (!isExportCoverage(coverage)) throw damaged();
  return coverage;
}

function damaged(): ServiceError {
  return new ServiceError('ERR_DATASET', { detail: 'the staged shards are damaged: stage them again' });
}
