import type { FhirResource } from 'fhir/r4.js';
import { ServiceError } from '../../errors/service-error.js';
import { isoAtOffset } from '../../cohort/sources/mimic-iv/mimic-time.js';
import { openMimicIv } from '../../cohort/sources/mimic-iv/open-mimic-iv.js';
import { loadFixtures } from '../../sandbox/load-resources.js';
import { mimicChartAsOf, wantedCharts, type ChartMoment, type WantedMimicChart } from './mimic-charts.js';

/** One patient's resources, and what a tester wants to know of them. */
export interface LoadableChart {
  readonly resources: readonly FhirResource[];
  /** Name of the situation, or when the chart is seen and what was ordered then. */
  readonly label?: string;
  /** Moment of the chart, as an instant with zone: what a replay clock must be set to. */
  readonly asOf?: string;
}

/** Charts to load, one after the other. */
export interface LoadSource {
  readonly patients: number;
  charts(): AsyncIterable<LoadableChart>;
  close(): void;
}

/** The synthetic situations, or one of them, as if their orders were signed now. Throws ERR_DATASET naming those there are. */
export async function situationSource(root: string, name: string, nowMs: number): Promise<LoadSource> {
  const situations = await loadFixtures(root, nowMs);
  const wanted = name === 'all' ? situations : situations.filter((situation) => situation.name === name);
  if (wanted.length === 0) {
    const names = situations.map((situation) => situation.name).join(', ');
    throw new ServiceError('ERR_DATASET', { detail: `there is no situation ${name}; there are: ${names}` });
  }
  return {
    patients: wanted.length,
    async *charts() {
      await Promise.resolve();
      for (const situation of wanted) yield { resources: situation.resources, label: situation.name };
    },
    close: () => undefined,
  };
}

/** Charts of a folder in MIMIC-IV's CSV layout. Throws ERR_DATASET where it does not fit, or nobody has such a moment. */
export async function mimicSource(directory: string, moment: ChartMoment, patients: number): Promise<LoadSource> {
  const source = await openMimicIv(directory);
  const wanted = wantedCharts(source, moment, patients);
  if (wanted.length === 0) {
    source.close();
    const which = moment.kind === 'order' ? ` with ${moment.index + 1} orders for blood or more` : '';
    throw new ServiceError('ERR_DATASET', { detail: `${directory} holds no patients${which}` });
  }
  return {
    patients: wanted.length,
    async *charts() {
      for (const chart of wanted) yield { resources: await mimicChartAsOf(source, chart), ...wordsOf(chart) };
    },
    close: () => source.close(),
  };
}

function wordsOf({ atMs, session }: WantedMimicChart): Pick<LoadableChart, 'label' | 'asOf'> {
  if (atMs === undefined) return {};
  const products = [...new Set(session?.orders.map(({ product }) => product))];
  const ordered = products.length === 0 ? '' : `, order for ${products.join(' and ')}`;
  return { label: `as of ${isoAtOffset(atMs)}${ordered}`, asOf: isoAtOffset(atMs) };
}
