import { ServiceError } from '../../errors/service-error.js';
import type { BloodProduct } from '../../record/patient-record.js';
import type { AdmissionFact, ChartFacts, IcuStayFact, TransfusionEvent } from '../cohort-source.js';
import { signingMoments } from './signing-moments.js';

/**
 * What the prediction time is.
 * order-time: a blood product order is signed (what the hook sees). admin-start: the first product of an episode begins.
 * landmark: so many hours after ICU admission, in stays that last that long (for general ICU patients).
 */
export const INDEX_KINDS = ['order-time', 'admin-start', 'landmark'] as const;
export type IndexKind = (typeof INDEX_KINDS)[number];

export interface IndexRule {
  readonly kind: IndexKind;
  /** A new episode starts when this long passed since the previous product. */
  readonly gapHours: number;
  /** Hours after ICU admission; used by `landmark` only. */
  readonly landmarkHours: readonly number[];
}

export const DEFAULT_GAP_HOURS = 24;
export const DEFAULT_LANDMARK_HOURS: readonly number[] = [6, 24, 48, 72, 96, 120];

/** One prediction: a chart at a time, and what was ordered or begun then. */
export interface Episode {
  /** Stable across rebuilds: chart, kind and time. */
  readonly episodeId: string;
  readonly chartId: string;
  readonly patientId: string;
  readonly indexMs: number;
  readonly products: readonly BloodProduct[];
  readonly isUnspecified: boolean;
  /** Rows that are the index itself: orders signed, or products begun, at that moment. */
  readonly indexEvidence: readonly string[];
  /** Signings or products of the whole episode. */
  readonly events: number;
  /** Operating or recovery room rows charted in the episode before the index: exposure, never the index. */
  readonly operatingRoomRowsBefore: number;
  readonly admissionId: string | null;
  readonly stayId: string | null;
  /** Hours after ICU admission of a landmark. */
  readonly landmarkHour: number | null;
  /** 0 for the first of the chart. */
  readonly number: number;
}

/** The admission and the ICU stay a time lies in. */
export interface Place {
  readonly admissionId: string | null;
  readonly stayId: string | null;
}

export interface ChartEpisodes {
  readonly episodes: readonly Episode[];
  /** Episodes made of operating and recovery room rows alone: they have no time that could be an index. */
  readonly operatingRoomOnly: readonly Place[];
}

interface Moment {
  readonly timeMs: number;
  readonly products: readonly BloodProduct[];
  readonly isUnspecified: boolean;
  readonly evidence: readonly string[];
  readonly admissionId: string | null;
  readonly mayBeIndex: boolean;
}

const HOUR_MS = 3_600_000;

/** The episodes of one chart, in time order. Nothing of what became of the patient is looked at. */
export function episodesOf(chart: Omit<ChartFacts, 'deathDay'>, rule: IndexRule): ChartEpisodes {
  switch (rule.kind) {
    case 'order-time':
      return merged(chart, orderMoments(chart), { ...rule, kind: rule.kind });
    case 'admin-start':
      return merged(chart, administrationMoments(chart.transfusions), { ...rule, kind: rule.kind });
    case 'landmark':
      return { episodes: landmarks(chart, rule.landmarkHours), operatingRoomOnly: [] };
  }
}

/** Throws ERR_DATASET for hours that are no hours. */
export function assertIndexRule({ gapHours, landmarkHours }: IndexRule): void {
  const isHour = (hour: number): boolean => Number.isFinite(hour) && hour >= 0;
  if (!isHour(gapHours))
    throw new ServiceError('ERR_DATASET', { detail: 'the gap between episodes is a number of hours' });
  if (
    landmarkHours.length === 0 ||
    !landmarkHours.every(isHour) ||
    new Set(landmarkHours).size !== landmarkHours.length
  ) {
    throw new ServiceError('ERR_DATASET', { detail: 'landmarks are distinct numbers of hours, at least one' });
  }
}

function orderMoments(chart: Pick<ChartFacts, 'orders'>): Moment[] {
  return signingMoments(chart.orders).map(({ orders, timeMs }) => ({
    timeMs,
    products: distinctSorted(orders.flatMap(({ products }) => products)),
    isUnspecified: orders.some(({ unspecified }) => unspecified === true),
    evidence: orders.map(({ orderId }) => orderId).sort(),
    admissionId: orders.map(({ admissionId }) => admissionId).find((id) => id !== null) ?? null,
    mayBeIndex: true,
  }));
}

function administrationMoments(transfusions: readonly TransfusionEvent[]): Moment[] {
  const byTime = new Map<string, TransfusionEvent[]>();
  for (const event of transfusions) {
    const key = `${event.startMs} ${event.place === 'bedside' ? 'bedside' : 'theatre'}`;
    const list = byTime.get(key);
    if (list) list.push(event);
    else byTime.set(key, [event]);
  }
  return [...byTime.values()]
    .map((list) => ({
      timeMs: list[0]?.startMs ?? NaN,
      products: distinctSorted(list.flatMap(({ product }) => (product === 'unspecified' ? [] : [product]))),
      isUnspecified: list.some(({ product }) => product === 'unspecified'),
      evidence: list.map(({ evidence }) => evidence).sort(),
      admissionId: null,
      mayBeIndex: list[0]?.place === 'bedside',
    }))
    .sort((a, b) => a.timeMs - b.timeMs || Number(b.mayBeIndex) - Number(a.mayBeIndex));
}

function merged(
  chart: Omit<ChartFacts, 'deathDay'>,
  moments: readonly Moment[],
  rule: IndexRule & { readonly kind: 'order-time' | 'admin-start' },
): ChartEpisodes {
  const groups: Moment[][] = [];
  for (const moment of moments) {
    const group = groups.at(-1);
    const previous = group?.at(-1);
    if (group && previous && moment.timeMs - previous.timeMs <= rule.gapHours * HOUR_MS) group.push(moment);
    else groups.push([moment]);
  }
  const episodes: Episode[] = [];
  const operatingRoomOnly: Place[] = [];
  for (const group of groups) {
    const at = group.findIndex(({ mayBeIndex }) => mayBeIndex);
    const index = group[at];
    if (!index) {
      operatingRoomOnly.push(placed(chart, group[0]?.timeMs ?? NaN, null));
      continue;
    }
    episodes.push({
      ...placed(chart, index.timeMs, index.admissionId),
      episodeId: eventEpisodeId(chart.chartId, rule.kind, index.timeMs),
      chartId: chart.chartId,
      patientId: chart.patientId,
      indexMs: index.timeMs,
      products: index.products,
      isUnspecified: index.isUnspecified,
      indexEvidence: index.evidence,
      events: group.reduce((sum, { evidence }) => sum + evidence.length, 0),
      operatingRoomRowsBefore: group.slice(0, at).reduce((sum, { evidence }) => sum + evidence.length, 0),
      landmarkHour: null,
      number: episodes.length,
    });
  }
  return { episodes, operatingRoomOnly };
}

function eventEpisodeId(chartId: string, kind: 'order-time' | 'admin-start', timeMs: number): string {
  return `${chartId}/${kind}/${timeMs}`;
}

/** The id of the episode that begins with a signing of that time. */
export function orderEpisodeId(chartId: string, timeMs: number): string {
  return eventEpisodeId(chartId, 'order-time', timeMs);
}

function landmarks(chart: Omit<ChartFacts, 'deathDay'>, hours: readonly number[]): Episode[] {
  const rows = chart.icuStays.flatMap((stay) =>
    hours.flatMap((hour) => {
      const indexMs = stay.startMs + hour * HOUR_MS;
      return stay.endMs !== undefined && stay.endMs <= indexMs ? [] : [{ stay, hour, indexMs }];
    }),
  );
  rows.sort((a, b) => a.indexMs - b.indexMs || (a.stay.stayId < b.stay.stayId ? -1 : 1));
  return rows.map(({ stay, hour, indexMs }, number) => ({
    episodeId: `${chart.chartId}/landmark/${stay.stayId}/${hour}`,
    chartId: chart.chartId,
    patientId: chart.patientId,
    indexMs,
    products: [],
    isUnspecified: false,
    indexEvidence: [],
    events: 0,
    operatingRoomRowsBefore: 0,
    admissionId: stay.admissionId,
    stayId: stay.stayId,
    landmarkHour: hour,
    number,
  }));
}

/** The ICU stay and the admission in which a time lies; an order says its admission itself. */
function placed(
  { admissions, icuStays }: Pick<ChartFacts, 'admissions' | 'icuStays'>,
  timeMs: number,
  admissionId: string | null,
): Place {
  const contains = ({ startMs, endMs }: AdmissionFact | IcuStayFact): boolean =>
    startMs <= timeMs && (endMs === undefined || timeMs < endMs);
  const stay = icuStays.find(contains);
  // An order may name an admission that the chart does not have: then where it lies in time decides.
  const named = admissions.some((one) => one.admissionId === admissionId) ? admissionId : null;
  const admission = named ?? stay?.admissionId ?? admissions.find(contains)?.admissionId ?? admissionId;
  return { admissionId: admission, stayId: stay?.stayId ?? null };
}

function distinctSorted(products: readonly BloodProduct[]): BloodProduct[] {
  return [...new Set(products)].sort();
}
