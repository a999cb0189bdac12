import type { FhirResource } from 'fhir/r4.js';
import { loadIntoFhirServer, type LoadOptions } from './load-into-fhir-server.js';
import { mergedReport, type LoadedPatient, type LoadReport } from './load-report.js';
import type { LoadableChart, LoadSource } from './load-sources.js';

export interface LoadChartsOptions extends Omit<LoadOptions, 'resources' | 'onProgress'> {
  readonly source: LoadSource;
  readonly onProgress?: (patients: number, of: number, resources: number) => void;
}

/** A patient on the server, with what its chart is. */
export type LoadedChart = LoadedPatient & Pick<LoadableChart, 'label' | 'asOf'>;

/** About as many resources are held at a time: a whole dataset does not fit into memory. */
const GROUP = 5_000;

/** Loads the charts of a source, some patients at a time; the next are read while the last are on their way. Throws as they do. */
export async function loadCharts(
  options: LoadChartsOptions,
): Promise<LoadReport & { readonly charts: readonly LoadedChart[] }> {
  const { source, onProgress, ...load } = options;
  const words = new Map<string, Pick<LoadableChart, 'label' | 'asOf'>>();
  const reports: LoadReport[] = [];
  let patients = 0;
  const groups = groupsOf(source, words);
  for (let group = await groups.next(); !group.done;) {
    const following = groups.next();
    const before = reports.reduce((total, { ids }) => total + ids.length, 0);
    const { resources, charts } = group.value;
    // A fault of the next charts is thrown once these are in.
    following.catch(() => undefined);
    const report = await loadIntoFhirServer({
      ...load,
      resources,
      onProgress: (done, of) => onProgress?.(patients + (charts * done) / of, source.patients, before + done),
    });
    reports.push(report);
    patients += charts;
    const next = await following;
    if (report.problem) break;
    group = next;
  }
  const merged = mergedReport(reports);
  return { ...merged, charts: merged.patients.map((patient) => ({ ...patient, ...words.get(patient.sourceId) })) };
}

interface ChartGroup {
  readonly resources: readonly FhirResource[];
  readonly charts: number;
}

async function* groupsOf(
  source: LoadSource,
  words: Map<string, Pick<LoadableChart, 'label' | 'asOf'>>,
): AsyncGenerator<ChartGroup, undefined> {
  let resources: FhirResource[] = [];
  let charts = 0;
  for await (const { resources: own, ...rest } of source.charts()) {
    const patient = own.find(({ resourceType }) => resourceType === 'Patient');
    if (patient?.id !== undefined) words.set(patient.id, rest);
    resources = resources.concat(own);
    charts += 1;
    if (resources.length < GROUP) continue;
    yield { resources, charts };
    resources = [];
    charts = 0;
  }
  if (charts > 0) yield { resources, charts };
  return undefined;
}
