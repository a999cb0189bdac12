import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ChartFacts, CohortSource, SourceChart, StageReport } from '../../../src/cohort/cohort-source.js';
import { openFhirExport } from '../../../src/cohort/sources/mimic-fhir/fhir-cohort.js';
import { readStagedFhir } from '../../../src/cohort/sources/mimic-fhir/staged-charts.js';
import { writeExport } from './made-up-export.js';

const folders: string[] = [];

/** For `afterAll`. */
export function removeFolders(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

/** A made-up export that is removed with the others. */
export function newFolder(...given: Parameters<typeof writeExport>): string {
  const folder = writeExport(...given);
  folders.push(folder);
  return folder;
}

export async function open(
  ...given: Parameters<typeof writeExport>
): Promise<CohortSource & { readonly folder: string }> {
  const folder = newFolder(...given);
  return { ...(await openFhirExport(folder)), folder };
}

export async function firstChart(source: CohortSource): Promise<ChartFacts> {
  const [chart] = (await source.facts()).charts;
  if (!chart) throw new Error('no chart');
  return chart;
}

export interface Staged {
  readonly report: StageReport;
  readonly charts: readonly SourceChart[];
  readonly files: ReadonlyMap<string, string>;
}

export async function stage(source: CohortSource & { readonly folder: string }): Promise<Staged> {
  const folder = join(source.folder, 'staged');
  mkdirSync(folder);
  const wanted = [{ chartId: 'p1', shard: 3, indexMs: [Date.parse('2024-03-04T10:00:00+01:00')] }];
  const report = await source.stage({ wanted, folder });
  const charts: SourceChart[] = [];
  for await (const chart of readStagedFhir(folder, 3)) charts.push(chart);
  const files = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name)).toString('base64')]));
  return { report, charts, files };
}
