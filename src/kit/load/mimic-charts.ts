import type { FhirResource } from 'fhir/r4.js';
import { signingSessions, type SigningSession } from '../../cohort/sources/mimic-iv/blood-orders.js';
import type { MimicIvSource } from '../../cohort/sources/mimic-iv/open-mimic-iv.js';
import { chartAsOf } from './chart-as-of.js';

/** Which charts of a MIMIC-IV folder, and as of when. */
export type ChartMoment =
  | { readonly kind: 'whole' }
  /** As of a moment, in ms. */
  | { readonly kind: 'time'; readonly atMs: number }
  /** As of each patient's own order for blood, the first being 0; patients with fewer orders are passed over. */
  | { readonly kind: 'order'; readonly index: number };

/** A patient to load. */
export interface WantedMimicChart {
  readonly subjectId: string;
  /** When the chart is seen, in ms; undefined for the whole of it. */
  readonly atMs: number | undefined;
  /** The orders signed then. */
  readonly session?: SigningSession;
}

/** The first `patients` patients that have such a moment, in the order of their ids. */
export function wantedCharts(
  source: Pick<MimicIvSource, 'subjectIds' | 'bloodOrders'>,
  moment: ChartMoment,
  patients = Infinity,
): readonly WantedMimicChart[] {
  if (moment.kind !== 'order') {
    const atMs = moment.kind === 'time' ? moment.atMs : undefined;
    return source.subjectIds.slice(0, patients).map((subjectId) => ({ subjectId, atMs }));
  }
  const sessions = signingSessions(source.bloodOrders);
  return source.subjectIds
    .flatMap((subjectId): WantedMimicChart[] => {
      const session = sessions.filter((one) => one.subjectId === subjectId)[moment.index];
      return session ? [{ subjectId, atMs: session.predictionTimeMs, session }] : [];
    })
    .slice(0, patients);
}

/** The resources of a patient as of a moment. Throws ERR_DATASET where the tables do not fit. */
export async function mimicChartAsOf(
  source: Pick<MimicIvSource, 'chart'>,
  { subjectId, atMs }: Pick<WantedMimicChart, 'subjectId' | 'atMs'>,
): Promise<readonly FhirResource[]> {
  const { resources } = await source.chart(subjectId);
  return atMs === undefined ? resources : chartAsOf(resources, atMs);
}
